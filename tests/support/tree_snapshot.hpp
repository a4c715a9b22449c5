#pragma once

#include <map>
#include <string>
#include <vector>

namespace cmdsrv::test {

/// Every name below a directory with what says whether it was touched: kind, mode, size, time of change of files, where
/// links lead. Links are not followed.
class TreeSnapshot {
 public:
  explicit TreeSnapshot(const std::string& directory);

  /// Paths from the directory on ("/etc/hosts") that were made, changed or removed between this and `later`.
  std::vector<std::string> ChangedIn(const TreeSnapshot& later) const;

 private:
  std::map<std::string, std::string> prints_;
};

}  // namespace cmdsrv::test
