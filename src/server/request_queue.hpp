#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "server/request.hpp"

namespace cmdsrv {

/// The queue between the router and all workers: an idle worker takes the oldest request. Lanes, so that workers that
/// are reserved for quick requests never get a slow one, and those that hash passwords are never more than two. Any
/// thread.
class RequestQueue {
 public:
  /// At most `limit` requests wait; those under way do not count.
  explicit RequestQueue(std::size_t limit) : limit_(limit) {}

  /// Moves the requests in, in order. Those for which there is no room (all, after Close) stay in `batch`.
  void Push(std::vector<Request>& batch);

  enum class Worker { General, QuickOnly, PasswordOnly };

  /// Waits for a request. Empty when the queue is closed and nothing for this kind of worker is left. `done` is the
  /// lane of the request that this worker took before and has finished.
  std::optional<Request> Take(Worker worker, std::optional<Lane> done = std::nullopt);

  /// A quick request is over in microseconds, so one that comes while a worker is at another does not wake a second
  /// one: two threads that take turns are slower than one that goes on. Whoever pushes calls this every kHelpAfter as
  /// long as it returns true: then quick requests wait, and one more worker is woken if the oldest has waited since the
  /// last call.
  bool Help();
  static constexpr std::chrono::milliseconds kHelpAfter{1};

  struct Lengths {
    std::size_t quick = 0;
    std::size_t slow = 0;  ///< passwords too
  };
  Lengths Waiting();

  /// Nothing is let in any more; what is in is still given out.
  void Close();

 private:
  struct Queued {
    std::uint64_t number;
    Request request;
  };
  /// Workers of one kind that sleep or are about to wake. Who wakes one gives it a token and takes it off the count at
  /// once, so that two requests never count on the same sleeper.
  struct Sleepers {
    std::condition_variable wake;
    std::size_t asleep = 0;
    std::size_t tokens = 0;
  };

  /// Picks the sleeper that what waits needs; notify it after unlocking. At most one is on its way at a time, and it
  /// looks again when it has taken its request: so slow requests get as many workers as there are.
  Sleepers* PickSleeper();
  bool PickPasswordSleeper();
  Sleepers& Kind(Worker worker);
  bool SomebodyIsQuick() const { return at_quick_ > 0 && slow_.empty(); }
  std::optional<Request> Pop(Worker worker);

  const std::size_t limit_;
  std::mutex mutex_;
  std::deque<Queued> quick_;
  std::deque<Queued> slow_;
  std::deque<Queued> passwords_;
  std::uint64_t next_number_ = 0;
  std::uint64_t helped_until_ = 0;  ///< what has a lower number waits since the last Help
  std::size_t at_quick_ = 0;        ///< workers that are at a quick request
  Sleepers general_;
  Sleepers quick_only_;
  Sleepers password_only_;
  bool closed_ = false;
};

}  // namespace cmdsrv
