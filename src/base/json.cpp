#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace cmdsrv {
namespace {

constexpr auto kPlainInJson = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < table.size(); ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

void AppendInteger(std::string& out, auto number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

void AppendNumber(std::string& out, double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: up to here every whole double prints as an integer
  if (std::isfinite(number) && number == std::trunc(number) && std::fabs(number) < kExact) {
    AppendInteger(out, static_cast<std::int64_t>(number));
  } else {
    fmt::format_to(std::back_inserter(out), "{}", number);
  }
}

/// A number like 1e400 is grammatical, but no double: it would come back as "inf", which is no JSON.
bool IsFinite(const json::value& value) {
  if (value.is_double()) return std::isfinite(value.get_double());
  if (value.is_array()) return std::ranges::all_of(value.get_array(), IsFinite);
  if (!value.is_object()) return true;
  return std::ranges::all_of(value.get_object(), [](const auto& member) { return IsFinite(member.value()); });
}

struct Printer {
  std::string& out;
  bool sorted = false;
  bool indented = false;

  void NewLine(std::size_t level) const {
    if (!indented) return;
    out += '\n';
    out.append(2 * level, ' ');
  }

  void Member(const json::key_value_pair& member, bool first, std::size_t level) const {
    if (!first) out += ',';
    NewLine(level + 1);
    AppendJsonString(out, member.key());
    out += indented ? ": " : ":";
    Print(member.value(), level + 1);
  }

  void Members(const json::object& object, std::size_t level) const {
    bool first = true;
    if (sorted) {
      std::vector<const json::key_value_pair*> members;
      members.reserve(object.size());
      for (const auto& member : object) members.push_back(&member);
      std::ranges::sort(members, {}, [](const auto* member) { return member->key(); });
      for (const auto* member : members) Member(*member, std::exchange(first, false), level);
    } else {
      for (const auto& member : object) Member(member, std::exchange(first, false), level);
    }
    if (!first) NewLine(level);
  }

  void Elements(const json::array& array, std::size_t level) const {
    bool first = true;
    for (const auto& element : array) {
      if (!first) out += ',';
      first = false;
      NewLine(level + 1);
      Print(element, level + 1);
    }
    if (!first) NewLine(level);
  }

  void Print(const json::value& value, std::size_t level) const {
    switch (value.kind()) {
      case json::kind::null: out += "null"; break;
      case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
      case json::kind::int64: AppendInteger(out, value.get_int64()); break;
      case json::kind::uint64: AppendInteger(out, value.get_uint64()); break;
      case json::kind::double_: AppendNumber(out, value.get_double()); break;
      case json::kind::string: AppendJsonString(out, value.get_string()); break;
      case json::kind::array:
        out += '[';
        Elements(value.get_array(), level);
        out += ']';
        break;
      case json::kind::object:
        out += '{';
        Members(value.get_object(), level);
        out += '}';
        break;
    }
  }
};

}  // namespace

Result<json::value> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    return Fail(ErrorCode::Corrupt, "the JSON text has {} bytes, more than the limit of {}", text.size(), limits.bytes);
  }
  json::parse_options options;
  options.max_depth = limits.depth;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  std::size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error) {
    const std::string_view rest = text.substr(used);
    if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) {
      error = json::make_error_code(json::error::extra_data);
    } else {
      parser.finish(error);
    }
  }
  if (error) return Fail(ErrorCode::Corrupt, "not JSON at byte {}: {}", used, error.message());
  json::value value = parser.release();
  if (!IsFinite(value)) return Fail(ErrorCode::Corrupt, "a number in the JSON text is too large");
  return value;
}

std::string PrintJson(const json::value& value) {
  std::string out;
  Printer{out}.Print(value, 0);
  return out;
}

std::string PrintJsonIndented(const json::value& value) {
  std::string out;
  Printer{.out = out, .indented = true}.Print(value, 0);
  out += '\n';
  return out;
}

std::string CanonicalJson(const json::value& value) {
  std::string out;
  Printer{.out = out, .sorted = true}.Print(value, 0);
  return out;
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // everything before this is written
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (kPlainInJson[c]) continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    }
  }
  out.append(text.substr(plain));
  out += '"';
}

std::string_view TextMember(const json::object& object, std::string_view key, std::string_view otherwise) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : otherwise;
}

}  // namespace cmdsrv
