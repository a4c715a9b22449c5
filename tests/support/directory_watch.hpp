#pragma once

#include <string>
#include <vector>

#include "platform/unique_fd.hpp"

namespace cmdsrv::test {

/// Notes every name that appears in a directory from now on, also one that is gone again when the test looks.
class DirectoryWatch {
 public:
  explicit DirectoryWatch(const std::string& directory);

  /// Names that were made in place (written byte by byte under this name) since the last call.
  std::vector<std::string> Made();
  /// Names that were moved in since the last call.
  std::vector<std::string> MovedIn();

 private:
  UniqueFd watch_;
  std::vector<std::string> made_, moved_in_;

  void Read();
};

}  // namespace cmdsrv::test
