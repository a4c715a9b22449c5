#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>

#include "base/clock.hpp"
#include "jobs/job_events.hpp"
#include "jobs/job_table.hpp"
#include "jobs/step_runner.hpp"
#include "platform/event_loop.hpp"

namespace cmdsrv {

/// Tells what running jobs print, as long as somebody listens: at most five times a second for each job, and nothing is
/// looked at while nothing is printed. The Minder's thread, but Listen.
class OutputNews {
 public:
  struct Parts {
    const Clock& clock;
    std::shared_ptr<EventLoop> loop;
    StepRunner& runner;
    JobTable& table;
    JobEvents& events;
  };
  explicit OutputNews(Parts parts) : parts_(std::move(parts)) {}

  /// Somebody listens now; he is waited for a minute to come again. Any thread.
  void Listen();

  /// The job's step runs; also for one that an earlier daemon started.
  void Began(JobId id);
  void Ended(JobId id) { jobs_.erase(id); }

 private:
  struct Job {
    std::uint64_t told = 0;  ///< bytes
    EventLoop::SourcePtr pause;
  };

  void WatchAll();
  void Watch(JobId id);
  void Printed(JobId id);
  void Tell(JobId id);
  bool SomebodyListens() const;

  Parts parts_;
  std::atomic<SteadyTime> heard_{};
  std::atomic<bool> awake_{false};
  std::map<JobId, Job> jobs_;  ///< running ones, while awake
};

}  // namespace cmdsrv
