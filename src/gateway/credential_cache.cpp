#include "gateway/credential_cache.hpp"

#include <sodium.h>

#include <algorithm>

namespace cmdsrv::gateway {
namespace {

constexpr std::chrono::minutes kGoodFor{10};
constexpr std::size_t kMost = 200;

void Feed(crypto_generichash_state& state, std::string_view text) {
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
}

}  // namespace

CredentialCache::CredentialCache(const Clock& clock) : clock_(clock) { randombytes_buf(key_.data(), key_.size()); }

CredentialCache::~CredentialCache() { sodium_memzero(key_.data(), key_.size()); }

CredentialCache::Mark CredentialCache::MarkOf(const Credentials& credentials) const {
  Mark mark;
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), mark.size());
  Feed(state, credentials.user);
  Feed(state, ":");  // no user name holds one
  Feed(state, credentials.password.Expose());
  crypto_generichash_final(&state, mark.data(), mark.size());
  sodium_memzero(&state, sizeof state);
  return mark;
}

bool CredentialCache::Knows(const Mark& mark) const {
  const SteadyTime now = clock_.Steady();
  bool known = false;  // all are looked at, so that the time tells nothing about which
  for (const Entry& entry : entries_) {
    const bool same = sodium_memcmp(entry.mark.data(), mark.data(), mark.size()) == 0;
    known = (same && now - entry.confirmed < kGoodFor) || known;
  }
  return known;
}

void CredentialCache::Remember(const Mark& mark, std::uint64_t asked_in) {
  if (asked_in != generation_) return;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.mark == mark; });
  if (entries_.size() >= kMost) entries_.pop_front();
  entries_.push_back({mark, clock_.Steady()});
}

void CredentialCache::Clear() {
  entries_.clear();
  ++generation_;
}

void CredentialCache::ShadowIs(std::string_view stamp) {
  if (stamp == shadow_) return;
  shadow_ = stamp;
  Clear();
}

}  // namespace cmdsrv::gateway
