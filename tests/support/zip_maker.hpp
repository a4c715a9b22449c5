#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv::test {

/// One entry of a zip archive; nothing about it is checked, so that hostile archives can be made too.
struct ZipItem {
  std::string path;          ///< one that ends in '/' is a directory
  std::string bytes = {};    ///< of a file
  std::string link_to = {};  ///< not empty: a symbolic link
  unsigned mode = 0644;
};

enum class Packing { Stored, Deflated };

/// Replaces `path` by a real zip archive.
Result<void> MakeZip(const std::string& path, const std::vector<ZipItem>& items, Packing packing = Packing::Deflated);

enum class ZipField { Checksum, UnpackedSize };
enum class ZipPlace { Table, TableAndEntry };

/// Overwrites a fact about the entry `number` (0: the first) in the table of contents, and before the entry itself.
/// NotFound when there is no such entry.
Result<void> PatchZip(const std::string& path, unsigned number, ZipField field, ZipPlace place, std::uint32_t value);

}  // namespace cmdsrv::test
