#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "platform/tree_walk.hpp"

/// Directories of web pages that came from strangers.
namespace cmdsrv {

struct ReadableTree : TreeFacts {
  std::uint64_t removed = 0;  ///< links, devices and the like
};

/// Makes the tree readable by the web server and harmless: directories 0755, files 0644 (no set-id, no execution),
/// owned by us; whatever is neither file nor directory is removed, as are the hidden directories of broken-off copies.
Result<ReadableTree> MakeReadable(const std::string& directory);

/// Every regular file of `from` is in `to` with the same size; else Io naming the first that is not.
Result<void> CompareTrees(const std::string& from, const std::string& to);

}  // namespace cmdsrv
