#include "content/yaml_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace cmdsrv {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <std::size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 9> kTrue = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::array<std::string_view, 9> kFalse = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};

/// Numbers may have underscores anywhere behind their first digit.
std::string WithoutUnderscores(std::string_view text) {
  std::string bare(text);
  std::erase(bare, '_');
  return bare;
}

bool AllOf(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

/// Digits of one base with their sign; empty when they do not fit.
std::optional<std::int64_t> Whole(bool negative, std::string_view digits, int base) {
  const std::string text = (negative ? "-" : "") + WithoutUnderscores(digits);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Signed {
  bool negative = false;
  std::string_view rest;
};

Signed TakeSign(std::string_view text) {
  const bool sign = text.starts_with('-') || text.starts_with('+');
  return {text.starts_with('-'), sign ? text.substr(1) : text};
}

/// "1:30" and "12:30:45", the last part with `fraction` digits behind a point where `point` is wanted.
std::optional<double> Sexagesimal(std::string_view text) {
  double number = 0;
  bool first = true;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    const std::string_view whole = part.substr(0, part.find('.'));
    if (colon != std::string_view::npos && whole.size() != part.size()) return std::nullopt;
    const bool small = whole.size() <= 2 && AllOf(whole, "0123456789") && (whole.size() < 2 || whole.front() < '6');
    if (first ? !(AllOf(whole, "0123456789_") && IsDigit(whole.front())) : !small) return std::nullopt;
    const std::string bare = WithoutUnderscores(part);
    double value = 0;
    if (std::from_chars(bare.data(), bare.data() + bare.size(), value).ec != std::errc{}) return std::nullopt;
    number = number * 60 + value;
    if (colon == std::string_view::npos) return first ? std::nullopt : std::optional(number);
    text.remove_prefix(colon + 1);
    first = false;
  }
}

/// Empty: no integer. A text value: one that does not fit, and stays as it is written.
std::optional<json::value> ReadInteger(std::string_view text) {
  const auto [negative, rest] = TakeSign(text);
  if (rest.empty() || !IsDigit(rest.front())) return std::nullopt;
  std::optional<std::int64_t> number;
  if (rest.starts_with("0b") && AllOf(rest.substr(2), "01_")) {
    number = Whole(negative, rest.substr(2), 2);
  } else if (rest.starts_with("0x") && AllOf(rest.substr(2), "0123456789abcdefABCDEF_")) {
    number = Whole(negative, rest.substr(2), 16);
  } else if (rest == "0") {
    number = 0;
  } else if (rest.front() == '0') {
    if (!AllOf(rest.substr(1), "01234567_")) return std::nullopt;
    number = Whole(negative, rest, 8);
  } else if (AllOf(rest, "0123456789_")) {
    number = Whole(negative, rest, 10);
  } else {
    const bool minutes = rest.find(':') != std::string_view::npos && rest.find('.') == std::string_view::npos;
    const auto value = minutes ? Sexagesimal(rest) : std::nullopt;
    if (!value) return std::nullopt;
    if (*value < 9e15) number = static_cast<std::int64_t>(negative ? -*value : *value);
  }
  return number ? json::value(*number) : json::value(text);
}

/// [0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)? or \.[0-9][0-9_]*(…)?
std::optional<double> DecimalFraction(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  std::string_view fraction = text.substr(point + 1);
  const std::size_t exponent = fraction.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    const std::string_view power = fraction.substr(exponent + 1);
    if (!(power.starts_with('+') || power.starts_with('-')) || !AllOf(power.substr(1), "0123456789"))
      return std::nullopt;
    fraction = fraction.substr(0, exponent);
  }
  const std::string_view whole = text.substr(0, point);
  const bool digits_before = AllOf(whole, "0123456789_") && IsDigit(whole.front());
  const bool digits_behind = whole.empty() && !fraction.empty() && IsDigit(fraction.front());
  if (!digits_before && !digits_behind) return std::nullopt;
  if (!fraction.empty() && !AllOf(fraction, "0123456789_")) return std::nullopt;
  std::string bare = WithoutUnderscores(text);
  std::erase(bare, '+');  // of the exponent; from_chars wants none
  double number = 0;
  const auto [end, error] = std::from_chars(bare.data(), bare.data() + bare.size(), number);
  if (error != std::errc{} || end != bare.data() + bare.size()) return std::nullopt;
  return number;
}

std::optional<json::value> ReadFloat(std::string_view text) {
  const auto [negative, rest] = TakeSign(text);
  if (rest.empty() || !(IsDigit(rest.front()) || rest.front() == '.')) return std::nullopt;
  auto number = DecimalFraction(rest);
  if (!number && rest.find(':') != std::string_view::npos && rest.find('.') != std::string_view::npos)
    number = Sexagesimal(rest);
  if (!number || !std::isfinite(*number)) return std::nullopt;  // ".inf" and ".nan" are nothing that JSON has
  return json::value(negative ? -*number : *number);
}

/// "2026-04-30", with or without a time behind it.
bool LooksLikeDate(std::string_view text) {
  return text.size() >= 8 && AllOf(text.substr(0, 4), "0123456789") && text[4] == '-';
}

/// What readers of newer versions of YAML take for a number: "1e5", "08".
bool LooksLikeNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

/// Whether this text may stand there without quotes.
bool IsPlainText(std::string_view text) {
  constexpr std::string_view kInside = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./ +-";
  constexpr std::array<std::string_view, 4> kShort = {"y", "Y", "n", "N"};
  if (text.empty() || text.find_first_not_of(kInside) != std::string_view::npos) return false;
  if (std::string_view(". +-").find(text.front()) != std::string_view::npos || text.back() == ' ') return false;
  if (LooksLikeDate(text) || LooksLikeNumber(text)) return false;
  return !IsOneOf(text, kShort) && ReadPlainScalar(text).is_string();
}

/// Line breaks and other characters that a reader may take for something else.
bool NeedsEscape(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF;
}

/// One character of valid UTF-8.
std::uint32_t TakeCharacter(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint32_t c = size == 1 ? first : first & (0x7FU >> size);
  for (std::size_t i = 1; i < size && at + i < text.size(); ++i) c = c << 6U | (byte(at + i) & 0x3FU);
  at += size;
  return c;
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const std::uint32_t c = TakeCharacter(text, at);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n' || c == '\t' || c == '\r') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
    } else if (NeedsEscape(c)) {
      out += c < 0x100 ? fmt::format("\\x{:02X}", c) : fmt::format("\\u{:04X}", c);
    } else {
      out += text.substr(begin, at - begin);
    }
  }
  return out += '"';
}

/// With a point and, if any, a signed exponent, or a reader takes it for a text.
std::string SpellDouble(double number) {
  std::string text = fmt::format("{}", number);
  const std::size_t exponent = text.find('e');
  if (text.find('.') == std::string::npos) text.insert(std::min(exponent, text.size()), ".0");
  return text;
}

}  // namespace

json::value ReadPlainScalar(std::string_view text) {
  if (IsOneOf(text, kNull)) return nullptr;
  if (IsOneOf(text, kTrue)) return true;
  if (IsOneOf(text, kFalse)) return false;
  if (auto integer = ReadInteger(text)) return *integer;
  if (auto number = ReadFloat(text)) return *number;
  return json::value(text);
}

std::string SpellScalar(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_bool()) return value.get_bool() ? "True" : "False";
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  if (value.is_double()) return SpellDouble(value.get_double());
  if (!value.is_string()) return PrintJson(value);
  const std::string_view text = value.get_string();
  return IsPlainText(text) ? std::string(text) : Quoted(text);
}

}  // namespace cmdsrv
