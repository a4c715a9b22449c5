#include "platform/timer_thread.hpp"

#include <algorithm>

namespace cmdsrv {

using Steady = std::chrono::steady_clock;

TimerThread::Id TimerThread::After(std::chrono::milliseconds delay, std::function<void()> act) {
  const std::scoped_lock lock(mutex_);
  const Id id = ++last_;
  if (stopped_) return id;
  acts_.emplace(Key{Steady::now() + delay, id}, std::move(act));
  if (!thread_.joinable()) thread_ = std::thread([this] { Serve(); });
  changed_.notify_one();
  return id;
}

bool TimerThread::Drop(Id id) {
  std::function<void()> dropped;  // let go without the lock: it may hold something that asks us
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find_if(acts_, [id](const auto& one) { return one.first.second == id; });
  if (found == acts_.end()) return false;
  dropped = std::move(found->second);
  acts_.erase(found);
  return true;
}

void TimerThread::Stop() {
  std::map<Key, std::function<void()>> dropped;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    dropped.swap(acts_);
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void TimerThread::Serve() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (acts_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = acts_.begin();
    if (const auto when = first->first.first; Steady::now() < when) {
      changed_.wait_until(lock, when);
      continue;
    }
    std::function<void()> act = std::move(first->second);
    acts_.erase(first);
    lock.unlock();
    act();
    act = {};
    lock.lock();
  }
}

}  // namespace cmdsrv
