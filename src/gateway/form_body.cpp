#include "gateway/form_body.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"

namespace cmdsrv::gateway {
namespace {

struct KnownField {
  std::string_view name;
  bool encrypted;
  bool blanks;
};
constexpr std::array kKnownFields = {
    KnownField{"command", false, true},
    KnownField{"encrypted_command", true, true},
    KnownField{"command2", false, false},
    KnownField{"encrypted_command2", true, false},
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string DecodePercent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

Result<FormCommand> ReadForm(std::string_view body) {
  if (body.find('=') == std::string_view::npos) return Fail(ErrorCode::Malformed, "the body is no form");
  std::optional<FormCommand> found;
  for (const std::string_view field : Split(body, '&')) {
    // A value may hold a bare "=": only the first one ends the name.
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const auto known = std::ranges::find(kKnownFields, DecodePercent(field.substr(0, equals)), &KnownField::name);
    if (known == kKnownFields.end()) continue;
    if (found) return Fail(ErrorCode::Refused, "the form has more than one command field");
    found = FormCommand{DecodePercent(field.substr(equals + 1)), known->encrypted, known->blanks};
  }
  if (!found) return Fail(ErrorCode::Refused, "the form has no field command");
  return std::move(*found);
}

Result<std::string> CommandText(std::string_view plain, bool blanks) {
  if (plain.size() > kMaxBodyBytes) return Fail(ErrorCode::Malformed, "the Command has {} bytes", plain.size());
  std::string text;
  text.reserve(plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (blanks && plain.substr(i, 3) == "%20") {
      text.push_back(' ');
      i += 2;
    } else {
      text.push_back(plain[i]);
    }
  }
  if (text.find('\0') != std::string::npos) return Fail(ErrorCode::Malformed, "the Command holds a NUL");
  if (!IsUtf8(text)) return Fail(ErrorCode::Malformed, "the Command is no UTF-8");
  return text;
}

bool IsFormType(std::string_view content_type) {
  constexpr std::string_view kType = "application/x-www-form-urlencoded";
  const std::string_view type = Trim(content_type.substr(0, content_type.find(';')));
  return std::ranges::equal(type, kType, {}, Lower);
}

}  // namespace cmdsrv::gateway
