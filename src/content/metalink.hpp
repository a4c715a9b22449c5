#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv {

/// What a metalink document (RFC 5854) says about its first file. Everything is checked: URLs are http, https or ftp,
/// hashes are hexadecimal of the right length.
struct Metalink {
  std::uint64_t size = 0;           ///< 0: not given
  std::string sha256;               ///< lower case; empty: not given
  std::uint64_t piece_length = 0;   ///< 0: no pieces
  std::string piece_type;           ///< "sha-1" or "sha-256"
  std::vector<std::string> pieces;  ///< as many as the size asks for, else none
  std::vector<std::string> urls;    ///< best first (by priority, then as in the document), each once
};

/// Corrupt when it is no metalink or offers no usable URL. Pure.
Result<Metalink> ParseMetalink(std::string_view text);

/// A document with just these facts for the download program: one file of the name `file_name`, which must be a
/// SAFE-NAME. The hash of the whole file is left out: the caller proves the file itself and reads it only once that
/// way.
std::string PrintMetalink(const Metalink& metalink, std::string_view file_name);

}  // namespace cmdsrv
