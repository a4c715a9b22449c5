#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "platform/mount_table.hpp"

/// What free, df and du would print: the console shows their lines as they are. Pure.
namespace cmdsrv {

/// "4.0K", "12M", "512": rounded up, as du -h and df -h do.
std::string CeilingSize(std::uint64_t bytes);

/// The three lines of `free -h`, from the text of /proc/meminfo; empty when that has no MemTotal.
std::vector<std::string> MemoryTable(std::string_view meminfo);

struct FileSystemRow {
  std::string source;
  Usage usage;
  std::string mount_point;
};

/// The lines of `df -h`. Control characters of names become '?'.
std::vector<std::string> FileSystemTable(const std::vector<FileSystemRow>& rows);

/// The mounts that `df -l` would look at: local ones with a device or memory behind them, of several mounts of one the
/// shortest mount point.
std::vector<Mount> LocalMounts(const std::vector<Mount>& mounts);

/// The reply pattern ARR: {"name": ["line 1", …, ""]}.
json::object LinesReply(std::string_view name, const std::vector<std::string>& lines);

}  // namespace cmdsrv
