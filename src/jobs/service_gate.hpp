#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job_minder.hpp"
#include "jobs/job_table.hpp"
#include "platform/event_loop.hpp"

namespace cmdsrv {

/// Holds first steps back until the service that they need is ready (rule 7 of spec jobs 4.1), and says which of them
/// have waited too long. The Minder's thread only. Without waiting jobs it has no timer and asks nothing.
class ServiceGate {
 public:
  /// `changed` is called when answers came or it is time to look again.
  ServiceGate(const MinderOptions& options, const Clock& clock, std::shared_ptr<EventLoop> loop, JobTable& table,
              std::function<void()> changed);
  ~ServiceGate();

  /// ServiceWait::None when `job` needs no service or nobody can tell.
  ServiceWait FirstState(const JobOptions& options, JobId depends_on) const;

  struct TooLate {
    JobId id;
    std::string reason;
  };
  /// Asks about services of jobs that began to wait, keeps the timer, and returns the jobs that waited too long.
  std::vector<TooLate> Look();

  /// An ansible job has ended: services may have come, and the bound begins anew.
  void AnsibleEnded();

 private:
  void Ask(std::vector<ServiceNeed> needs);
  void TakeAnswers(const std::vector<ServiceAnswer>& answers);

  const MinderOptions& options_;
  const Clock& clock_;
  std::shared_ptr<EventLoop> loop_;
  JobTable& table_;
  std::function<void()> changed_;
  EventLoop::SourcePtr timer_;
  SteadyTime next_ask_{};
  SteadyTime ansible_ended_{};
  std::vector<ServiceNeed> asked_;      // needs that are being looked up
  std::shared_ptr<ServiceGate*> self_;  // null inside once this is gone: answers may come later than that
};

}  // namespace cmdsrv
