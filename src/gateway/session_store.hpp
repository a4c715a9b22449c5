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

/// Who is signed in with a token instead of sending the password each time. Holds hashes of the tokens only. A session
/// belongs to one user and one key of a browser; it ends 12 h after its beginning, 2 h after its last use, by logout,
/// and when passwords may have changed. 200 at most, the one that was not used for longest gives way. One thread.
class SessionStore {
 public:
  explicit SessionStore(const Clock& clock);

  /// The token: 43 characters that may stand in a URL.
  std::string Open(std::string user, const Key& browser);

  /// The user of the session, which counts as a use; nothing when there is none for this token and key.
  std::optional<std::string> Use(const Secret& token, const Key& browser);

  /// False when there was none.
  bool Close(const Secret& token, const Key& browser);

  void Clear() { sessions_.clear(); }
  std::size_t Size() const { return sessions_.size(); }

 private:
  using Mark = std::array<unsigned char, 32>;
  struct Session {
    Mark mark;
    std::string user;
    SteadyTime begun, used;
  };
  Mark MarkOf(std::string_view token, const Key& browser) const;
  std::deque<Session>::iterator Find(const Secret& token, const Key& browser);

  const Clock& clock_;
  std::array<unsigned char, 32> key_{};
  std::deque<Session> sessions_;  ///< the one that was used last is the last
};

}  // namespace cmdsrv::gateway
