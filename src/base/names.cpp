#include "base/names.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return IsUpper(c) || (c >= 'a' && c <= 'z'); }
bool IsAlnum(char c) { return IsAlpha(c) || IsDigit(c); }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool InRange(std::string_view text, std::size_t most) { return !text.empty() && text.size() <= most; }

}  // namespace

bool IsVerb(std::string_view text) {
  return InRange(text, 64) && IsUpper(text[0]) &&
         std::ranges::all_of(text, [](char c) { return IsUpper(c) || IsDigit(c) || c == '-'; });
}

bool IsSafeName(std::string_view text) {
  constexpr std::string_view kInner = "._+-";
  return InRange(text, 255) && (IsAlnum(text[0]) || text[0] == '_') &&
         std::ranges::all_of(text, [&](char c) { return IsAlnum(c) || c == '_' || kInner.find(c) != kInner.npos; });
}

bool IsMenuName(std::string_view text) {
  return InRange(text, 128) && text.front() != '-' && text.front() != '.' && text.back() != '.' &&
         std::ranges::all_of(text, [](char c) { return IsAlnum(c) || c == '_' || c == '-' || c == '.'; });
}

bool IsMenuDir(std::string_view text) {
  return InRange(text, 64) && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) { return IsAlnum(c) || c == '_' || c == '-'; });
}

bool IsLanguage(std::string_view text) {
  bool first = true;
  while (true) {
    const std::size_t dash = text.find('-');
    const std::string_view part = text.substr(0, dash);
    if (part.size() < (first ? 2U : 1U) || part.size() > 8) return false;
    if (!std::ranges::all_of(part, [&](char c) { return first ? IsAlpha(c) : IsAlnum(c); })) return false;
    if (dash == std::string_view::npos) return true;
    text.remove_prefix(dash + 1);
    first = false;
  }
}

bool IsHex32(std::string_view text) { return text.size() == 32 && std::ranges::all_of(text, IsHex); }

bool IsFetchUrl(std::string_view text) {
  if (!InRange(text, 2048)) return false;
  std::string_view rest;
  for (const std::string_view scheme : {"http://", "https://", "ftp://"}) {
    if (text.starts_with(scheme)) rest = text.substr(scheme.size());
  }
  if (rest.empty() || !(IsAlnum(rest[0]) || rest[0] == '[')) return false;
  constexpr std::string_view kBad = "\"'`\\<>{}|^";
  return std::ranges::all_of(text, [&](char c) { return c > 0x20 && c < 0x7F && kBad.find(c) == kBad.npos; });
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

bool IsPlainName(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return InRange(text, 200) && text[0] != '.' && text.find('/') == std::string_view::npos &&
         std::ranges::none_of(text, is_control) && IsUtf8(text);
}

std::string NormaliseUsb(std::string_view text) {
  constexpr std::string_view kMedia = "/media/";
  if (text.starts_with(kMedia)) text.remove_prefix(kMedia.size());
  const bool good = text.size() == 4 && text.starts_with("usb") && IsDigit(text[3]);
  return good ? std::string(kMedia) + std::string(text) : std::string();
}

}  // namespace cmdsrv
