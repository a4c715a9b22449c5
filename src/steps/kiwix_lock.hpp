#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

/// The lock that the host project's iiab-make-kiwix-lib takes: the directory make-kiwix-lib.lockdir. Beside it lies a
/// note of who made it, so that a lock left by a kill is known as such at once; a foreign one is taken for dead after
/// 10 min, as the host's program does.
class KiwixLibraryLock {
 public:
  /// `directory`: /run/lock/kiwix/ in the root; made when missing. Busy when `wait` is over.
  static Result<KiwixLibraryLock> Take(const std::string& directory, std::chrono::seconds wait);

  KiwixLibraryLock(KiwixLibraryLock&& other) noexcept
      : lock_(std::move(other.lock_)), directory_(std::exchange(other.directory_, {})) {}
  KiwixLibraryLock& operator=(KiwixLibraryLock&&) = delete;
  ~KiwixLibraryLock();

 private:
  KiwixLibraryLock(FileLock lock, std::string directory) : lock_(std::move(lock)), directory_(std::move(directory)) {}

  FileLock lock_;  ///< among programs of our own
  std::string directory_;
};

}  // namespace cmdsrv
