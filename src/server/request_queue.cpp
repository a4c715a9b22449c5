#include "server/request_queue.hpp"

#include <algorithm>

namespace cmdsrv {

void RequestQueue::Push(std::vector<Request>& batch) {
  const std::scoped_lock lock(mutex_);
  const std::size_t waiting = quick_.size() + slow_.size();
  const std::size_t room = closed_ || waiting >= limit_ ? 0 : limit_ - waiting;
  const std::size_t accepted = std::min(room, batch.size());
  for (std::size_t i = 0; i < accepted; ++i) {
    const bool quick = batch[i].lane == Lane::Quick;
    (quick ? quick_ : slow_).push_back({next_number_++, std::move(batch[i])});
    if (!WakeOne(general_) && quick) WakeOne(quick_only_);
  }
  batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(accepted));
}

bool RequestQueue::WakeOne(Sleepers& sleepers) {
  if (sleepers.asleep == 0) return false;
  --sleepers.asleep;
  ++sleepers.tokens;
  sleepers.wake.notify_one();
  return true;
}

std::optional<Request> RequestQueue::Take(Worker worker) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (auto request = Pop(worker)) return request;
    if (closed_) return std::nullopt;
    Sleepers& sleepers = worker == Worker::General ? general_ : quick_only_;
    ++sleepers.asleep;
    sleepers.wake.wait(lock, [&] { return sleepers.tokens > 0 || closed_; });
    if (sleepers.tokens > 0) --sleepers.tokens;
  }
}

std::optional<Request> RequestQueue::Pop(Worker worker) {
  const bool may_slow = worker == Worker::General && !slow_.empty();
  if (quick_.empty() && !may_slow) return std::nullopt;
  const bool slow_is_older = may_slow && (quick_.empty() || slow_.front().number < quick_.front().number);
  auto& lane = slow_is_older ? slow_ : quick_;
  Request request = std::move(lane.front().request);
  lane.pop_front();
  return request;
}

void RequestQueue::Close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  general_.wake.notify_all();
  quick_only_.wake.notify_all();
}

}  // namespace cmdsrv
