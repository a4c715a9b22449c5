#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/secret.hpp"
#include "gateway/nonce_store.hpp"

/// NaCl boxes as tweetnacl-js makes them: X25519, XSalsa20-Poly1305, 16 bytes of authenticator and then the text.
namespace cmdsrv::gateway {

inline constexpr std::size_t kKeyBytes = 32;
using Key = std::array<unsigned char, kKeyBytes>;

/// A key pair of the gateway. The secret half is wiped at the end.
class KeyPair {
 public:
  static KeyPair Make();
  static KeyPair Of(const Key& secret);
  KeyPair(const KeyPair&) = default;
  KeyPair& operator=(const KeyPair&) = default;
  ~KeyPair();

  const Key& Public() const { return public_; }
  const Key& ExposeSecret() const { return secret_; }

 private:
  KeyPair() = default;
  Key public_{}, secret_{};
};

/// Strict base64 of 32 bytes.
std::optional<Key> KeyFromBase64(std::string_view text);
std::string KeyToBase64(const Key& key);

/// The text in a box (raw bytes). Nothing when it was not made for `own` by `sender` with `nonce`, when it is too
/// short, or when `sender` is no key at all: zero, or one of the points whose agreement everybody can compute.
std::optional<Secret> OpenBox(std::string_view box, const Nonce& nonce, const Key& sender, const KeyPair& own);

/// Call once before anything else here or in the nonce store; false when the machine has no randomness to offer.
bool InitialiseCrypto();

}  // namespace cmdsrv::gateway
