#include "platform/disk_usage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

constexpr int kDeepest = 100;  // a directory is open for each level
constexpr std::uint64_t kBlock = 512;

std::vector<std::string> Names(int directory) {
  std::vector<std::string> names;
  UniqueFd again(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(again.Get()), ::closedir);
  if (!stream) return names;
  (void)again.Release();
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::uint64_t WrittenIn(int directory, const std::string& name, int depth) {
  struct stat facts {};
  if (name.empty() || ::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  if (S_ISREG(facts.st_mode)) return static_cast<std::uint64_t>(facts.st_blocks) * kBlock;
  if (!S_ISDIR(facts.st_mode) || depth >= kDeepest) return 0;
  const UniqueFd inner(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner) return 0;
  std::uint64_t bytes = 0;
  for (const std::string& entry : Names(inner.Get())) bytes += WrittenIn(inner.Get(), entry, depth + 1);
  return bytes;
}

class Walk {
 public:
  explicit Walk(const UsageLimits& limits) : limits_(limits), end_(std::chrono::steady_clock::now() + limits.time) {}

  Result<std::vector<UsedBy>> Below(int directory) {
    (void)List(directory, 0);
    if (error_) return Failure(*error_);
    return std::move(found_);
  }

 private:
  std::uint64_t List(int directory, int depth) {
    std::uint64_t bytes = 0;
    for (std::string& name : Names(directory)) {
      if (!GoesOn()) return bytes;
      bytes += Look(directory, std::move(name), depth);
    }
    return bytes;
  }

  std::uint64_t Look(int directory, std::string name, int depth) {
    struct stat facts {};
    if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    std::uint64_t bytes = static_cast<std::uint64_t>(facts.st_blocks) * kBlock;
    if (S_ISDIR(facts.st_mode) && depth < kDeepest) {
      const UniqueFd inner(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (inner) bytes += List(inner.Get(), depth + 1);
    }
    found_.push_back({std::move(name), bytes});
    return bytes;
  }

  bool GoesOn() {
    if (error_) return false;
    if (found_.size() >= limits_.entries)
      error_ = Error{ErrorCode::Refused, fmt::format("there are more than {} files", limits_.entries)};
    if (std::chrono::steady_clock::now() > end_)
      error_ = Error{ErrorCode::Timeout, "looking at all files takes too long"};
    return !error_;
  }

  const UsageLimits limits_;
  const std::chrono::steady_clock::time_point end_;
  std::vector<UsedBy> found_;
  std::optional<Error> error_;
};

}  // namespace

std::uint64_t BytesOnDisk(const std::string& path) {
  const std::size_t slash = path.find_last_not_of('/');
  return WrittenIn(AT_FDCWD, path.substr(0, slash == std::string::npos ? 0 : slash + 1), 0);
}

Result<std::vector<UsedBy>> UsageBelow(int directory, const UsageLimits& limits) {
  return Walk(limits).Below(directory);
}

}  // namespace cmdsrv
