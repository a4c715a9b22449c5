#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// Tells of writes to files, once for each wish (inotify). One thread.
class WriteWatch {
 public:
  /// Io when the kernel has no more of them.
  static Result<WriteWatch> Make();

  /// Readable when something was written.
  int Descriptor() const { return fd_.Get(); }

  /// A number for the wish: the first write to the file after this call, through any descriptor, is told by Take, and
  /// then no more. A second wish for the same file has the number of the first. Links are not followed.
  Result<int> Once(const std::string& path);

  /// The file is not watched any more; nothing when it was not.
  void Forget(int number);

  /// The wishes that came true, oldest first.
  std::vector<int> Take();

 private:
  explicit WriteWatch(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace cmdsrv
