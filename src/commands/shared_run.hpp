#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>

#include "base/result.hpp"
#include "platform/process.hpp"

namespace cmdsrv {

/// One program run that callers at the same time share: the first runs it, the others wait for its outcome.
class SharedRun {
 public:
  /// `run` must end by a deadline of its own. Any thread; every caller gets the outcome of a run that began after, or
  /// was under way when, it called.
  Result<RunOutcome> Run(const std::function<Result<RunOutcome>()>& run) {
    std::unique_lock lock(mutex_);
    if (running_) {
      const unsigned long mine = generation_;
      ended_.wait(lock, [&] { return generation_ != mine; });
      return last_;
    }
    running_ = true;
    lock.unlock();
    auto outcome = Guarded(run);
    lock.lock();
    last_ = outcome;
    running_ = false;
    ++generation_;
    ended_.notify_all();
    return outcome;
  }

 private:
  /// No memory, say: the others must not wait for ever.
  static Result<RunOutcome> Guarded(const std::function<Result<RunOutcome>()>& run) {
    try {
      return run();
    } catch (const std::exception& error) {
      return Fail(ErrorCode::Internal, "the run was given up: {}", error.what());
    }
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  bool running_ = false;
  unsigned long generation_ = 0;
  Result<RunOutcome> last_ = RunOutcome{};
};

}  // namespace cmdsrv
