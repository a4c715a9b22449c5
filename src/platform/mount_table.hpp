#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv {

/// A line of /proc/self/mountinfo, with its escapes taken back: mount points of sticks hold what their makers liked.
struct Mount {
  std::uint64_t id = 0;
  std::uint64_t device = 0;  ///< st_dev of what lies on it
  std::string point;
  std::string type;    ///< "ext4", "fuse.sshfs"
  std::string source;  ///< "/dev/sda1", "tmpfs", "nas:/share"
};

/// In the order of mounting. Lines that mean nothing are left out. Pure.
std::vector<Mount> ParseMountTable(std::string_view text);

Result<std::vector<Mount>> ReadMountTable();

struct Usage {
  std::uint64_t total_bytes = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t available_bytes = 0;  ///< to unprivileged users, as df prints
  bool read_only = false;
};

/// Of the file system that holds `path`. A network file system whose server is gone keeps the caller waiting.
Result<Usage> UsageOf(const std::string& path);

/// True when something is mounted exactly there, by the kernel's table alone: also when its disk is gone already.
bool IsMounted(const std::string& point);

/// Writes everything of the file system that holds `path` to its device.
Result<void> SyncFileSystem(const std::string& path);

/// Unmounts what was mounted last at `point`, a directory without a symbolic link at its end. Busy while a file on it
/// is open, NotFound when nothing is mounted there; nothing has changed then. Io otherwise.
Result<void> Unmount(const std::string& point);

/// The same question without doing it: Busy, NotFound, or fine.
Result<void> CanUnmount(const std::string& point);

}  // namespace cmdsrv
