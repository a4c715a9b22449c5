#include "platform/tree_walk.hpp"

#include <cerrno>
#include <filesystem>

namespace cmdsrv {

namespace fs = std::filesystem;

Result<void> WalkTree(const std::string& directory,
                      const std::function<Result<void>(const std::string& path, const struct stat& facts)>& visit) {
  std::error_code error;
  fs::recursive_directory_iterator at(directory, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string path = at->path().string();
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) return FailFromErrno(errno, "look at " + path);
    if (at->path().filename().string() == kPartialDirectory) at.disable_recursion_pending();
    if (auto visited = visit(path, facts); !visited) return visited;
  }
  if (error) return FailFromErrno(error.value(), "list " + directory);
  return {};
}

Result<TreeFacts> CountTree(const std::string& directory) {
  TreeFacts tree;
  auto walked = WalkTree(directory, [&](const std::string&, const struct stat& facts) -> Result<void> {
    if (!S_ISREG(facts.st_mode)) return {};
    ++tree.files;
    tree.bytes += static_cast<std::uint64_t>(facts.st_size);
    return {};
  });
  if (!walked) return Failure(walked.error());
  return tree;
}

}  // namespace cmdsrv
