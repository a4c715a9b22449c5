#include "jobs/space_gate.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};

bool Asks(const JobRecord& job, SpaceWait wait) {
  return job.space == wait && std::holds_alternative<Waiting>(job.stage) && !job.cancel_wanted;
}

}  // namespace

SpaceGate::SpaceGate(const MinderOptions& options, const Clock& clock, std::shared_ptr<EventLoop> loop, JobTable& table,
                     std::function<void()> changed)
    : options_(options),
      clock_(clock),
      loop_(std::move(loop)),
      table_(table),
      changed_(std::move(changed)),
      self_(std::make_shared<SpaceGate*>(this)) {}

SpaceGate::~SpaceGate() { *self_ = nullptr; }

SpaceWait SpaceGate::FirstState(const JobOptions& options, JobId depends_on) const {
  const bool asks = !options.space.empty() && !depends_on && options_.space;
  return asks ? SpaceWait::Unknown : SpaceWait::None;
}

std::vector<SpaceGate::Hopeless> SpaceGate::Look() {
  const SteadyTime now = clock_.Steady();
  bool ask = false;
  bool any_short = false;
  table_.With([&](JobTable::Jobs& jobs) {
    const auto list = ListOf(jobs);
    for (const JobRecord* job : list) {
      any_short = any_short || Asks(*job, SpaceWait::Short);
      ask = ask || Asks(*job, SpaceWait::Unknown);
    }
    ask =
        ask || (any_short && (changed_since_ || now >= next_look_)) || WantsLookAtSpace(list, LimitsOf(options_), now);
  });
  wanted_ = any_short;
  if (ask && !asking_ && options_.space) Ask();
  timer_.reset();
  if (any_short && !asking_)
    timer_ = loop_->After(std::chrono::ceil<std::chrono::milliseconds>(next_look_ - now), changed_);
  return std::exchange(hopeless_, {});
}

void SpaceGate::SpaceFreed() {
  if (!wanted_) return;
  loop_->Post([self = self_] {
    if (*self == nullptr) return;
    (*self)->changed_since_ = true;
    (*self)->changed_();
  });
}

void SpaceGate::Ask() {
  asking_ = true;
  changed_since_ = false;
  std::vector<SpaceQuestion> questions;
  table_.With([&](JobTable::Jobs& jobs) {
    for (const JobId id : SpaceClaimants(ListOf(jobs))) questions.push_back({id, jobs.at(id).options.space});
  });
  options_.space(std::move(questions), [loop = std::weak_ptr(loop_), self = self_](SpaceFacts facts) {
    const auto alive = loop.lock();
    if (!alive) return;
    alive->Post([self, facts = std::move(facts)] {
      if (*self != nullptr) (*self)->TakeAnswer(facts);
    });
  });
}

void SpaceGate::TakeAnswer(const SpaceFacts& facts) {
  const SteadyTime now = clock_.Steady();
  asking_ = false;
  next_look_ = now + options_.space_refresh;
  table_.With([&](JobTable::Jobs& jobs) {
    const auto verdicts = JudgeSpace(ListOf(jobs), facts);
    if (!verdicts) {
      changed_since_ = true;
      next_look_ = now;
      return;
    }
    for (const SpaceVerdict& verdict : *verdicts) {
      JobRecord& job = jobs.at(verdict.id);
      const bool begins = verdict.wait == SpaceWait::Short && job.space != SpaceWait::Short;
      const bool ends = verdict.wait == SpaceWait::Promised && job.space == SpaceWait::Short;
      job.space = verdict.wait;
      job.space_looked = now;
      job.space_shortage = verdict.shortage;
      if (verdict.never) hopeless_.push_back({verdict.id, "There is not enough space: " + verdict.shortage});
      if (begins) log::Info(kJobs, "job {} waits for space: {}", verdict.id, verdict.shortage);
      if (ends) log::Info(kJobs, "job {} has the space that it waited for", verdict.id);
    }
  });
  changed_();
}

}  // namespace cmdsrv
