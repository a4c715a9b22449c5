#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "gateway/nacl_box.hpp"

namespace cmdsrv::gateway {

inline constexpr std::chrono::seconds kSessionLongest = std::chrono::hours(12);

/// Tells sessions apart; of no use to anybody but the store.
using SessionId = std::array<unsigned char, 32>;

/// Who holds the token of a session: a key of a browser that seals it, or nobody known (a cookie).
using Holder = std::optional<Key>;

/// Who is signed in with a token instead of sending the password each time. Holds hashes of the tokens only. A session
/// belongs to one user and one holder; it ends 12 h after its beginning, 2 h after its last use, by logout,
/// and when passwords may have changed. 200 at most, the one that was not used for longest gives way. One thread.
class SessionStore {
 public:
  struct Use {
    SessionId id;
    std::string user;
  };
  explicit SessionStore(const Clock& clock);

  /// The token: 43 characters that may stand in a URL.
  std::string Open(std::string user, const Holder& holder);

  /// The session of this token and holder, which counts as a use; nothing when there is none.
  std::optional<Use> Find(const Secret& token, const Holder& holder);

  /// Its user while it goes on. This is no use of it.
  std::optional<std::string> UserOf(const SessionId& id);

  /// What a page has to send beside a cookie of this session (43 characters); other sites cannot read it.
  std::string ForgeryText(const SessionId& id) const;

  /// False when there was none.
  bool Close(const SessionId& id);

  void Clear() { sessions_.clear(); }
  std::size_t Size() const { return sessions_.size(); }

 private:
  struct Session {
    SessionId id;
    std::string user;
    SteadyTime begun, used;
  };
  SessionId IdOf(std::string_view token, const Holder& holder) const;
  std::deque<Session>::iterator Look(const SessionId& id);

  const Clock& clock_;
  std::array<unsigned char, 32> key_{};
  std::deque<Session> sessions_;  ///< the one that was used last is the last
};

}  // namespace cmdsrv::gateway
