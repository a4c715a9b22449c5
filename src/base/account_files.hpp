#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The texts of /etc/passwd and /etc/group, for boxes whose accounts lie in a folder of their own. Pure.
namespace cmdsrv {

struct Account {
  std::string name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string shell;
};

/// The line of `user` in the text of a passwd file; a broken line is no account.
std::optional<Account> FindAccount(std::string_view passwd, std::string_view user);

/// Listed as a member of the group, or it is the primary group of the account.
bool IsInGroup(std::string_view groups, const Account& account, std::string_view group);

struct ShadowEntry {
  std::string hash;                             ///< may be empty, or begin with "!" or "*": no password opens it
  std::optional<std::int64_t> expires_on = {};  ///< day since 1970 from which on the account is closed
};

/// The line of `user` in the text of a shadow file.
std::optional<ShadowEntry> FindShadow(std::string_view shadow, std::string_view user);

/// The text with another hash for `user`, changed today (day since 1970); every other byte stays. Nothing when there is
/// no such line.
std::optional<std::string> WithNewHash(std::string_view shadow, std::string_view user, std::string_view hash,
                                       std::int64_t today);

/// The first hash in it that a password could open: what the hashes of this machine look like. Empty: there is none.
std::string FirstHash(std::string_view shadow);

}  // namespace cmdsrv
