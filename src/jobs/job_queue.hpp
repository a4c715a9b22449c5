#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_record.hpp"

/// Which jobs may start and why the others wait. Pure: no clock, no I/O. Every list of jobs here is one of unfinished
/// jobs, ordered by id.
namespace cmdsrv {

using JobList = std::span<const JobRecord* const>;

struct Limits {
  int max_running = 7;
};

/// What is taken at the moment.
struct Holdings {
  int running = 0;
  std::optional<JobId> ansible;             ///< the job of an ansible verb that runs
  std::map<std::string_view, JobId> locks;  ///< the views point into the records
};
Holdings HeldBy(JobList jobs);

/// Interrupted jobs first, then by id; what waits never blocks what comes after it. Together they keep all limits.
std::vector<JobId> FindStartable(JobList jobs, const Limits& limits, SteadyTime now);

/// A look at the disk holds for so long; a start that comes later wants another one.
inline constexpr std::chrono::seconds kSpaceLookHolds{30};

/// Some job could start now, were it not that its promised bytes were last looked for too long ago.
bool WantsLookAtSpace(JobList jobs, const Limits& limits, SteadyTime now);

/// Waiting jobs that need no run of their own when `starting` begins now: same `merge`, asked for already, and nothing
/// else to wait for. One that was interrupted finishes what it began.
std::vector<JobId> MergeableWith(const JobRecord& starting, JobList jobs, SteadyTime now);

struct WaitReason {
  std::string code;      ///< see reasons.hpp; empty: it runs
  std::string sentence;  ///< "Waiting for job 12"
};

/// `job` is one of `jobs`, `held` their HeldBy.
WaitReason WhyWaiting(const JobRecord& job, JobList jobs, const Holdings& held, const Limits& limits, SteadyTime now);

/// All jobs linked with `id` by dependencies, itself included, in order of id. Empty when it is not among them.
std::vector<JobId> ChainOf(JobId id, JobList jobs);

/// The jobs that depend on `id`, directly or through others, in order of id.
std::vector<JobId> DependentsOf(JobId id, JobList jobs);

/// Empty when there is none.
const JobRecord* FindJob(JobId id, JobList jobs);

}  // namespace cmdsrv
