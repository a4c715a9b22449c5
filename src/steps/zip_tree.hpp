#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "steps/zip.hpp"

namespace cmdsrv {

/// Which entries of an archive are wanted.
struct ZipChoice {
  /// Where an entry goes, below the directory that is unpacked into; empty when it is not wanted. Refused when its
  /// archive must not be unpacked at all. Pure.
  std::function<Result<std::string>(const zip_tools::ZipEntry&)> place_of;
  std::size_t most_entries = 100'000;
  std::uint64_t table_limit = zip_tools::kTableLimit;
};

/// What an archive gives to a directory.
struct ZipTree {
  std::map<std::string, std::uint64_t> files;  ///< "data/content/x.zim" → bytes
  std::uint64_t bytes = 0;                     ///< of all of them
};

/// The parts of an entry's name, without empty ones and "."; Refused when it could lead out of the directory. They are
/// valid as long as `path` is.
Result<std::vector<std::string_view>> PartsOfName(const std::string& path);

/// Reads the table of contents. Refused, beside the above: a name comes twice, too many entries. Corrupt as ReadZip.
Result<ZipTree> PlanTree(const std::string& zip, const ZipChoice& choice);

/// The archive becomes files below `directory` (ends in '/'): each under its name only when its checksum was right and
/// it is on the disk. What an earlier run unpacked of the same archive stays, everything else that is there goes.
/// Errors: NotFound, NoSpace, Refused, Corrupt (with the file that is damaged), Io.
Result<void> UnpackTree(const std::string& zip, const std::string& directory, const ZipTree& tree,
                        const ZipChoice& choice);

}  // namespace cmdsrv
