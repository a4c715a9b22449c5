#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

/// What needs libzim and libkiwix. Loads iiab-cmdsrv-zim.so at the first use; ReadZimHeader does without.
namespace cmdsrv::zim_tools {

inline constexpr std::uint64_t kZimChecksumBytes = 16;

struct ZimHeader {
  std::string uuid;          ///< as in library.xml
  std::uint64_t bytes = 0;   ///< of the file
  std::uint64_t wanted = 0;  ///< size that the header promises; differs for cut files, and for the first of split ones

  std::uint64_t ChecksumAt() const { return wanted - kZimChecksumBytes; }
};

/// The first 80 bytes of a file. Corrupt when it is no ZIM, saying so if it is a web page; links are followed.
Result<ZimHeader> ReadZimHeader(const std::string& path);

/// The MD5 that the ZIM says of all its bytes before these last 16, lower-case hexadecimal. Of a whole, single file.
Result<std::string> ReadZimChecksum(const std::string& path, const ZimHeader& header);

enum class Depth { Opens, WholeFile };

/// Corrupt when libzim cannot open it or, for WholeFile, its checksum is wrong. WholeFile knows split ones too and is
/// slow: for files that nothing else of us reads. docs/decisions/0017-one-reading-proves-a-zim.md
Result<void> CheckZim(const std::string& path, Depth depth);

struct LibraryChange {
  std::string library;  ///< to start from; empty: from nothing
  std::string written;  ///< a file that may be replaced, in the library's directory
  std::vector<std::string> removed_ids;
  std::vector<std::string> added_paths;
};

/// Sentences about ZIMs that could not be added; the others are in `written` then.
Result<std::vector<std::string>> WriteLibrary(const LibraryChange& change);

}  // namespace cmdsrv::zim_tools
