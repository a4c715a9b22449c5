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
    /// A second lock, where the jobs are: the first can be deleted while its server runs, and two servers would start
    /// each job twice. Empty: none; the same when it cannot be made, which the jobs will complain about themselves.
    std::string jobs_lock = {};
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
  Instance(Paths paths, FileLock lock, std::optional<FileLock> jobs_lock)
      : paths_(std::move(paths)), lock_(std::move(lock)), jobs_lock_(std::move(jobs_lock)) {}

  Paths paths_;
  std::optional<FileLock> lock_;  ///< empty: moved away
  std::optional<FileLock> jobs_lock_;
};

}  // namespace cmdsrv
