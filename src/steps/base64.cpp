#include "steps/base64.hpp"

#include <algorithm>
#include <cstdint>

namespace cmdsrv {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string ToBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = (bits << 8U) | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? kAlphabet[(bits >> (18 - 6 * i)) & 63U] : '=';
  }
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::size_t count = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    if (++count % 4 == 0) {
      for (int shift = 16; shift >= 0; shift -= 8)
        bytes += static_cast<char>((bits >> static_cast<unsigned>(shift)) & 0xFFU);
      bits = 0;
    }
  }
  const std::size_t rest = count % 4;
  if (rest == 1 || (rest + padding) % 4 != 0 || padding > 2) return std::nullopt;
  if (rest >= 2) bytes += static_cast<char>((bits >> (rest == 2 ? 4U : 10U)) & 0xFFU);
  if (rest == 3) bytes += static_cast<char>((bits >> 2U) & 0xFFU);
  return bytes;
}

}  // namespace cmdsrv
