#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "jobs/job_table.hpp"
#include "jobs/step_runner.hpp"
#include "platform/event_loop.hpp"

namespace cmdsrv {

/// Keeps the progress of running jobs in their rows, so that it is known after a restart and while a job waits for its
/// next try. Every 10 s, not synced, and only of jobs whose progress has changed. The Minder's thread; without running
/// jobs it has no timer.
class ProgressWriter {
 public:
  struct Parts {
    const Clock& clock;
    std::shared_ptr<EventLoop> loop;
    StepRunner& runner;
    JobTable& table;
    std::function<void(std::vector<JobUpdate>)> write;
  };
  explicit ProgressWriter(Parts parts) : parts_(std::move(parts)) {}

  /// The job's step runs.
  void Began(JobId id);
  void Ended(JobId id);

 private:
  void Wait();
  void Look();

  Parts parts_;
  std::map<JobId, std::uint64_t> seen_;  ///< running jobs, and how much they had printed at the last look
  EventLoop::SourcePtr timer_;
};

/// What to show of a job: the newest that its output tells, but nothing that goes back behind what its row says.
std::optional<Progress> ProgressOf(const RunRow& run, const std::optional<Progress>& newest);

}  // namespace cmdsrv
