#include "base/account_files.hpp"

#include <fmt/format.h>

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

std::optional<ShadowEntry> FindShadow(std::string_view shadow, std::string_view user) {
  if (user.empty()) return std::nullopt;
  for (const std::string_view line : Split(shadow, '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() != 9 || fields[0] != user) continue;
    ShadowEntry entry{std::string(fields[1])};
    if (const auto day = ToInteger(fields[7])) entry.expires_on = *day;
    return entry;
  }
  return std::nullopt;
}

std::optional<std::string> WithNewHash(std::string_view shadow, std::string_view user, std::string_view hash,
                                       std::int64_t today) {
  std::size_t begin = 0;
  for (const std::string_view line : Split(shadow, '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() == 9 && fields[0] == user && !user.empty()) {
      const std::size_t rest = begin + fields[0].size() + fields[1].size() + fields[2].size() + 2;
      return fmt::format("{}{}:{}:{}{}", shadow.substr(0, begin), user, hash, today, shadow.substr(rest));
    }
    begin += line.size() + 1;
  }
  return std::nullopt;
}

std::string FirstHash(std::string_view shadow) {
  for (const std::string_view line : Split(shadow, '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() == 9 && fields[1].starts_with('$')) return std::string(fields[1]);
  }
  return {};
}

}  // namespace cmdsrv
