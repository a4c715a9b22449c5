#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "jobs/job_minder.hpp"
#include "jobs/job_table.hpp"

namespace cmdsrv {

/// Lets jobs that wait for the network go on as soon as it is back: when somebody finds the internet there, or when an
/// address or a route has changed and the probe says yes. Otherwise their own pause ends. The Minder's thread only,
/// except InternetSeen. Without jobs that wait for the network it watches nothing and asks nothing.
class NetworkGate {
 public:
  /// `changed` is called when it is time to look again.
  NetworkGate(const NetworkSense& sense, const Clock& clock, std::shared_ptr<EventLoop> loop, JobTable& table,
              std::function<void()> changed);
  ~NetworkGate();

  /// Begins or ends the watch. Returns jobs of which has turned out that the internet is there, so that it must be
  /// their host that does not answer; each once.
  std::vector<JobId> Look();

  /// Any thread.
  void InternetSeen();

 private:
  void Ask();
  void TakeAnswer(bool there);
  void NetworkChanged();
  void AskLater();

  const NetworkSense& sense_;
  const Clock& clock_;
  std::shared_ptr<EventLoop> loop_;
  JobTable& table_;
  std::function<void()> changed_;
  std::atomic<bool> wanted_{false};
  bool watching_ = false;
  bool asking_ = false;
  std::size_t asked_since_change_ = 0;
  EventLoop::SourcePtr watch_;
  EventLoop::SourcePtr timer_;
  std::vector<JobId> silent_hosts_;
  std::shared_ptr<NetworkGate*> self_;  // null inside once this is gone: answers may come later than that
};

}  // namespace cmdsrv
