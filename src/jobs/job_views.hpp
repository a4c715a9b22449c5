#pragma once

#include <cstddef>
#include <string>

#include "jobs/job_board.hpp"
#include "jobs/job_files.hpp"
#include "jobs/job_queue.hpp"

/// From rows and records to what GET-JOB-STAT shows.
namespace cmdsrv {

/// Why an unfinished job does not run, or not for much longer. Empty for one that simply runs.
WaitReason WhyNotRunning(const JobRecord& job, JobList jobs, const Holdings& held, const Limits& limits,
                         SteadyTime now);

/// The reason of an ended job; never empty.
WaitReason ReasonOfEnd(JobStatus status, const RunRow& run);

/// What the table adds to the row of an unfinished job; taken while the table is locked.
struct LiveView {
  JobStatus status = JobStatus::Scheduled;
  bool runs = false;  ///< show its present output
  bool full_log = false;
  int step_count = 1;
  RunRow run;
  WaitReason why;
};
LiveView LiveViewOf(const JobRecord& job, JobList jobs, const Holdings& held, const Limits& limits, SteadyTime now);

/// What is told of a job when something happened to it.
JobChange ChangeOf(const JobRecord& job, WaitReason why);

/// `live` is null for an ended job. Reads run record and output of a running one.
JobView ViewOf(const JobRow& row, const LiveView* live, const JobPaths& paths, std::size_t output_cap);

}  // namespace cmdsrv
