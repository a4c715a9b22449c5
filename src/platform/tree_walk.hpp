#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

/// Looking at whole directories. No link is followed. Any thread; errors name the path.
namespace cmdsrv {

/// Hidden directories of this name hold files of copies that broke off.
inline constexpr std::string_view kPartialDirectory = ".cmdsrv-partial";

/// Calls `visit` for everything below the directory, parents before children, until it returns an error. Directories of
/// broken-off copies are visited and not entered.
Result<void> WalkTree(const std::string& directory,
                      const std::function<Result<void>(const std::string& path, const struct stat& facts)>& visit);

struct TreeFacts {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  ///< of the files
};

/// Counts the regular files.
Result<TreeFacts> CountTree(const std::string& directory);

}  // namespace cmdsrv
