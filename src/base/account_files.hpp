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

}  // namespace cmdsrv
