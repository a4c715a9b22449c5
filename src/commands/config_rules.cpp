#include "commands/config_rules.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestText = 1000;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

bool IsOf(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::ranges::all_of(text, [&](char c) {
    return std::ranges::any_of(sets, [&](std::string_view set) { return set.find(c) != std::string_view::npos; });
  });
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && !IsOf(name.substr(0, 1), {kDigits}) &&
         IsOf(name, {kLetters, kDigits, "_"});
}

/// C0, DEL and C1, and the line breaks of Unicode.
bool HasControls(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) return true;
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (c == 0xC2 && next < 0xA0) return true;
    if (text.substr(i).starts_with("\xE2\x80\xA8") || text.substr(i).starts_with("\xE2\x80\xA9")) return true;
  }
  return false;
}

std::size_t CharactersOf(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool HasTemplate(std::string_view text) {
  return text.find("{{") != std::string_view::npos || text.find("{%") != std::string_view::npos ||
         text.find("{#") != std::string_view::npos;
}

Result<void> CheckValue(std::string_view name, const json::value& value) {
  if (value.is_bool() || value.is_int64()) return {};
  if (value.is_double() && std::isfinite(value.get_double())) return {};
  if (!value.is_string())
    return Fail(ErrorCode::Malformed, "variable {} must be true, false, a number or a text", name);
  const std::string_view text = value.get_string();
  if (CharactersOf(text) > kLongestText)
    return Fail(ErrorCode::Malformed, "variable {} must have at most {} characters", name, kLongestText);
  if (HasControls(text)) return Fail(ErrorCode::Malformed, "variable {} must not contain control characters", name);
  if (HasTemplate(text)) return Fail(ErrorCode::Malformed, "variable {} must not contain a template", name);
  return {};
}

bool IsHostName(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && IsOf(text, {kLetters, kDigits, "-"});
}

bool IsDomain(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.front() != '-' && text.back() != '-' && text.front() != '.' &&
         text.back() != '.' && IsOf(text, {kLetters, kDigits, ".-"});
}

bool IsIpv4(std::string_view text) {
  in_addr address{};
  return ::inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

/// As for CTL-HOTSPOT: what WPA allows.
bool IsWifiPassword(std::string_view text) {
  return text.size() >= 8 && text.size() <= 63 &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool IsPorts(const json::value& value) {
  if (value.is_int64()) return value.get_int64() >= 0 && value.get_int64() <= 5;
  if (!value.is_string()) return false;
  const std::string_view text = value.get_string();
  return text.size() == 1 && text.front() >= '0' && text.front() <= '5';
}

bool IsAllowed(std::string_view name, const json::value& value) {
  if (name == "ports_externally_visible") return IsPorts(value);
  const bool is_text = value.is_string();
  const std::string_view text = is_text ? std::string_view(value.get_string()) : std::string_view();
  if (name == "iiab_hostname") return IsHostName(text);
  if (name == "iiab_domain") return IsDomain(text);
  if (name == "hostapd_password") return IsWifiPassword(text);
  // Empty: not set, as in a fresh box.
  if (name.starts_with("gui_static_wan_")) return is_text && (text.empty() || IsIpv4(text));
  return true;
}

bool IsDecimal(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  return !digits.empty() && (digits == "0" || digits.front() != '0') && IsOf(digits, {kDigits});
}

}  // namespace

Result<void> CheckConfigVariables(const json::object& given) {
  for (const auto& [name, value] : given) {
    if (!IsVariableName(name)) return Fail(ErrorCode::Malformed, "a name in config_vars is no variable");
    if (auto checked = CheckValue(name, value); !checked) return checked;
  }
  return {};
}

Result<void> CheckConfigFields(const json::object& given) {
  for (const auto& [name, value] : given) {
    if (!IsAllowed(name, value)) return Fail(ErrorCode::Refused, "Invalid value for {}.", std::string_view(name));
  }
  return {};
}

json::object WithNumbers(json::object given, const json::object& present) {
  for (auto& item : given) {
    const json::value* now = present.if_contains(item.key());
    if (now == nullptr || !now->is_int64() || !item.value().is_string()) continue;
    const std::string text(item.value().get_string());
    const auto number = IsDecimal(text) ? ToInteger(text) : std::nullopt;
    if (number) item.value() = static_cast<std::int64_t>(*number);
  }
  return given;
}

}  // namespace cmdsrv
