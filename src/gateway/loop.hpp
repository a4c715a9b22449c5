#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.hpp"
#include "gateway/parts.hpp"

namespace cmdsrv::gateway {

/// The one thread of the gateway: waits for descriptors, for what other threads post, and for timers. Without any of
/// these it sleeps.
class Loop final : public Timers {
 public:
  using Act = std::function<void()>;
  using TimerId = std::pair<std::chrono::steady_clock::time_point, std::uint64_t>;

  static Result<std::unique_ptr<Loop>> Make();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() override;

  /// Calls `act` whenever `fd` can be read. The caller keeps the descriptor open as long as the loop runs.
  Result<void> Watch(int fd, Act act);

  /// Called before each wait; returns how long to wait at most, negative: as long as it takes.
  void BeforeWait(std::function<std::chrono::milliseconds()> prepare) { prepare_ = std::move(prepare); }

  /// Any thread.
  void Post(Act act);

  void After(std::chrono::milliseconds delay, Act act) override { Start(delay, std::move(act)); }
  TimerId Start(std::chrono::milliseconds delay, Act act);
  void Cancel(const TimerId& timer) { timers_.erase(timer); }

  /// Until Stop; to be called by one thread.
  void Run();
  void Stop() { stopped_ = true; }

 private:
  Loop(int epoll, int wake) : epoll_(epoll), wake_(wake) {}
  void Wait();
  void RunPosted();
  void RunTimers();

  const int epoll_, wake_;
  std::vector<std::unique_ptr<Act>> watched_;
  std::function<std::chrono::milliseconds()> prepare_;
  std::map<TimerId, Act> timers_;
  std::uint64_t timer_number_ = 0;
  bool stopped_ = false;
  std::mutex mutex_;
  std::vector<Act> posted_;  ///< guarded by mutex_
};

}  // namespace cmdsrv::gateway
