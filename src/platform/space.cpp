// SpaceAt of platform/files.hpp.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "platform/files.hpp"
#include "platform/mount_table.hpp"
#include "platform/temporary_file.hpp"

namespace cmdsrv {

Result<Space> SpaceAt(const std::string& path) {
  struct statvfs numbers {};
  if (::statvfs(path.c_str(), &numbers) != 0) return FailAt(errno, "look at the file system of", path);
  // The mount's own number: device numbers do not tell apart what btrfs and overlays put under one.
  struct statx facts {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS | STATX_MNT_ID, &facts) != 0)
    return FailAt(errno, "look at", path);
  Space space;
  space.total_bytes = static_cast<std::uint64_t>(numbers.f_blocks) * numbers.f_frsize;
  space.available_bytes = static_cast<std::uint64_t>(numbers.f_bavail) * numbers.f_frsize;
  space.device = ::makedev(facts.stx_dev_major, facts.stx_dev_minor);
  const auto table = ReadMountTable();
  if (!table || (facts.stx_mask & STATX_MNT_ID) == 0) return space;
  const auto mount = std::ranges::find(*table, facts.stx_mnt_id, &Mount::id);
  if (mount == table->end()) return space;
  space.source = mount->source;
  space.mount_point = mount->point;
  return space;
}

}  // namespace cmdsrv
