#include "gateway/nacl_box.hpp"

#include <sodium.h>

#include <cstring>

#include "gateway/base64.hpp"

namespace cmdsrv::gateway {

static_assert(kKeyBytes == crypto_box_PUBLICKEYBYTES && kKeyBytes == crypto_box_SECRETKEYBYTES);
static_assert(kNonceBytes == crypto_box_NONCEBYTES);

KeyPair KeyPair::Make() {
  KeyPair pair;
  crypto_box_keypair(pair.public_.data(), pair.secret_.data());
  return pair;
}

KeyPair KeyPair::Of(const Key& secret) {
  KeyPair pair;
  pair.secret_ = secret;
  crypto_scalarmult_base(pair.public_.data(), secret.data());
  return pair;
}

KeyPair::~KeyPair() { sodium_memzero(secret_.data(), secret_.size()); }

std::optional<Key> KeyFromBase64(std::string_view text) {
  const auto bytes = FromBase64(text, kKeyBytes);
  if (!bytes || bytes->size() != kKeyBytes) return std::nullopt;
  Key key;
  std::memcpy(key.data(), bytes->data(), kKeyBytes);
  return key;
}

std::string KeyToBase64(const Key& key) { return ToBase64({reinterpret_cast<const char*>(key.data()), key.size()}); }

std::optional<Secret> OpenBox(std::string_view box, const Nonce& nonce, const Key& sender, const KeyPair& own) {
  if (box.size() < crypto_box_MACBYTES) return std::nullopt;
  std::string plain(box.size() - crypto_box_MACBYTES, '\0');
  // libsodium refuses the points of low order itself: the agreement would be zero.
  if (crypto_box_open_easy(reinterpret_cast<unsigned char*>(plain.data()),
                           reinterpret_cast<const unsigned char*>(box.data()), box.size(), nonce.data(), sender.data(),
                           own.ExposeSecret().data()) != 0) {
    sodium_memzero(plain.data(), plain.size());
    return std::nullopt;
  }
  return Secret(std::move(plain));
}

bool InitialiseCrypto() { return sodium_init() >= 0; }

}  // namespace cmdsrv::gateway
