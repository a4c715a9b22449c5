#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/failures.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "content/settings.hpp"
#include "platform/accounts.hpp"

namespace cmdsrv {

/// Passwords: whether one is right, and changing it. Blocks for as long as a hash takes; any thread.
class AccountGate {
 public:
  AccountGate(const Settings& settings, const Root& root, const Clock& clock)
      : settings_(settings), clock_(clock), accounts_(root), failures_(clock) {}

  enum class Whom { Anybody, ConsoleUsers };

  /// True for the right password of an account that is open (and, for ConsoleUsers, in one of the console's groups).
  /// The same work is done for users that do not exist. Unavailable when passwords cannot be read at all.
  Result<bool> IsRight(const std::string& user, const Secret& password, Whom whom) const;

  /// How long the answer to a wrong password is kept back: 2 s, and up to 30 s for a user with many.
  std::chrono::milliseconds DelayAfterWrong(const std::string& user);

  /// True when CHGPW must not touch this account: root and the accounts of the system.
  bool IsProtected(const std::string& user) const;

  /// Makes this hash the one of the account (see Accounts::SetHash).
  Result<void> SetHash(const std::string& user, const std::string& hash) const;

 private:
  bool IsOpen(const Account& account, const ShadowEntry& shadow) const;
  std::int64_t Today() const;

  const Settings& settings_;
  const Clock& clock_;
  const Accounts accounts_;
  std::mutex mutex_;
  Failures failures_;  ///< guarded by mutex_
};

}  // namespace cmdsrv
