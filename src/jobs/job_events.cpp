#include "jobs/job_events.hpp"

#include <algorithm>
#include <random>

namespace cmdsrv {
namespace {

/// Below 2^52, so that a JSON number holds every one of them; room for 2^32 changes in a life.
std::uint64_t RandomBegin() {
  std::random_device random;
  return (std::uint64_t{random() % (1U << 20U)} << 32U) + 1;
}

}  // namespace

JobEvents::JobEvents() : JobEvents(RandomBegin()) {}

void JobEvents::Push(std::vector<JobChange> changes) {
  if (changes.empty()) return;
  const std::lock_guard lock(mutex_);
  std::uint64_t seq = latest_;
  for (JobChange& change : changes) {
    DropSuperseded(change);
    change.seq = ++seq;
    if (IsFinal(change.status)) ++ended_[static_cast<std::size_t>(change.status)];
    kept_.push_back(std::move(change));
  }
  while (kept_.size() > kMost) {
    dropped_ = kept_.front().seq;
    kept_.pop_front();
  }
  latest_ = seq;
  if (waiting_ && wake_) wake_();
}

/// What a job has printed is said by the newest change of it alone.
void JobEvents::DropSuperseded(const JobChange& change) {
  const auto older = std::find_if(kept_.rbegin(), kept_.rend(), [&](const JobChange& kept) {
    return kept.id == change.id && kept.output_bytes >= 0;
  });
  if (older != kept_.rend()) kept_.erase(std::next(older).base());
}

std::optional<JobChanges> JobEvents::After(std::uint64_t since) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t latest = latest_;
  if (since < dropped_ || since > latest) return std::nullopt;
  JobChanges after{.seq = latest, .snapshot = false, .changes = {}};
  const auto first = std::ranges::upper_bound(kept_, since, {}, &JobChange::seq);
  after.changes.assign(first, kept_.end());
  return after;
}

void JobEvents::OnPush(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

}  // namespace cmdsrv
