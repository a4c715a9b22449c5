#include "gateway/session_store.hpp"

#include <sodium.h>

#include <algorithm>

#include "gateway/base64.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr std::chrono::hours kIdle{2};
constexpr std::size_t kMost = 200;
constexpr std::size_t kTokenBytes = 32;

}  // namespace

SessionStore::SessionStore(const Clock& clock) : clock_(clock) { randombytes_buf(key_.data(), key_.size()); }

SessionId SessionStore::IdOf(std::string_view token, const Holder& holder) const {
  SessionId id;
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), id.size());
  const unsigned char kind = holder ? 'k' : 'c';
  crypto_generichash_update(&state, &kind, 1);
  if (holder) crypto_generichash_update(&state, holder->data(), holder->size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(token.data()), token.size());
  crypto_generichash_final(&state, id.data(), id.size());
  return id;
}

std::string SessionStore::Open(std::string user, const Holder& holder) {
  std::array<char, kTokenBytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::string token = ToUrlBase64({bytes.data(), bytes.size()});
  if (sessions_.size() >= kMost) sessions_.pop_front();
  sessions_.push_back({IdOf(token, holder), std::move(user), clock_.Steady(), clock_.Steady()});
  return token;
}

std::deque<SessionStore::Session>::iterator SessionStore::Look(const SessionId& id) {
  const SteadyTime now = clock_.Steady();
  std::erase_if(sessions_, [&](const Session& session) {
    return now - session.begun >= kSessionLongest || now - session.used >= kIdle;
  });
  return std::ranges::find_if(
      sessions_, [&](const Session& session) { return sodium_memcmp(session.id.data(), id.data(), id.size()) == 0; });
}

std::optional<SessionStore::Use> SessionStore::Find(const Secret& token, const Holder& holder) {
  const auto found = Look(IdOf(token.Expose(), holder));
  if (found == sessions_.end()) return std::nullopt;
  found->used = clock_.Steady();
  std::rotate(found, found + 1, sessions_.end());
  return Use{sessions_.back().id, sessions_.back().user};
}

std::optional<std::string> SessionStore::UserOf(const SessionId& id) {
  const auto found = Look(id);
  if (found == sessions_.end()) return std::nullopt;
  return found->user;
}

std::string SessionStore::ForgeryText(const SessionId& id) const {
  std::array<char, 32> text{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), text.size());
  const unsigned char kind = 'f';
  crypto_generichash_update(&state, &kind, 1);
  crypto_generichash_update(&state, id.data(), id.size());
  crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(text.data()), text.size());
  return ToUrlBase64({text.data(), text.size()});
}

bool SessionStore::Close(const SessionId& id) {
  const auto found = Look(id);
  if (found == sessions_.end()) return false;
  sessions_.erase(found);
  return true;
}

}  // namespace cmdsrv::gateway
