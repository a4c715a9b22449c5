// SpaceAt of platform/files.hpp.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/temporary_file.hpp"

namespace cmdsrv {
namespace {

/// mountinfo writes blank, tab, newline and backslash as three octal digits.
std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// "36 35 98:0 /root /mount options shared:1 - ext4 /dev/sda1 rw": the mount's number is first, optional fields end in
/// "-".
void FillFromMountInfo(std::string_view table, std::uint64_t mount_id, Space& space) {
  for (const auto line : Split(table, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() < 10 || ToInteger(fields[0]) != static_cast<long long>(mount_id)) continue;
    space.mount_point = Unescape(fields[4]);
    for (std::size_t i = 6; i + 2 < fields.size(); ++i) {
      if (fields[i] != "-") continue;
      space.source = Unescape(fields[i + 2]);
      return;
    }
  }
}

}  // namespace

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
  const auto table = ReadFile("/proc/self/mountinfo");
  if (table && (facts.stx_mask & STATX_MNT_ID) != 0) FillFromMountInfo(*table, facts.stx_mnt_id, space);
  return space;
}

}  // namespace cmdsrv
