#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/account_files.hpp"
#include "base/result.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// The accounts of this machine or, in a box, those of the box's own files. Nothing is cached. Any thread.
class Accounts {
 public:
  explicit Accounts(const Root& root) : root_(root) {}

  std::optional<Account> Find(const std::string& user) const;
  bool IsInGroup(const Account& account, const std::string& group) const;

  /// Of /etc/shadow. NotFound when the user has no line there; Io when the file cannot be read.
  Result<ShadowEntry> Shadow(std::string_view user) const;

  /// A hash like those of this machine, for work that must take as long as with a real one. Empty: there is none.
  std::string HashOfSomebody() const;

  /// The first user id of people; those below belong to the system (UID_MIN of login.defs, usually 1000).
  std::uint32_t FirstPerson() const;

  /// Puts `hash` into the line of `user`, under the lock that passwd and chpasswd take too, and reads it back. The old
  /// file stays as /etc/shadow-. NotFound without such a line, Busy when the lock is held for 5 s, NoSpace, Io.
  Result<void> SetHash(std::string_view user, const std::string& hash, std::int64_t today) const;

 private:
  const Root& root_;
};

}  // namespace cmdsrv
