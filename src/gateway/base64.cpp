#include "gateway/base64.hpp"

#include <sodium.h>

#include <algorithm>

namespace cmdsrv::gateway {
namespace {

std::string Encode(std::string_view bytes, int variant) {
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    variant);
  text.pop_back();  // the final NUL, which the length counts
  return text;
}

}  // namespace

std::string ToBase64(std::string_view bytes) { return Encode(bytes, sodium_base64_VARIANT_ORIGINAL); }

std::string ToUrlBase64(std::string_view bytes) { return Encode(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING); }

std::optional<std::string> FromBase64(std::string_view text, std::size_t most_bytes) {
  if (text.size() % 4 != 0 || text.size() / 4 * 3 > most_bytes + 2) return std::nullopt;
  // libsodium 1.0.18 takes some bytes above 0x7f for letters of the alphabet.
  if (std::ranges::any_of(text, [](char c) { return static_cast<signed char>(c) < 0; })) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  std::size_t length = 0;
  // No end pointer: whatever does not belong to base64 is an error then.
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &length, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    sodium_memzero(bytes.data(), bytes.size());
    return std::nullopt;
  }
  if (length > most_bytes) return std::nullopt;
  bytes.resize(length);
  return bytes;
}

}  // namespace cmdsrv::gateway
