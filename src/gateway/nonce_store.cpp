#include "gateway/nonce_store.hpp"

#include <sodium.h>

#include <bit>
#include <cstring>

#include "gateway/base64.hpp"

namespace cmdsrv::gateway {

NonceStore::NonceStore(const Clock& clock, const NonceLimits& limits)
    : clock_(clock),
      limits_(limits),
      entries_(limits.in_all),
      clients_(limits.in_all),  // each client that is known has a nonce at least
      nonce_buckets_(std::bit_ceil(limits.in_all * 2), kNone),
      client_buckets_(std::bit_ceil(limits.in_all * 2), kNone) {
  static_assert(sizeof key_ == crypto_shorthash_KEYBYTES);
  randombytes_buf(key_.data(), key_.size());
  free_entries_.reserve(limits.in_all);
  free_clients_.reserve(limits.in_all);
  for (Index i = 0; i < limits.in_all; ++i) {
    free_entries_.push_back(i);
    free_clients_.push_back(i);
  }
}

std::uint64_t NonceStore::Hash(std::string_view bytes) const {
  std::uint64_t hash = 0;
  static_assert(sizeof hash == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), reinterpret_cast<const unsigned char*>(bytes.data()),
                   bytes.size(), key_.data());
  return hash;
}

NonceStore::Index& NonceStore::NonceBucket(const Nonce& nonce) {
  const std::string_view bytes(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  return nonce_buckets_[Hash(bytes) & (nonce_buckets_.size() - 1)];
}

NonceStore::Index& NonceStore::ClientBucket(std::uint64_t client) {
  return client_buckets_[client & (client_buckets_.size() - 1)];
}

NonceStore::Index NonceStore::FindClient(std::uint64_t client) {
  Index which = ClientBucket(client);
  while (which != kNone && clients_[which].client != client) which = clients_[which].next_in_bucket;
  return which;
}

NonceStore::Index NonceStore::AddClient(std::uint64_t client) {
  const Index which = free_clients_.back();
  free_clients_.pop_back();
  Index& bucket = ClientBucket(client);
  clients_[which] = {.client = client, .next_in_bucket = bucket};
  bucket = which;
  return which;
}

void NonceStore::RemoveClient(Index which) {
  Index* link = &ClientBucket(clients_[which].client);
  while (*link != which) link = &clients_[*link].next_in_bucket;
  *link = clients_[which].next_in_bucket;
  free_clients_.push_back(which);
}

void NonceStore::Add(const Nonce& nonce, Index owner) {
  const Index which = free_entries_.back();
  free_entries_.pop_back();
  ClientEntry& client = clients_[owner];
  Index& bucket = NonceBucket(nonce);
  entries_[which] = {.nonce = nonce,
                     .client = client.client,
                     .issued = clock_.Steady(),
                     .next_in_bucket = bucket,
                     .older = newest_,
                     .older_of_client = client.newest};
  bucket = which;
  (newest_ == kNone ? oldest_ : entries_[newest_].newer) = which;
  newest_ = which;
  (client.newest == kNone ? client.oldest : entries_[client.newest].newer_of_client) = which;
  client.newest = which;
  ++client.count;
  ++outstanding_;
}

void NonceStore::Remove(Index which) {
  Entry& entry = entries_[which];
  Index* link = &NonceBucket(entry.nonce);
  while (*link != which) link = &entries_[*link].next_in_bucket;
  *link = entry.next_in_bucket;
  (entry.older == kNone ? oldest_ : entries_[entry.older].newer) = entry.newer;
  (entry.newer == kNone ? newest_ : entries_[entry.newer].older) = entry.older;
  const Index owner = FindClient(entry.client);
  ClientEntry& client = clients_[owner];
  (entry.older_of_client == kNone ? client.oldest : entries_[entry.older_of_client].newer_of_client) =
      entry.newer_of_client;
  (entry.newer_of_client == kNone ? client.newest : entries_[entry.newer_of_client].older_of_client) =
      entry.older_of_client;
  if (--client.count == 0) RemoveClient(owner);
  entry = {};
  free_entries_.push_back(which);
  --outstanding_;
}

void NonceStore::DropExpired() {
  const SteadyTime now = clock_.Steady();
  while (oldest_ != kNone && now - entries_[oldest_].issued >= limits_.lifetime) Remove(oldest_);
}

std::string NonceStore::Issue(std::string_view client) {
  DropExpired();
  const std::uint64_t name = Hash(client);
  Index owner = FindClient(name);
  if (owner != kNone && clients_[owner].count >= limits_.per_client) {
    Remove(clients_[owner].oldest);
  } else if (outstanding_ >= limits_.in_all) {
    Remove(oldest_);
  }
  owner = FindClient(name);  // that may have been its only one
  if (owner == kNone) owner = AddClient(name);
  Nonce nonce;
  randombytes_buf(nonce.data(), nonce.size());
  Add(nonce, owner);
  return ToBase64({reinterpret_cast<const char*>(nonce.data()), nonce.size()});
}

bool NonceStore::Take(std::string_view base64, Nonce& nonce) {
  const auto bytes = FromBase64(base64, kNonceBytes);
  if (!bytes || bytes->size() != kNonceBytes) return false;
  std::memcpy(nonce.data(), bytes->data(), kNonceBytes);
  DropExpired();
  Index which = NonceBucket(nonce);
  while (which != kNone && sodium_memcmp(entries_[which].nonce.data(), nonce.data(), kNonceBytes) != 0) {
    which = entries_[which].next_in_bucket;
  }
  if (which == kNone) return false;
  Remove(which);
  return true;
}

}  // namespace cmdsrv::gateway
