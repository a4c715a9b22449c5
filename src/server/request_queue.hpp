#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "server/request.hpp"

namespace cmdsrv {

/// The queue between the router and all workers: an idle worker takes the oldest request. Two lanes, so that workers
/// that are reserved for quick requests never get a slow one. Any thread.
class RequestQueue {
 public:
  /// At most `limit` requests wait; those under way do not count.
  explicit RequestQueue(std::size_t limit) : limit_(limit) {}

  /// Moves the requests in, in order. Those for which there is no room (all, after Close) stay in `batch`.
  void Push(std::vector<Request>& batch);

  enum class Worker { General, QuickOnly };

  /// Waits for a request. Empty when the queue is closed and nothing for this kind of worker is left.
  std::optional<Request> Take(Worker worker);

  /// Nothing is let in any more; what is in is still given out.
  void Close();

 private:
  struct Waiting {
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
  /// looks again when it has taken its request: so a burst of quick requests is served by few workers and with few
  /// wakes, while slow requests get as many workers as there are.
  Sleepers* PickSleeper();
  std::optional<Request> Pop(Worker worker);

  const std::size_t limit_;
  std::mutex mutex_;
  std::deque<Waiting> quick_;
  std::deque<Waiting> slow_;
  std::uint64_t next_number_ = 0;
  Sleepers general_;
  Sleepers quick_only_;
  bool closed_ = false;
};

}  // namespace cmdsrv
