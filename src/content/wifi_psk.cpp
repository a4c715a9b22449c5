#include "content/wifi_psk.hpp"

#include <string.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kDigest = 20;
constexpr int kRounds = 4096;
constexpr std::size_t kPskBytes = 32;

using State = std::array<std::uint32_t, 5>;
constexpr State kStart{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};

std::uint32_t Word(const char* bytes) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word = word << 8U | static_cast<unsigned char>(bytes[i]);
  return word;
}

void Mix(State& state, const char* block) {
  std::array<std::uint32_t, 80> w;
  for (std::size_t i = 0; i < 16; ++i) w[i] = Word(block + 4 * i);
  for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = state;
  for (std::size_t i = 0; i < 80; ++i) {
    const std::uint32_t f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    constexpr std::array<std::uint32_t, 4> kConstants{0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
    const std::uint32_t next = std::rotl(a, 5) + f + e + kConstants[i / 20] + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

/// Goes on from `state`, which has seen `before` bytes (whole blocks).
std::string Finish(State state, std::string_view bytes, std::uint64_t before) {
  const std::uint64_t bits = (before + bytes.size()) * 8;
  for (; bytes.size() >= kBlock; bytes.remove_prefix(kBlock)) Mix(state, bytes.data());
  std::array<char, 2 * kBlock> last{};
  std::ranges::copy(bytes, last.begin());
  last[bytes.size()] = '\x80';
  const std::size_t size = bytes.size() + 9 > kBlock ? 2 * kBlock : kBlock;
  for (std::size_t i = 0; i < 8; ++i) last[size - 1 - i] = static_cast<char>(bits >> (8 * i) & 0xFFU);
  for (std::size_t at = 0; at < size; at += kBlock) Mix(state, last.data() + at);
  ::explicit_bzero(last.data(), last.size());
  std::string digest;
  for (const std::uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8) digest += static_cast<char>(word >> shift & 0xFFU);
  }
  return digest;
}

/// HMAC with one key; the key's blocks are mixed once.
class Hmac {
 public:
  explicit Hmac(std::string_view key) {
    const std::string shortened = key.size() > kBlock ? Sha1(key) : std::string();
    if (key.size() > kBlock) key = shortened;
    std::array<char, kBlock> block{};
    const auto begin = [&](State& state, char pad) {
      block.fill(pad);
      for (std::size_t i = 0; i < key.size(); ++i) block[i] = static_cast<char>(block[i] ^ key[i]);
      Mix(state, block.data());
    };
    begin(inner_, '\x36');
    begin(outer_, '\x5c');
    ::explicit_bzero(block.data(), block.size());
  }

  std::string Of(std::string_view bytes) const { return Finish(outer_, Finish(inner_, bytes, kBlock), kBlock); }

 private:
  State inner_ = kStart;
  State outer_ = kStart;
};

}  // namespace

std::string Sha1(std::string_view bytes) { return Finish(kStart, bytes, 0); }

Secret WifiPsk(const Secret& password, std::string_view ssid) {
  const Hmac hmac(password.Expose());
  std::string key;
  key.reserve(2 * kDigest);
  for (char block = 1; key.size() < kPskBytes; ++block) {
    std::string last = hmac.Of(std::string(ssid) + std::string("\0\0\0", 3) + block);
    std::string sum = last;
    for (int round = 1; round < kRounds; ++round) {
      last = hmac.Of(last);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = static_cast<char>(sum[i] ^ last[i]);
    }
    key += sum;
    ::explicit_bzero(sum.data(), sum.size());
  }
  Secret psk(ToHex(std::string_view(key).substr(0, kPskBytes)));
  ::explicit_bzero(key.data(), key.size());
  return psk;
}

bool IsWifiPsk(std::string_view text) {
  return text.size() == 2 * kPskBytes && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string UuidForName(std::string_view name) {
  std::string bytes = Sha1("iiab-cmdsrv\0" + std::string(name)).substr(0, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x50);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  return UuidText(bytes);
}

}  // namespace cmdsrv
