#include "gateway/session_store.hpp"

#include <sodium.h>

#include <algorithm>

#include "gateway/base64.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr std::chrono::hours kLongest{12};
constexpr std::chrono::hours kIdle{2};
constexpr std::size_t kMost = 200;
constexpr std::size_t kTokenBytes = 32;

}  // namespace

SessionStore::SessionStore(const Clock& clock) : clock_(clock) { randombytes_buf(key_.data(), key_.size()); }

SessionStore::Mark SessionStore::MarkOf(std::string_view token, const Key& browser) const {
  Mark mark;
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), mark.size());
  crypto_generichash_update(&state, browser.data(), browser.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(token.data()), token.size());
  crypto_generichash_final(&state, mark.data(), mark.size());
  return mark;
}

std::string SessionStore::Open(std::string user, const Key& browser) {
  std::array<char, kTokenBytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::string token = ToUrlBase64({bytes.data(), bytes.size()});
  if (sessions_.size() >= kMost) sessions_.pop_front();
  sessions_.push_back({MarkOf(token, browser), std::move(user), clock_.Steady(), clock_.Steady()});
  return token;
}

std::deque<SessionStore::Session>::iterator SessionStore::Find(const Secret& token, const Key& browser) {
  const SteadyTime now = clock_.Steady();
  std::erase_if(sessions_,
                [&](const Session& session) { return now - session.begun >= kLongest || now - session.used >= kIdle; });
  const Mark mark = MarkOf(token.Expose(), browser);
  return std::ranges::find_if(sessions_, [&](const Session& session) {
    return sodium_memcmp(session.mark.data(), mark.data(), mark.size()) == 0;
  });
}

std::optional<std::string> SessionStore::Use(const Secret& token, const Key& browser) {
  const auto found = Find(token, browser);
  if (found == sessions_.end()) return std::nullopt;
  found->used = clock_.Steady();
  std::rotate(found, found + 1, sessions_.end());
  return sessions_.back().user;
}

bool SessionStore::Close(const Secret& token, const Key& browser) {
  const auto found = Find(token, browser);
  if (found == sessions_.end()) return false;
  sessions_.erase(found);
  return true;
}

}  // namespace cmdsrv::gateway
