#include "support/tree_snapshot.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace cmdsrv::test {
namespace {

std::string PrintOf(const std::string& path, bool link) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return "gone";
  if (S_ISDIR(facts.st_mode)) return fmt::format("{:o}", facts.st_mode);  // its time tells of temporary files
  std::error_code error;
  const std::string target = link ? std::filesystem::read_symlink(path, error).string() : "";
  return fmt::format("{:o} {} {} {}.{} {}", facts.st_mode, facts.st_size, facts.st_ino, facts.st_mtim.tv_sec,
                     facts.st_mtim.tv_nsec, target);
}

}  // namespace

TreeSnapshot::TreeSnapshot(const std::string& directory) {
  std::error_code error;  // names come and go meanwhile
  for (std::filesystem::recursive_directory_iterator at(directory, error), end; at != end && !error;
       at.increment(error)) {
    const std::string path = at->path();
    prints_[path.substr(directory.size())] = PrintOf(path, at->is_symlink(error));
  }
}

std::vector<std::string> TreeSnapshot::ChangedIn(const TreeSnapshot& later) const {
  std::vector<std::string> changed;
  for (const auto& [path, print] : prints_) {
    const auto now = later.prints_.find(path);
    if (now == later.prints_.end() || now->second != print) changed.push_back(path);
  }
  for (const auto& [path, print] : later.prints_) {
    if (!prints_.contains(path)) changed.push_back(path);
  }
  return changed;
}

}  // namespace cmdsrv::test
