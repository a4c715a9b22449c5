#include "commands/system_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::array<std::string_view, 7> kUnits = {"", "K", "M", "G", "T", "P", "E"};

/// As free prints: one decimal below ten, cut off above.
std::string MemorySize(std::uint64_t kib) {
  if (kib == 0) return "0B";
  constexpr std::array<std::string_view, 4> kBinary = {"Ki", "Mi", "Gi", "Ti"};
  auto number = static_cast<double>(kib);
  std::size_t unit = 0;
  while (number >= 1000 && unit + 1 < kBinary.size()) {
    number /= 1024;
    ++unit;
  }
  return number < 9.95 ? fmt::format("{:.1f}{}", number, kBinary[unit])
                       : fmt::format("{:.0f}{}", std::floor(number), kBinary[unit]);
}

using Numbers = std::map<std::string, std::uint64_t, std::less<>>;

/// Lines like "MemTotal:       24684084 kB".
Numbers ReadNumbers(std::string_view text) {
  Numbers numbers;
  for (const std::string_view line : Split(text, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = Trim(line.substr(colon + 1));
    value = value.substr(0, value.find(' '));
    if (const auto number = ToInteger(value); number && *number >= 0)
      numbers[std::string(line.substr(0, colon))] = static_cast<std::uint64_t>(*number);
  }
  return numbers;
}

std::string TableLine(std::string_view name, const std::vector<std::uint64_t>& kib) {
  std::string line = fmt::format("{:<8}", name);
  for (const std::uint64_t one : kib) line += fmt::format("{:>12}", MemorySize(one));
  return line;
}

std::string Printable(std::string_view text) {
  std::string out = ToUtf8(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

/// Characters, as far as that tells the width.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string PercentUsed(const Usage& usage) {
  const std::uint64_t all = usage.used_bytes + usage.available_bytes;
  if (all == 0) return "-";
  return fmt::format("{:.0f}%", std::ceil(100.0 * static_cast<double>(usage.used_bytes) / static_cast<double>(all)));
}

bool IsLocal(const Mount& mount) {
  constexpr std::array<std::string_view, 17> kWithoutSpace = {
      "autofs", "proc", "sysfs",      "devpts", "cgroup", "cgroup2",  "debugfs",     "tracefs",  "fusectl",
      "mqueue", "bpf",  "securityfs", "pstore", "nsfs",   "configfs", "binfmt_misc", "hugetlbfs"};
  constexpr std::array<std::string_view, 6> kRemote = {"nfs", "nfs4", "cifs", "smb3", "afs", "ceph"};
  if (std::ranges::find(kWithoutSpace, mount.type) != kWithoutSpace.end()) return false;
  if (std::ranges::find(kRemote, mount.type) != kRemote.end()) return false;
  if (mount.type.starts_with("fuse.") && mount.type != "fuse.exfat") return false;  // sshfs, portals of the desktop
  return mount.source.find(':') == std::string::npos && !mount.source.starts_with("//");
}

}  // namespace

std::string CeilingSize(std::uint64_t bytes) {
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 1024 && unit + 1 < kUnits.size()) {
    number /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{}", bytes);
  if (const double tenths = std::ceil(number * 10) / 10; tenths < 10)
    return fmt::format("{:.1f}{}", tenths, kUnits[unit]);
  number = std::ceil(number);
  if (number >= 1024 && unit + 1 < kUnits.size()) return fmt::format("1.0{}", kUnits[unit + 1]);
  return fmt::format("{:.0f}{}", number, kUnits[unit]);
}

std::vector<std::string> MemoryTable(std::string_view meminfo) {
  Numbers of = ReadNumbers(meminfo);
  const std::uint64_t total = of["MemTotal"];
  if (total == 0) return {};
  const std::uint64_t cache = of["Buffers"] + of["Cached"] + of["SReclaimable"];
  const std::uint64_t available =
      std::min(of.contains("MemAvailable") ? of["MemAvailable"] : of["MemFree"] + cache, total);
  const std::uint64_t swap = of["SwapTotal"], swap_free = std::min(of["SwapFree"], swap);
  return {"               total        used        free      shared  buff/cache   available",
          TableLine("Mem:", {total, total - available, of["MemFree"], of["Shmem"], cache, available}),
          TableLine("Swap:", {swap, swap - swap_free, swap_free})};
}

std::vector<Mount> LocalMounts(const std::vector<Mount>& mounts) {
  std::vector<Mount> local;
  for (const Mount& mount : mounts) {
    if (!IsLocal(mount)) continue;
    // What was mounted over is not to be seen any more.
    std::erase_if(local, [&](const Mount& other) { return other.point == mount.point; });
    const auto same = std::ranges::find(local, mount.device, &Mount::device);
    if (same == local.end()) {
      local.push_back(mount);
    } else if (mount.point.size() < same->point.size()) {
      *same = mount;
    }
  }
  return local;
}

std::vector<std::string> FileSystemTable(const std::vector<FileSystemRow>& rows) {
  std::size_t width = 14;
  for (const FileSystemRow& row : rows) width = std::max(width, Width(Printable(row.source)));
  std::vector<std::string> lines;
  const auto add = [&](std::string_view source, std::string_view size, std::string_view used, std::string_view free,
                       std::string_view percent, std::string_view point) {
    lines.push_back(fmt::format("{}{} {:>5} {:>5} {:>5} {:>4} {}", source, std::string(width - Width(source), ' '),
                                size, used, free, percent, point));
  };
  add("Filesystem", "Size", "Used", "Avail", "Use%", "Mounted on");
  for (const FileSystemRow& row : rows) {
    add(Printable(row.source), CeilingSize(row.usage.total_bytes), CeilingSize(row.usage.used_bytes),
        CeilingSize(row.usage.available_bytes), PercentUsed(row.usage), Printable(row.mount_point));
  }
  return lines;
}

json::object LinesReply(std::string_view name, const std::vector<std::string>& lines) {
  json::array list;
  for (const std::string& line : lines) list.emplace_back(line);
  list.emplace_back("");
  return {{name, std::move(list)}};
}

}  // namespace cmdsrv
