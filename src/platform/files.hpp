#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

/// Files that survive a power cut, and paths that cannot be led astray. Every function: any thread; nothing is cached.
/// Errors name the path: NotFound when it does not exist, NoSpace, otherwise Io.
namespace cmdsrv {

inline constexpr std::size_t kReadLimit = 64U << 20U;

/// The whole of a regular file; Io when it is larger than `limit` bytes or no regular file.
Result<std::string> ReadFile(const std::string& path, std::size_t limit = kReadLimit);

struct WriteOptions {
  mode_t mode = 0644;       ///< of a new file; an existing file keeps its owner and mode
  std::string backup = {};  ///< when not empty: the old file is kept under this path (same directory)
};

/// Replaces `path` by `text`: temporary file in the same directory, fsync, rename, fsync of the directory. Whatever
/// happens, `path` is the old or the new file. A symbolic link at `path` is replaced, never followed.
Result<void> WriteFileAtomically(const std::string& path, std::string_view text, const WriteOptions& options = {});

/// Moves a regular file and makes the move durable (fsync of the file before, of both directories after). Across file
/// systems: copied to a temporary name beside `to`, synced, renamed, then `from` is removed. Replaces `to`.
Result<void> MoveFileDurably(const std::string& from, const std::string& to);

/// As a move across file systems, but `from` stays.
Result<void> CopyFileDurably(const std::string& from, const std::string& to);

/// All of it to an open file; `path` is for the message.
Result<void> WriteAll(int file, std::string_view text, const std::string& path);

Result<void> SyncDirectory(const std::string& path);

/// Makes the directory and its missing parents.
Result<void> MakeDirectories(const std::string& path, mode_t mode = 0755);

/// Opens `path` (relative, or absolute and then taken as relative) beneath the open directory, refusing to leave it by
/// "..", links or mounts' magic links (openat2 RESOLVE_BENEATH|NO_SYMLINKS). `flags` as of open(2); O_CLOEXEC is added.
Result<UniqueFd> OpenBeneath(int directory, std::string_view path, int flags, mode_t mode = 0);

/// Makes `path` and its missing parents beneath the open directory, as OpenBeneath never leaving it, and opens it.
Result<UniqueFd> MakeDirectoriesBeneath(int directory, std::string_view path, mode_t mode = 0755);

/// True when a file system is mounted exactly there.
bool IsMountPoint(const std::string& path);

/// Removes the file if it is there; true when it was.
Result<bool> RemoveFile(const std::string& path);

struct FileFacts {
  std::uint64_t bytes = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::int64_t mtime_ns = 0;
  bool is_directory = false;
  bool is_regular = false;
  bool is_link = false;

  friend bool operator==(const FileFacts&, const FileFacts&) = default;
};

/// lstat; empty when there is nothing (or nothing that may be looked at).
std::optional<FileFacts> Look(const std::string& path);

/// Names in the directory without "." and "..", sorted. NotFound when it does not exist.
Result<std::vector<std::string>> ListDirectory(const std::string& path);

struct Space {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;  ///< to unprivileged users, as df prints
  std::uint64_t device = 0;           ///< st_dev: equal for two paths of one file system
  std::string source;                 ///< "/dev/sda1", from /proc/self/mountinfo; empty when unknown
  std::string mount_point;
};

/// Of the file system that holds `path`.
Result<Space> SpaceAt(const std::string& path);

/// An advisory lock on a file that is made when missing (0644), held until the object ends or the process dies.
class FileLock {
 public:
  /// Busy when somebody else still holds it after `wait` (0: one try). The wait sleeps in the kernel or between tries
  /// of at most 100 ms.
  static Result<FileLock> Take(const std::string& path, std::uint32_t wait_ms = 0);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace cmdsrv
