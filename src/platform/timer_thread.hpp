#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace cmdsrv {

/// Calls functions later, one after the other, in a thread of its own that exists from the first call on and sleeps in
/// between. Times are steady: a jump of the wall clock does not matter. Any thread.
class TimerThread {
 public:
  using Id = std::uint64_t;  ///< never 0

  TimerThread() = default;
  ~TimerThread() { Stop(); }
  TimerThread(const TimerThread&) = delete;
  TimerThread& operator=(const TimerThread&) = delete;

  /// After Stop nothing is called any more, and what `act` holds is let go at once.
  Id After(std::chrono::milliseconds delay, std::function<void()> act);

  /// True when `id` was still to come; it is not called then.
  bool Drop(Id id);

  /// Waits for the call that is under way, forgets all others. Not from one of the functions.
  void Stop();

 private:
  using Key = std::pair<std::chrono::steady_clock::time_point, Id>;

  void Serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::function<void()>> acts_;  ///< guarded by mutex_, as all below
  Id last_ = 0;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace cmdsrv
