#include "platform/accounts.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/text.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kFileLimit = 8U << 20U;
constexpr std::size_t kLookupBuffer = 64U << 10U;
constexpr int kMostGroups = 1024;
constexpr int kLockTries = 100;  // of 50 ms

/// The lock of passwd, chpasswd and useradd: a record lock on this file. It goes with the descriptor.
Result<UniqueFd> LockPasswords(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return FailFromErrno(errno, "open " + path);
  for (int tries = 0; tries < kLockTries; ++tries) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(fd.Get(), F_OFD_SETLK, &whole) == 0) return fd;
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return FailFromErrno(errno, "lock " + path);
    (void)::poll(nullptr, 0, 50);
  }
  return Fail(ErrorCode::Busy, "somebody else is changing passwords: {} is locked", path);
}

}  // namespace

std::optional<Account> Accounts::Find(const std::string& user) const {
  if (root_.IsBox()) {
    const auto text = ReadFile(root_.Path("/etc/passwd"), kFileLimit);
    return text ? FindAccount(*text, user) : std::nullopt;
  }
  std::vector<char> buffer(kLookupBuffer);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return Account{user, entry.pw_uid, entry.pw_gid, entry.pw_shell};
}

bool Accounts::IsInGroup(const Account& account, const std::string& group) const {
  if (root_.IsBox()) {
    const auto text = ReadFile(root_.Path("/etc/group"), kFileLimit);
    return text && cmdsrv::IsInGroup(*text, account, group);
  }
  std::vector<char> buffer(kLookupBuffer);
  struct group entry {};
  struct group* known = nullptr;
  if (getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &known) != 0 || known == nullptr) return false;
  std::vector<gid_t> ids(kMostGroups);
  int count = kMostGroups;
  if (getgrouplist(account.name.c_str(), account.gid, ids.data(), &count) < 0) return false;
  return std::find(ids.begin(), ids.begin() + count, entry.gr_gid) != ids.begin() + count;
}

Result<ShadowEntry> Accounts::Shadow(std::string_view user) const {
  const auto text = ReadFile(root_.Path("/etc/shadow"), kFileLimit);
  if (!text) return Fail(ErrorCode::Io, "{}", text.error().message);
  auto entry = FindShadow(*text, user);
  if (!entry) return Fail(ErrorCode::NotFound, "this user has no password");
  return std::move(*entry);
}

std::string Accounts::HashOfSomebody() const {
  const auto text = ReadFile(root_.Path("/etc/shadow"), kFileLimit);
  return text ? FirstHash(*text) : std::string();
}

std::uint32_t Accounts::FirstPerson() const {
  constexpr std::uint32_t kUsual = 1000;
  const auto text = ReadFile(root_.Path("/etc/login.defs"), kFileLimit);
  if (!text) return kUsual;
  for (const std::string_view line : Split(*text, '\n')) {
    constexpr std::string_view kName = "UID_MIN";
    const std::string_view bare = Trim(line);
    if (!bare.starts_with(kName) || bare.size() == kName.size()) continue;
    const std::string_view value = Trim(bare.substr(kName.size()));
    const auto number = value.size() < bare.size() - kName.size() ? ToInteger(value) : std::nullopt;  // not UID_MINIMUM
    if (number && *number > 0 && *number <= 0x7fff'ffff) return static_cast<std::uint32_t>(*number);
  }
  return kUsual;
}

Result<void> Accounts::SetHash(std::string_view user, const std::string& hash, std::int64_t today) const {
  const auto lock = LockPasswords(root_.Path("/etc/.pwd.lock"));
  if (!lock) return Failure(lock.error());
  const std::string path = root_.Path("/etc/shadow");
  const auto text = ReadFile(path, kFileLimit);  // under the lock: somebody may just have changed another line
  if (!text) return Failure(text.error());
  const auto changed = WithNewHash(*text, user, hash, today);
  if (!changed) return Fail(ErrorCode::NotFound, "this user has no line in {}", path);
  if (auto written = WriteFileAtomically(path, *changed, {.mode = 0600, .backup = path + "-"}); !written)
    return written;
  const auto now = Shadow(user);
  if (!now || now->hash != hash) return Fail(ErrorCode::Io, "{} does not hold what was written to it", path);
  return {};
}

}  // namespace cmdsrv
