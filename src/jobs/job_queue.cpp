#include "jobs/job_queue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/reasons.hpp"
#include "jobs/retry.hpp"

namespace cmdsrv {
namespace {

void Take(Holdings& held, const JobRecord& job) {
  ++held.running;
  if (job.options.ansible) held.ansible = job.id;
  for (const std::string& lock : job.options.locks) held.locks.emplace(lock, job.id);
}

const std::string* TakenLock(const JobRecord& job, const Holdings& held) {
  for (const std::string& lock : job.options.locks) {
    if (held.locks.contains(lock)) return &lock;
  }
  return nullptr;
}

bool NeedsService(const Waiting& waiting) {
  return waiting.service == ServiceWait::Unknown || waiting.service == ServiceWait::NotReady;
}

bool IsUnfinished(JobId id, JobList jobs) { return id && FindJob(id, jobs) != nullptr; }

/// Everything but what others hold.
bool IsReady(const JobRecord& job, const Waiting& waiting, JobList jobs, SteadyTime now) {
  if (job.cancel_wanted || waiting.not_before > now || NeedsService(waiting)) return false;
  return !IsUnfinished(job.depends_on, jobs) && !IsUnfinished(waiting.merged_into, jobs);
}

bool HasSpace(const JobRecord& job, SteadyTime now) {
  if (job.space == SpaceWait::None) return true;
  return job.space == SpaceWait::Promised && job.space_looked != SteadyTime{} &&
         now - job.space_looked <= kSpaceLookHolds;
}

/// Everything but the slot and the space.
bool MayStart(const JobRecord& job, const Waiting& waiting, JobList jobs, const Holdings& held, SteadyTime now) {
  if (!IsReady(job, waiting, jobs, now)) return false;
  if (job.options.ansible && held.ansible) return false;
  return job.options.locks.empty() || TakenLock(job, held) == nullptr;
}

}  // namespace

const JobRecord* FindJob(JobId id, JobList jobs) {
  const auto at = std::ranges::lower_bound(jobs, id, {}, [](const JobRecord* job) { return job->id; });
  return at != jobs.end() && (*at)->id == id ? *at : nullptr;
}

Holdings HeldBy(JobList jobs) {
  Holdings held;
  for (const JobRecord* job : jobs) {
    if (IsActive(*job)) Take(held, *job);
  }
  return held;
}

std::vector<JobId> FindStartable(JobList jobs, const Limits& limits, SteadyTime now) {
  std::vector<JobId> startable;
  Holdings held = HeldBy(jobs);
  for (const bool again : {true, false}) {
    for (const JobRecord* job : jobs) {
      if (held.running >= limits.max_running) return startable;
      const auto* waiting = std::get_if<Waiting>(&job->stage);
      if (waiting == nullptr || waiting->again != again || !HasSpace(*job, now) ||
          !MayStart(*job, *waiting, jobs, held, now))
        continue;
      Take(held, *job);
      startable.push_back(job->id);
    }
  }
  return startable;
}

bool WantsLookAtSpace(JobList jobs, const Limits& limits, SteadyTime now) {
  const Holdings held = HeldBy(jobs);
  if (held.running >= limits.max_running) return false;
  return std::ranges::any_of(jobs, [&](const JobRecord* job) {
    const auto* waiting = std::get_if<Waiting>(&job->stage);
    return waiting != nullptr && job->space == SpaceWait::Promised && !HasSpace(*job, now) &&
           MayStart(*job, *waiting, jobs, held, now);
  });
}

std::vector<JobId> MergeableWith(const JobRecord& starting, JobList jobs, SteadyTime now) {
  std::vector<JobId> same;
  if (starting.options.merge.empty()) return same;
  for (const JobRecord* job : jobs) {
    const auto* waiting = std::get_if<Waiting>(&job->stage);
    if (job == &starting || waiting == nullptr || waiting->again || job->options.merge != starting.options.merge)
      continue;
    if (HasSpace(*job, now) && IsReady(*job, *waiting, jobs, now)) same.push_back(job->id);
  }
  return same;
}

WaitReason WhyWaiting(const JobRecord& job, JobList jobs, const Holdings& held, const Limits& limits, SteadyTime now) {
  const auto* waiting = std::get_if<Waiting>(&job.stage);
  if (waiting == nullptr) return {};
  if (waiting->not_before > now && waiting->retry != RetryWait::None) {
    const char* code = waiting->retry == RetryWait::Network ? reason::kNetwork : reason::kRetry;
    return {code, RetrySentence(job.run.retry, waiting->trouble)};
  }
  if (waiting->not_before > now) return {reason::kPause, waiting->trouble};
  if (IsUnfinished(job.depends_on, jobs)) return {reason::kJob, fmt::format("Waiting for job {}", job.depends_on)};
  if (IsUnfinished(waiting->merged_into, jobs)) {
    return {reason::kMerged, fmt::format("Job {} does this work too", waiting->merged_into)};
  }
  if (NeedsService(*waiting) && job.options.service) {
    const std::string detail = waiting->service_detail.empty() ? "" : fmt::format(" ({})", waiting->service_detail);
    return {reason::kService, fmt::format("Waiting for service {}{}", job.options.service->first, detail)};
  }
  if (job.space == SpaceWait::Short) return {reason::kSpace, "Waiting for space: " + job.space_shortage};
  if (job.options.ansible && held.ansible) {
    return {reason::kAnsible, fmt::format("Waiting for the Ansible run of job {}", *held.ansible)};
  }
  if (const std::string* lock = TakenLock(job, held)) {
    return {reason::kLock, fmt::format("Waiting for job {}, which uses {}", held.locks.find(*lock)->second, *lock)};
  }
  if (held.running >= limits.max_running) return {reason::kSlot, "Waiting for a free slot"};
  return {reason::kStart, "About to start"};
}

std::vector<JobId> DependentsOf(JobId id, JobList jobs) {
  std::set<JobId> found = {id};
  // One pass is enough: a job is submitted after what it depends on and so has the greater id.
  for (const JobRecord* job : jobs) {
    if (job->depends_on && found.contains(job->depends_on)) found.insert(job->id);
  }
  found.erase(id);
  return {found.begin(), found.end()};
}

std::vector<JobId> ChainOf(JobId id, JobList jobs) {
  const JobRecord* root = FindJob(id, jobs);
  if (root == nullptr) return {};
  while (root->depends_on < root->id) {  // also ends when a row depends on itself or on a later one
    const JobRecord* before = root->depends_on ? FindJob(root->depends_on, jobs) : nullptr;
    if (before == nullptr) break;
    root = before;
  }
  std::vector<JobId> chain = DependentsOf(root->id, jobs);
  chain.insert(chain.begin(), root->id);
  return chain;
}

}  // namespace cmdsrv
