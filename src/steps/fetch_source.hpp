#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "content/metalink.hpp"
#include "steps/fetch_request.hpp"
#include "steps/net.hpp"

/// Where a file can be had and how one will know that it is the right one.
namespace cmdsrv {

struct FetchSource {
  Metalink metalink;  ///< urls: at least one; size, pieces as far as known
  bool from_metalink = false;
  std::string sha256;  ///< empty: nobody offers one
  std::string etag;    ///< of `seen_url`, when it was asked
  std::string last_modified;
  std::string seen_url;
};

/// Reads the metalink, asks the server about the file, looks for a hash beside it. Errors: those of
/// steps/net.hpp, and Corrupt when server and catalog disagree about the size.
Result<FetchSource> LookUp(const FetchRequest& request, const net::Deadlines& deadlines);

/// The catalog's size is in K, rounded: 1 K more or less is the same.
bool SizeFits(std::uint64_t bytes, std::uint64_t size_k);

}  // namespace cmdsrv
