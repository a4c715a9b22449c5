#include "server/request_queue.hpp"

#include <algorithm>

namespace cmdsrv {

void RequestQueue::Push(std::vector<Request>& batch) {
  Sleepers* sleepers = nullptr;
  std::size_t for_passwords = 0;
  {
    const std::scoped_lock lock(mutex_);
    const std::size_t waiting = quick_.size() + slow_.size() + passwords_.size();
    const std::size_t room = closed_ || waiting >= limit_ ? 0 : limit_ - waiting;
    const std::size_t accepted = std::min(room, batch.size());
    for (std::size_t i = 0; i < accepted; ++i) {
      auto& lane = IsQuick(batch[i].lane) ? quick_ : batch[i].lane == Lane::Slow ? slow_ : passwords_;
      lane.push_back({next_number_++, std::move(batch[i])});
    }
    batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(accepted));
    if (!SomebodyIsQuick()) sleepers = PickSleeper();
    while (PickPasswordSleeper()) ++for_passwords;
  }
  if (sleepers != nullptr) sleepers->wake.notify_one();
  for (; for_passwords > 0; --for_passwords) password_only_.wake.notify_one();
}

/// Each request of this lane takes long, so each gets a worker as long as there are any.
bool RequestQueue::PickPasswordSleeper() {
  if (passwords_.size() <= password_only_.tokens || password_only_.asleep == 0) return false;
  --password_only_.asleep;
  ++password_only_.tokens;
  return true;
}

RequestQueue::Sleepers& RequestQueue::Kind(Worker worker) {
  switch (worker) {
    case Worker::General: return general_;
    case Worker::QuickOnly: return quick_only_;
    case Worker::PasswordOnly: return password_only_;
  }
  return general_;
}

RequestQueue::Sleepers* RequestQueue::PickSleeper() {
  if (quick_.empty() && slow_.empty()) return nullptr;
  if (general_.tokens > 0) return nullptr;
  Sleepers* sleepers = general_.asleep > 0 ? &general_ : &quick_only_;
  const bool useless = sleepers == &quick_only_ && (quick_.empty() || quick_only_.tokens > 0);
  if (useless || sleepers->asleep == 0) return nullptr;
  --sleepers->asleep;
  ++sleepers->tokens;
  return sleepers;
}

bool RequestQueue::Help() {
  Sleepers* sleepers = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (quick_.empty()) return false;
    if (quick_.front().number < helped_until_) sleepers = PickSleeper();
    helped_until_ = next_number_;
  }
  if (sleepers != nullptr) sleepers->wake.notify_one();
  return true;
}

std::optional<Request> RequestQueue::Take(Worker worker, std::optional<Lane> done) {
  Sleepers& mine = Kind(worker);
  std::unique_lock lock(mutex_);
  if (done && IsQuick(*done)) --at_quick_;
  for (;;) {
    if (auto request = Pop(worker)) {
      if (IsQuick(request->lane)) ++at_quick_;
      Sleepers* others = SomebodyIsQuick() ? nullptr : PickSleeper();
      lock.unlock();
      if (others != nullptr) others->wake.notify_one();
      return request;
    }
    if (closed_) return std::nullopt;
    ++mine.asleep;
    mine.wake.wait(lock, [&] { return mine.tokens > 0 || closed_; });
    if (mine.tokens > 0) --mine.tokens;
  }
}

std::optional<Request> RequestQueue::Pop(Worker worker) {
  if (worker == Worker::PasswordOnly) {
    if (passwords_.empty()) return std::nullopt;
    Request request = std::move(passwords_.front().request);
    passwords_.pop_front();
    return request;
  }
  const bool may_slow = worker == Worker::General && !slow_.empty();
  if (quick_.empty() && !may_slow) return std::nullopt;
  const bool slow_is_older = may_slow && (quick_.empty() || slow_.front().number < quick_.front().number);
  auto& lane = slow_is_older ? slow_ : quick_;
  Request request = std::move(lane.front().request);
  lane.pop_front();
  return request;
}

RequestQueue::Lengths RequestQueue::Waiting() {
  const std::scoped_lock lock(mutex_);
  return {quick_.size(), slow_.size() + passwords_.size()};
}

void RequestQueue::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  general_.wake.notify_all();
  quick_only_.wake.notify_all();
  password_only_.wake.notify_all();
}

}  // namespace cmdsrv
