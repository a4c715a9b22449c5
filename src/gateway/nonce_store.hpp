#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace cmdsrv::gateway {

inline constexpr std::size_t kNonceBytes = 24;
using Nonce = std::array<unsigned char, kNonceBytes>;

struct NonceLimits {
  std::size_t in_all = 10'000;
  std::size_t per_client = 200;
  std::chrono::seconds lifetime{120};
};

/// The nonces that were given out and not used yet. All memory is taken at the start, whoever asks how often; a further
/// nonce drops the oldest of its client, or the oldest of all. Hash tables with a secret key, so that nobody can choose
/// addresses or nonces that fall together. One thread.
class NonceStore {
 public:
  explicit NonceStore(const Clock& clock, const NonceLimits& limits = {});

  /// A new one, as base64 (32 characters). `client`: whatever tells clients apart, of any length.
  std::string Issue(std::string_view client);

  /// True once for each nonce that was given out in the last `lifetime` seconds; it is gone after that. Strict base64.
  bool Take(std::string_view base64, Nonce& nonce);

  std::size_t Outstanding() const { return outstanding_; }

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = 0xffff'ffff;
  struct Entry {
    Nonce nonce{};
    std::uint64_t client = 0;  ///< keyed hash
    SteadyTime issued;
    Index next_in_bucket = kNone;
    Index older = kNone, newer = kNone;                      ///< of all
    Index older_of_client = kNone, newer_of_client = kNone;  ///< of the same client
  };
  struct ClientEntry {
    std::uint64_t client = 0;
    std::size_t count = 0;
    Index oldest = kNone, newest = kNone;
    Index next_in_bucket = kNone;
  };

  std::uint64_t Hash(std::string_view bytes) const;
  Index& NonceBucket(const Nonce& nonce);
  Index& ClientBucket(std::uint64_t client);
  Index FindClient(std::uint64_t client);
  Index AddClient(std::uint64_t client);
  void RemoveClient(Index which);
  void Add(const Nonce& nonce, Index client);
  void Remove(Index which);
  void DropExpired();

  const Clock& clock_;
  const NonceLimits limits_;
  std::array<unsigned char, 16> key_{};
  std::vector<Entry> entries_;
  std::vector<ClientEntry> clients_;
  std::vector<Index> nonce_buckets_, client_buckets_;
  std::vector<Index> free_entries_, free_clients_;
  Index oldest_ = kNone, newest_ = kNone;
  std::size_t outstanding_ = 0;
};

}  // namespace cmdsrv::gateway
