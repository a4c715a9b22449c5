#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "commands/role_status.hpp"
#include "jobs/job_minder.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// Looks up states of roles for jobs that wait for a service. One thread, which sleeps until it is asked.
class ServiceMonitor {
 public:
  explicit ServiceMonitor(RoleReader& roles);
  ~ServiceMonitor();
  ServiceMonitor(const ServiceMonitor&) = delete;
  ServiceMonitor& operator=(const ServiceMonitor&) = delete;

  using Done = std::function<void(std::vector<ServiceAnswer>)>;

  /// Returns at once; `done` is called in the monitor's thread. Any thread. Nothing happens after Stop.
  void Look(std::vector<ServiceNeed> needs, Done done);

  /// Ends the thread and what it runs; `done` of questions that are still open is not called.
  void Stop();

 private:
  struct Question {
    std::vector<ServiceNeed> needs;
    Done done;
  };

  void Serve();

  RoleReader& roles_;
  UniqueFd stop_fd_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<Question> questions_;
  bool stopping_ = false;
  std::thread thread_;
};

/// All needs at once, in the calling thread; waits for systemd, at most 10 s, or until `stop_fd` is readable.
std::vector<ServiceAnswer> LookUpServices(RoleReader& roles, const std::vector<ServiceNeed>& needs, int stop_fd);

}  // namespace cmdsrv
