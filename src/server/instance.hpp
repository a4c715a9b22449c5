#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

/// The one running server: its lock, its pid file and its ready file. Both files go when the object ends; the pid file
/// goes last, and before the lock. Main thread only.
class Instance {
 public:
  struct Paths {
    std::string lock;
    std::string pid;
    std::string ready;
  };

  /// Takes the lock, removes what a killed server left behind, writes the pid file. Busy when another server runs
  /// (nothing of it is touched); Io/NoSpace with the path when a file cannot be written.
  static Result<Instance> Begin(Paths paths);

  Instance(Instance&& other) noexcept;
  Instance& operator=(Instance&&) = delete;
  ~Instance();

  Result<void> WriteReadyFile();
  /// Harmless when there is none.
  void RemoveReadyFile();

 private:
  Instance(Paths paths, FileLock lock) : paths_(std::move(paths)), lock_(std::move(lock)) {}

  Paths paths_;
  std::optional<FileLock> lock_;  ///< empty: moved away
};

}  // namespace cmdsrv
