#include "gateway/account_rule.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/account_files.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr std::size_t kLookupBuffer = 64U << 10U;
constexpr int kMostGroups = 1024;

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

AccountRule::AccountRule(std::string root, std::vector<std::string> groups)
    : root_(std::move(root)), groups_(std::move(groups)) {}

bool AccountRule::MayUse(const std::string& user) const { return root_.empty() ? MayUseSystem(user) : MayUseBox(user); }

bool AccountRule::MayUseBox(const std::string& user) const {
  const auto account = FindAccount(ReadText(root_ + "/etc/passwd"), user);
  if (!account) return false;
  const std::string groups = ReadText(root_ + "/etc/group");
  return std::ranges::any_of(groups_, [&](const std::string& group) { return IsInGroup(groups, *account, group); });
}

bool AccountRule::MayUseSystem(const std::string& user) const {
  std::vector<char> buffer(kLookupBuffer);
  passwd account{};
  passwd* found = nullptr;
  if (getpwnam_r(user.c_str(), &account, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return false;
  std::vector<gid_t> ids(kMostGroups);
  int count = kMostGroups;
  if (getgrouplist(user.c_str(), account.pw_gid, ids.data(), &count) < 0) return false;
  ids.resize(static_cast<std::size_t>(count));
  return std::ranges::any_of(groups_, [&](const std::string& name) {
    group entry{};
    group* known = nullptr;
    return getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &known) == 0 && known != nullptr &&
           std::ranges::find(ids, entry.gr_gid) != ids.end();
  });
}

std::string AccountRule::ShadowStamp() const {
  struct stat facts {};
  if (stat((root_ + "/etc/shadow").c_str(), &facts) != 0) return "none";
  return fmt::format("{} {} {}.{} {}.{}", facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec,
                     facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec);
}

}  // namespace cmdsrv::gateway
