#include "platform/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/text.hpp"
#include "platform/temporary_file.hpp"

namespace cmdsrv {

Result<std::string> ReadFile(const std::string& path, std::size_t limit) {
  // Not blocking, for a pipe that somebody has put there; O_NOCTTY for a terminal.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return FailAt(errno, "open", path);
  struct stat facts {};
  if (::fstat(file.Get(), &facts) != 0) return FailAt(errno, "read", path);
  if (!S_ISREG(facts.st_mode)) return Fail(ErrorCode::Io, "cannot read {}: it is no regular file", path);
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  std::string text;
  std::size_t used = 0;
  // Files of /proc say size 0, others may grow while they are read: the end is where read says so.
  text.resize(std::min<std::uint64_t>(std::max<std::uint64_t>(size, 4095), limit) + 1);
  for (;;) {
    const ssize_t got = ::read(file.Get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailAt(errno, "read", path);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit) return Fail(ErrorCode::Io, "cannot read {}: it is larger than {} bytes", path, limit);
    if (used == text.size()) text.resize(std::min(used * 2, limit + 1));
  }
  text.resize(used);
  return text;
}

Result<void> SyncDirectory(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return FailAt(errno, "open", path);
  // EINVAL: a file system that has no notion of it (some network and FUSE ones).
  if (::fsync(directory.Get()) != 0 && errno != EINVAL) return FailAt(errno, "sync", path);
  return {};
}

Result<void> MakeDirectories(const std::string& path, mode_t mode) {
  for (std::size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) == 0) continue;
    const int error_number = errno;
    struct stat facts {};
    const bool there = ::stat(part.c_str(), &facts) == 0;
    if (there && S_ISDIR(facts.st_mode)) continue;  // also where mkdir says "read-only" or "not permitted" first
    return FailAt(there ? ENOTDIR : error_number, "make the directory", part);
  }
  return {};
}

Result<UniqueFd> OpenBeneath(int directory, std::string_view path, int flags, mode_t mode) {
  if (path.find('\0') != std::string_view::npos) return Fail(ErrorCode::Io, "cannot open a path with a NUL byte");
  const auto first = path.find_first_not_of('/');
  const std::string relative(first == std::string_view::npos ? "." : path.substr(first));
  open_how how{};
  how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags)) | O_CLOEXEC;
  how.mode = (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) != 0 ? mode : 0;  // the kernel insists
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    UniqueFd file(static_cast<int>(::syscall(SYS_openat2, directory, relative.c_str(), &how, sizeof how)));
    if (file) return file;
    // EAGAIN: somebody renamed something on the way, and the kernel could not prove that we stay beneath.
    if (errno == EINTR || (errno == EAGAIN && tries < 100)) continue;
    if (errno == EXDEV) return Fail(ErrorCode::Io, "cannot open {}: it leads out of its directory", path);
    if (errno == ELOOP) return Fail(ErrorCode::Io, "cannot open {}: a symbolic link is on the way", path);
    return FailAt(errno, "open", std::string(path));
  }
}

Result<UniqueFd> MakeDirectoriesBeneath(int directory, std::string_view path, mode_t mode) {
  auto made = OpenBeneath(directory, ".", O_RDONLY | O_DIRECTORY);
  for (const std::string_view part : Split(path, '/')) {
    if (!made || part.empty()) continue;
    const std::string name(part);
    if (::mkdirat(made->Get(), name.c_str(), mode) != 0 && errno != EEXIST)
      return FailAt(errno, "make the directory", std::string(path));
    made = OpenBeneath(made->Get(), name, O_RDONLY | O_DIRECTORY);
  }
  return made;
}

bool IsMountPoint(const std::string& path) {
  const auto facts = Look(path);
  const auto space =
      facts && facts->is_directory ? SpaceAt(path) : Result<Space>(Fail(ErrorCode::NotFound, "{}", path));
  return space && space->mount_point == path;
}

Result<bool> RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return FailAt(errno, "remove", path);
}

std::optional<FileFacts> Look(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return std::nullopt;
  return FileFacts{.bytes = static_cast<std::uint64_t>(facts.st_size),
                   .inode = facts.st_ino,
                   .device = facts.st_dev,
                   .mtime_ns = static_cast<std::int64_t>(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec,
                   .is_directory = S_ISDIR(facts.st_mode),
                   .is_regular = S_ISREG(facts.st_mode),
                   .is_link = S_ISLNK(facts.st_mode)};
}

Result<std::vector<std::string>> ListDirectory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return FailAt(errno, "list", path);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return FailAt(errno, "list", path);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace cmdsrv
