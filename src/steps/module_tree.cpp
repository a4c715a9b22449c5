#include "steps/module_tree.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "platform/trees.hpp"

namespace cmdsrv {
namespace {

Result<void> SetModeAndOwner(const std::string& path, mode_t mode, const struct stat& facts) {
  const bool root = ::geteuid() == 0;
  if (root && (facts.st_uid != 0 || facts.st_gid != 0) && ::lchown(path.c_str(), 0, 0) != 0)
    return FailFromErrno(errno, "take over " + path);
  if ((facts.st_mode & 07777) != mode && ::chmod(path.c_str(), mode) != 0)
    return FailFromErrno(errno, "make readable " + path);
  return {};
}

}  // namespace

Result<ReadableTree> MakeReadable(const std::string& directory) {
  struct stat own {};
  if (::lstat(directory.c_str(), &own) != 0) return FailFromErrno(errno, "look at " + directory);
  if (auto set = SetModeAndOwner(directory, 0755, own); !set) return Failure(set.error());
  ReadableTree tree;
  std::vector<std::string> unwanted;  // removed afterwards: the walk stands in the directory that holds them
  auto walked = WalkTree(directory, [&](const std::string& path, const struct stat& facts) -> Result<void> {
    const bool is_directory = S_ISDIR(facts.st_mode);
    if ((!is_directory && !S_ISREG(facts.st_mode)) || path.ends_with(std::string("/").append(kPartialDirectory))) {
      unwanted.push_back(path);
      return {};
    }
    if (!is_directory) {
      ++tree.files;
      tree.bytes += static_cast<std::uint64_t>(facts.st_size);
    }
    return SetModeAndOwner(path, is_directory ? 0755 : 0644, facts);
  });
  if (!walked) return Failure(walked.error());
  for (const std::string& path : unwanted) {
    if (auto removed = RemoveTree(path); !removed) return Failure(removed.error());
  }
  tree.removed = unwanted.size();
  return tree;
}

Result<void> CompareTrees(const std::string& from, const std::string& to) {
  const std::string base = from.ends_with('/') ? from : from + '/';
  return WalkTree(from, [&](const std::string& path, const struct stat& facts) -> Result<void> {
    if (!S_ISREG(facts.st_mode)) return {};
    const std::string copy = (to.ends_with('/') ? to : to + '/') + path.substr(base.size());
    struct stat there {};
    if (::lstat(copy.c_str(), &there) == 0 && S_ISREG(there.st_mode) && there.st_size == facts.st_size) return {};
    return Fail(ErrorCode::Io, "{} is not the copy of {}", copy, path);
  });
}

}  // namespace cmdsrv
