#include "platform/web_files.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "platform/files.hpp"

namespace cmdsrv {
namespace {

struct Owner {
  uid_t uid;
  gid_t gid;
};

Result<Owner> FindOwner(const std::string& account) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16'384);
  const int error = ::getpwnam_r(account.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return FailFromErrno(error, "look up the account " + account);
  if (found == nullptr) return Fail(ErrorCode::NotFound, "there is no account {}", account);
  return Owner{entry.pw_uid, entry.pw_gid};
}

}  // namespace

Result<void> WriteFileFor(const std::string& account, const std::string& path, std::string_view bytes) {
  if (::geteuid() != 0) return WriteFileAtomically(path, bytes);
  const auto owner = FindOwner(account);
  if (!owner) return Failure(owner.error());
  // An existing file keeps its owner when it is replaced; a new one gets it here.
  if (auto written = WriteFileAtomically(path, bytes); !written) return written;
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0 && facts.st_uid == owner->uid && facts.st_gid == owner->gid) return {};
  if (::lchown(path.c_str(), owner->uid, owner->gid) != 0) return FailFromErrno(errno, "give away " + path);
  return {};
}

}  // namespace cmdsrv
