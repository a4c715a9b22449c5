#include "platform/mount_table.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

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

std::uint64_t ToDevice(std::string_view text) {
  const auto parts = Split(text, ':');
  const auto major = parts.size() == 2 ? ToInteger(parts[0]) : std::nullopt;
  const auto minor = major ? ToInteger(parts[1]) : std::nullopt;
  return minor ? ::makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor)) : 0;
}

Failure StaysMounted(int error_number, const std::string& point) {
  if (error_number == EBUSY) return Fail(ErrorCode::Busy, "files on {} are open", point);
  if (error_number == EINVAL || error_number == ENOENT)
    return Fail(ErrorCode::NotFound, "nothing is mounted at {}", point);
  return FailAt(error_number, "unmount", point);
}

/// Whoever asks for the free space of a mount, or comes by on a path, makes it busy for a moment, and nobody says when
/// that is over. Files that are open stay open longer.
template <class Attempt>
Result<void> WhenNobodyLooks(const std::string& point, Attempt attempt) {
  for (int tries = 20;; --tries) {
    if (attempt()) return {};
    const int error_number = errno;
    if (error_number != EBUSY || tries == 1) return StaysMounted(error_number, point);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

// "36 35 98:0 /root /mount options shared:1 - ext4 /dev/sda1 rw": any number of optional fields before the "-".
std::vector<Mount> ParseMountTable(std::string_view text) {
  std::vector<Mount> table;
  for (const std::string_view line : Split(text, '\n')) {
    const auto fields = Split(line, ' ');
    if (fields.size() < 9) continue;
    const auto dash = std::find(fields.begin() + 6, fields.end(), "-");
    const auto id = ToInteger(fields[0]);
    if (!id || *id < 0 || fields.end() - dash < 3) continue;
    table.push_back({.id = static_cast<std::uint64_t>(*id),
                     .device = ToDevice(fields[2]),
                     .point = Unescape(fields[4]),
                     .type = Unescape(dash[1]),
                     .source = Unescape(dash[2])});
  }
  return table;
}

Result<std::vector<Mount>> ReadMountTable() {
  const auto text = ReadFile("/proc/self/mountinfo");
  if (!text) return Failure(text.error());
  return ParseMountTable(*text);
}

Result<Usage> UsageOf(const std::string& path) {
  struct statvfs numbers {};
  if (::statvfs(path.c_str(), &numbers) != 0) return FailAt(errno, "look at the file system of", path);
  const auto bytes = [&](fsblkcnt_t blocks) { return static_cast<std::uint64_t>(blocks) * numbers.f_frsize; };
  return Usage{.total_bytes = bytes(numbers.f_blocks),
               .used_bytes = bytes(numbers.f_blocks - std::min(numbers.f_bfree, numbers.f_blocks)),
               .available_bytes = bytes(numbers.f_bavail),
               .read_only = (numbers.f_flag & ST_RDONLY) != 0};
}

bool IsMounted(const std::string& point) {
  const auto table = ReadMountTable();
  return table && std::ranges::find(*table, point, &Mount::point) != table->end();
}

Result<void> SyncFileSystem(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return FailAt(errno, "open", path);
  if (::syncfs(directory.Get()) != 0) return FailAt(errno, "write all of it to", path);
  return {};
}

Result<void> Unmount(const std::string& point) {
  return WhenNobodyLooks(point, [&] { return ::umount2(point.c_str(), UMOUNT_NOFOLLOW) == 0; });
}

Result<void> CanUnmount(const std::string& point) {
  return WhenNobodyLooks(point, [&] {
    // The first of two steps of an expiry: the kernel says whether the mount is in use, and only marks it. A mark that
    // is there already would be the second step; looking at the mount takes it off.
    (void)::access(point.c_str(), F_OK);
    return ::umount2(point.c_str(), MNT_EXPIRE | UMOUNT_NOFOLLOW) == 0 || errno == EAGAIN;
  });
}

}  // namespace cmdsrv
