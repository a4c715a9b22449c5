#include "jobs/minder_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/log.hpp"
#include "base/log_subject.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr log::Domain kJobs{"jobs"};
constexpr std::chrono::hours kPruneEvery{24};

}  // namespace

std::string VerbIn(const std::string& message) { return message.substr(0, message.find(' ')); }

std::chrono::milliseconds Backoff(unsigned tries) {
  return std::min<std::chrono::milliseconds>(30s, 1s * (1U << std::min(tries, 5U)));
}

MinderCore::MinderCore(Parts parts, const MinderOptions& options)
    : parts_(std::move(parts)),
      options_(options),
      paths_{options.state_directory, options.output_directory},
      outputs_(paths_, options.log_directory_bytes),
      gate_(options_, parts_.clock, parts_.loop, parts_.table, [this] { Wake(); }),
      network_(options_.network, parts_.clock, parts_.loop, parts_.table, [this] { Wake(); }),
      space_(options_, parts_.clock, parts_.loop, parts_.table, [this] { Wake(); }),
      output_news_({parts_.clock, parts_.loop, parts_.runner, parts_.table, parts_.events}),
      progress_({parts_.clock, parts_.loop, parts_.runner, parts_.table,
                 [this](std::vector<JobUpdate> updates) { WriteProgress(std::move(updates)); }}) {}

void MinderCore::Wake() {
  if (!pass_wanted_.exchange(true)) parts_.loop->Post([this] { Pass(); });
}

void MinderCore::Pass() {
  pass_wanted_ = false;
  if (all_gone_) return;  // stopping: what is not begun stays for the next start
  Isolated({}, "look for jobs to start", [this] { Schedule(); });
}

void MinderCore::Schedule() {
  for (const ServiceGate::TooLate& late : gate_.Look()) {
    Isolated(late.id, "end", [&] {
      End(late.id, {JobEvent::EndedBadly, reason::kService, late.reason, {}, late.reason});
    });
  }
  for (const SpaceGate::Hopeless& never : space_.Look()) {
    Isolated(never.id, "end", [&] {
      const JobRecord* job = Find(never.id);
      if (job != nullptr) End(never.id, EndOfIdle(*job, JobEvent::EndedBadly, reason::kSpace, never.reason));
    });
  }
  for (const JobId id : network_.Look()) Isolated(id, "count the wait of", [&] { HostIsSilent(id); });
  const SteadyTime now = parts_.clock.Steady();
  std::vector<JobId> startable;
  std::optional<SteadyTime> retry;
  parts_.table.With([&](JobTable::Jobs& jobs) {
    const auto list = ListOf(jobs);
    startable = FindStartable(list, LimitsOf(options_), now);
    for (const JobRecord* job : list) {
      const auto* waiting = std::get_if<Waiting>(&job->stage);
      if (waiting != nullptr && waiting->not_before > now)
        retry = retry ? std::min(*retry, waiting->not_before) : waiting->not_before;
    }
  });
  for (const JobId id : startable) {
    if (!Isolated(id, "start", [&] { Begin(id); })) RescueStart(id);
  }
  TellChanges();
  retry_timer_.reset();
  if (retry)
    retry_timer_ = parts_.loop->After(std::chrono::ceil<std::chrono::milliseconds>(*retry - now), [this] { Wake(); });
}

void MinderCore::Prune() {
  prune_timer_ = parts_.loop->After(kPruneEvery, [this] { parts_.loop->Post([this] { Prune(); }); });
  parts_.store.Prune([this, loop = parts_.loop](Result<PrunedRows> pruned) {
    loop->Post([this, pruned = std::move(pruned)] {
      if (!pruned) return log::Warning(kJobs, "cannot delete old jobs: {}", pruned.error().message);
      for (const JobId id : pruned->jobs) outputs_.Remove(id);
      outputs_.RemoveOlderThan(pruned->now - options_.log_age);
    });
  });
}

/// One job's trouble, whatever it is, must not keep the others from being minded.
bool MinderCore::Isolated(JobId id, std::string_view what, const std::function<void()>& act) {
  const JobRecord* job = id ? Find(id) : nullptr;
  const std::string verb =
      job != nullptr ? VerbIn(job->message) : std::string();  // the job may be gone before `act` ends
  const log::About about({.command = verb, .job = id.value, .group = job != nullptr ? job->group.value : 0});
  try {
    act();
    return true;
  } catch (const std::exception& error) {
    log::Error(kJobs, "cannot {} job {}: {}", what, id, error.what());
    return false;
  }
}

void MinderCore::Write(std::vector<JobUpdate> updates, Store::Durability durability,
                       std::function<void(const Result<void>&)> then) {
  parts_.store.Update(std::move(updates), durability,
                      [loop = parts_.loop, then = std::move(then)](Result<void> result) {
                        loop->Post([then, result = std::move(result)] { then(result); });
                      });
}

void MinderCore::After(JobId id, std::chrono::milliseconds delay, std::function<void()> act) {
  // By way of Post, because `act` may replace the very timer that called it.
  timers_[id] = parts_.loop->After(delay, [this, act = std::move(act)] { parts_.loop->Post(act); });
}

/// Null when there is no such job. The record's stage is changed by this thread alone, so it may be read without the
/// lock; changes are made under it.
JobRecord* MinderCore::Find(JobId id) {
  return parts_.table.With([&](JobTable::Jobs& jobs) -> JobRecord* {
    const auto at = jobs.find(id);
    return at == jobs.end() ? nullptr : &at->second;
  });
}

bool MinderCore::CancelWanted(const JobRecord& job) {
  return parts_.table.With([&](JobTable::Jobs&) { return job.cancel_wanted; });
}

/// Nobody waits for it, and what could not be written is written with the next one.
void MinderCore::WriteProgress(std::vector<JobUpdate> updates) {
  Write(std::move(updates), Store::Durability::Kept, [](const Result<void>& result) {
    if (!result) log::Warning(kJobs, "cannot record the progress of jobs: {}", result.error().message);
  });
}

/// The shim is gone.
void MinderCore::ForgetRun(JobId id) {
  runs_.erase(id);
  timers_.erase(id);
  output_news_.Ended(id);
  progress_.Ended(id);
  if (all_gone_ && runs_.empty()) all_gone_();
}

void MinderCore::InterruptAll(std::function<void()> gone) {
  all_gone_ = std::move(gone);
  for (const auto& [id, run] : runs_) run->Cancel();
  if (runs_.empty()) all_gone_();
}

}  // namespace cmdsrv
