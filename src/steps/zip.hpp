#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// Zip archives from the internet, which are hostile. Loads iiab-cmdsrv-zip.so at the first use.
namespace cmdsrv::zip_tools {

struct ZipEntry {
  enum class Kind { File, Directory, Link, Other } kind = Kind::Other;
  std::string path;         ///< as the archive says it; empty: it has no readable name
  std::uint64_t bytes = 0;  ///< unpacked, as the table of contents says
  bool doubtful = false;    ///< the archive contradicts itself about it
};

enum class Take { Skip, Data };

/// libarchive keeps all of the table of contents in memory. A portable ZIM has some hundred entries.
inline constexpr std::uint64_t kTableLimit = 16U << 20U;

struct ZipVisitor {
  std::function<Result<Take>(const ZipEntry&)> entry;
  std::function<Result<void>(std::string_view piece)> data;  ///< of the last entry
  std::function<Result<void>()> end = {};                    ///< of that entry; its checksum is right
  std::uint64_t table_limit = kTableLimit;
};

/// Goes through the archive until its end or until a function of the visitor fails, whose Error is returned then.
/// Corrupt, with a sentence that does not name the path, when it is no zip archive (or a web page, or cut off), its
/// table of contents is larger than the visitor allows, or it is damaged.
Result<void> ReadZip(const std::string& path, const ZipVisitor& visitor);

/// True when the Error of ReadZip means a web page.
bool IsWebPage(const Error& error);

}  // namespace cmdsrv::zip_tools
