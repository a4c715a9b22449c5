#include "platform/temporary_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace cmdsrv {
namespace {

constexpr std::string_view kSuffix = ".cmdsrv-tmp";
constexpr std::size_t kLongestName = 255;

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// ".<name>." with the name cut where the whole would become too long for a file system.
std::string Prefix(std::string_view path) {
  return fmt::format(".{}.", NameOf(path).substr(0, kLongestName - kSuffix.size() - 10));
}

bool IsRemainsOf(std::string_view name, std::string_view prefix) {
  return name.size() == prefix.size() + 8 + kSuffix.size() && name.starts_with(prefix) && name.ends_with(kSuffix) &&
         name.substr(prefix.size(), 8).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string DirectoryOf(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Possibly many gigabytes of a ZIM on somebody's stick.
void RemoveRemains(const std::string& target) {
  const std::string directory = DirectoryOf(target);
  const std::string prefix = Prefix(target);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), ::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (!IsRemainsOf(entry->d_name, prefix)) continue;
    const UniqueFd file(
        ::openat(::dirfd(entries.get()), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file && ::flock(file.Get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(::dirfd(entries.get()), entry->d_name, 0);
  }
}

std::string TemporaryNameFor(const std::string& path) {
  std::uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number))
    number = static_cast<std::uint32_t>(::getpid());
  return fmt::format("{}/{}{:08x}{}", DirectoryOf(path), Prefix(path), number, kSuffix);
}

Failure FailAt(int error_number, std::string_view what, const std::string& path) {
  if (error_number == ENOENT) return Fail(ErrorCode::NotFound, "cannot {} {}: {}", what, path, Reason(error_number));
  return FailFromErrno(error_number, fmt::format("{} {}", what, path));
}

Result<TemporaryFile> TemporaryFile::MakeFor(const std::string& target) {
  if (NameOf(target).empty()) return Fail(ErrorCode::Io, "cannot write \"{}\": it is no file name", target);
  RemoveRemains(target);
  UniqueFd nameless(::open(DirectoryOf(target).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (nameless) return TemporaryFile(std::move(nameless), target, "");
  // Kernels and file systems that do not know O_TMPFILE see a directory opened for writing.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return FailAt(errno, "write", target);
  return MakeNamedFor(target);
}

Result<TemporaryFile> TemporaryFile::MakeNamedFor(const std::string& target) {
  RemoveRemains(target);
  for (int tries = 0; tries < 16; ++tries) {
    std::string name = TemporaryNameFor(target);
    UniqueFd file(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file) {
      ::flock(file.Get(), LOCK_EX | LOCK_NB);  // tells RemoveRemains that we live
      return TemporaryFile(std::move(file), target, std::move(name));
    }
    if (errno != EEXIST) return FailAt(errno, "write", target);
  }
  return FailAt(EEXIST, "write", target);
}

TemporaryFile::~TemporaryFile() {
  if (fd_ && !name_.empty()) ::unlink(name_.c_str());
}

Result<void> TemporaryFile::Place() {
  ::flock(fd_.Get(), LOCK_EX | LOCK_NB);  // it gets a name for a moment: tells RemoveRemains that we live
  for (int tries = 0; name_.empty(); ++tries) {
    std::string name = TemporaryNameFor(target_);
    const std::string self = fmt::format("/proc/self/fd/{}", fd_.Get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      name_ = std::move(name);
    } else if (errno != EEXIST || tries == 16) {
      return FailAt(errno, "write", target_);
    }
  }
  if (::rename(name_.c_str(), target_.c_str()) != 0) return FailAt(errno, "replace", target_);
  name_.clear();
  return {};
}

}  // namespace cmdsrv
