#include "commands/account_gate.hpp"

#include <algorithm>

#include "platform/passwords.hpp"

namespace cmdsrv {
namespace {

constexpr std::chrono::milliseconds kWrongPasswordDelay{2000};
// yescrypt as Debian makes it, for a machine on which nobody has a password: the work is what counts.
constexpr const char* kNobodysHash = "$y$j9T$ZOHkzyFGh8yHqOmsDP7wE1";

}  // namespace

std::int64_t AccountGate::Today() const {
  return std::chrono::duration_cast<std::chrono::days>(clock_.Wall().time_since_epoch()).count();
}

bool AccountGate::IsOpen(const Account& account, const ShadowEntry& shadow) const {
  if (shadow.expires_on && Today() >= *shadow.expires_on) return false;
  const bool may_not_log_in = account.shell.ends_with("/nologin") || account.shell.ends_with("/false");
  return !may_not_log_in || account.name == settings_.iiab_admin_user;
}

Result<bool> AccountGate::IsRight(const std::string& user, const Secret& password, Whom whom) const {
  const auto shadow = accounts_.Shadow(user);
  if (!shadow && shadow.error().code != ErrorCode::NotFound) {
    return Fail(ErrorCode::Unavailable, "Passwords cannot be checked: {}.", shadow.error().message);
  }
  const bool has_hash = shadow && !shadow->hash.empty() && shadow->hash[0] != '!' && shadow->hash[0] != '*';
  std::string hash = has_hash ? shadow->hash : accounts_.HashOfSomebody();
  if (hash.empty()) hash = kNobodysHash;
  const bool matches = PasswordMatches(password, hash);
  const auto account = accounts_.Find(user);
  const bool admitted = account && (whom == Whom::Anybody || accounts_.IsInGroup(*account, "sudo") ||
                                    accounts_.IsInGroup(*account, settings_.admin_console_group));
  return matches && has_hash && admitted && IsOpen(*account, *shadow);
}

std::chrono::milliseconds AccountGate::DelayAfterWrong(const std::string& user) {
  const std::lock_guard lock(mutex_);
  return std::max<std::chrono::milliseconds>(kWrongPasswordDelay, failures_.Note(user));
}

bool AccountGate::IsProtected(const std::string& user) const {
  if (user == "root") return true;
  const auto account = accounts_.Find(user);
  if (!account) return false;  // a wrong name gets the same answer as a wrong password
  return account->uid == 0 || (account->uid < accounts_.FirstPerson() && user != settings_.iiab_admin_user);
}

Result<void> AccountGate::SetHash(const std::string& user, const std::string& hash) const {
  return accounts_.SetHash(user, hash, Today());
}

}  // namespace cmdsrv
