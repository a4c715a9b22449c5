#include "base/account_files.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

std::optional<std::uint32_t> ToId(std::string_view text) {
  const auto number = ToInteger(text);
  // The largest number means "no such id" to the kernel.
  if (!number || *number < 0 || *number >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::optional<Account> FindAccount(std::string_view passwd, std::string_view user) {
  if (user.empty()) return std::nullopt;
  for (const std::string_view line : Split(passwd, '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() != 7 || fields[0] != user) continue;
    const auto uid = ToId(fields[2]);
    const auto gid = ToId(fields[3]);
    if (!uid || !gid) return std::nullopt;
    return Account{std::string(user), *uid, *gid, std::string(fields[6])};
  }
  return std::nullopt;
}

bool IsInGroup(std::string_view groups, const Account& account, std::string_view group) {
  if (group.empty() || account.name.empty()) return false;
  for (const std::string_view line : Split(groups, '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() != 4 || fields[0] != group) continue;
    const auto members = Split(fields[3], ',');
    return ToId(fields[2]) == account.gid || std::ranges::find(members, account.name) != members.end();
  }
  return false;
}

}  // namespace cmdsrv
