#pragma once

#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "platform/event_loop.hpp"

namespace cmdsrv::model {

/// A loop that does one thing when it is told to: between any two tasks anything else may happen.
class SimLoop final : public EventLoop {
 public:
  explicit SimLoop(ManualClock& clock) : clock_(clock) {}

  SourcePtr OnReadable(int, std::function<void()>) override { std::abort(); }  // the simulated machine has none
  SourcePtr After(std::chrono::milliseconds delay, std::function<void()> callback) override {
    auto timer = std::make_unique<Timer>();
    timer->owner = timers_;
    timer->key = {clock_.Steady() + delay, ++last_};
    timers_->emplace(timer->key, std::move(callback));
    return timer;
  }
  void Post(std::function<void()> task) override {
    if (!quit_) posted_.push_back(std::move(task));
  }
  void Run() override { std::abort(); }
  void Quit() override {
    quit_ = true;
    posted_.clear();
  }

  bool HasQuit() const { return quit_; }
  bool HasTask() const { return !posted_.empty(); }
  void RunTask() {
    const auto task = std::move(posted_.front());
    posted_.pop_front();
    task();
  }

  std::optional<SteadyTime> NextTimer() const {
    return timers_->empty() ? std::nullopt : std::optional(timers_->begin()->first.first);
  }
  /// Fires the first timer if it is due.
  bool FireTimer() {
    if (timers_->empty() || timers_->begin()->first.first > clock_.Steady()) return false;
    const auto callback = std::move(timers_->begin()->second);
    timers_->erase(timers_->begin());
    callback();
    return true;
  }

 private:
  using Key = std::pair<SteadyTime, std::uint64_t>;  // the number keeps two of the same time in order
  using Timers = std::map<Key, std::function<void()>>;
  struct Timer final : Source {
    std::shared_ptr<Timers> owner;
    Key key;
    ~Timer() override { owner->erase(key); }
  };

  ManualClock& clock_;
  std::deque<std::function<void()>> posted_;
  std::shared_ptr<Timers> timers_ = std::make_shared<Timers>();
  std::uint64_t last_ = 0;
  bool quit_ = false;
};

}  // namespace cmdsrv::model
