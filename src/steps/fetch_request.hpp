#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"

namespace cmdsrv {

/// What a download step was asked for, checked.
struct FetchRequest {
  std::string url;           ///< of the file
  std::string metalink;      ///< of the metalink document; empty: none is offered
  std::string file_ref;      ///< SAFE-NAME
  std::uint64_t size_k = 0;  ///< of the file, from the catalog; 0: unknown
  std::string sha256 = {};   ///< lower case; empty: unknown
  int tries = 5;             ///< without a new byte, in a row
};

enum class Metalinks { Used, Unknown };

/// Malformed when a value could not safely become a path or an argument. Metalinks::Unknown: there is no option
/// --metalink, and an address that ends in .meta4 means nothing special.
Result<FetchRequest> ReadFetchRequest(std::span<const std::string> arguments, Metalinks metalinks);

}  // namespace cmdsrv
