#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "jobs/job_board.hpp"
#include "jobs/retry.hpp"
#include "jobs/space_measure.hpp"
#include "platform/event_loop.hpp"
#include "platform/root.hpp"
#include "store/store.hpp"

namespace cmdsrv {

/// A role and the state of it that a job waits for ("kiwix", "active").
struct ServiceNeed {
  std::string role;
  std::string state;
  friend auto operator<=>(const ServiceNeed&, const ServiceNeed&) = default;
};

struct ServiceAnswer {
  ServiceNeed need;
  bool ready = false;
  std::string detail;  ///< "kiwix-serve.service is inactive"
};

/// Looks up needs without blocking the caller; `done` may be called from any thread, once.
using ServiceLookup =
    std::function<void(std::vector<ServiceNeed>, std::function<void(std::vector<ServiceAnswer>)> done)>;

/// Looks at the disks without blocking the caller; `done` may be called from any thread, once.
using SpaceLookup = std::function<void(std::vector<SpaceQuestion>, std::function<void(SpaceFacts)> done)>;

/// How the Minder learns that the network is back; both may be empty, then it tries again after a while.
struct NetworkSense {
  /// "Is the internet there?", looked up without blocking the caller; `done` may be called from any thread, once.
  std::function<void(std::function<void(bool)> done)> ask;
  /// Calls `changed`, in the loop's thread, when an address or a route comes or goes, as long as the source lives. Null
  /// when that cannot be had.
  std::function<EventLoop::SourcePtr(EventLoop& loop, std::function<void()> changed)> watch;
};

struct MinderOptions {
  int max_running = 7;
  std::size_t max_unfinished = 10'000;  ///< jobs, running ones included; more are refused
  bool low_priority = true;
  std::vector<std::string> priority_words;  ///< put before the program of each step; the first is an absolute path
  std::string default_cwd;                  ///< CMDSRV_DIR
  std::string state_directory;              ///< run records: <state>/runs/job-<id>.run
  std::string output_directory;             ///< outputs: job-<id>.out
  std::string old_output_directory;         ///< where the Python program put job-<id>; empty: nowhere
  std::string shim_program;
  std::string system_bus;  ///< D-Bus address of the bus where systemd makes scopes for shims; empty: there is none
  std::vector<std::string> environment;  ///< of every step
  std::chrono::milliseconds cancel_grace{5000};
  std::chrono::seconds service_refresh{30};  ///< while at least one job waits for a service
  std::chrono::seconds service_bound{600};   ///< after that the job FAILS with the unit's state
  int max_restarts_without_progress = 3;
  /// Before a step is started again whose shim was lost or ended from outside: when a machine is shut down its shims
  /// get their SIGTERM before we do, and a step that is started again at once would only be interrupted again.
  std::chrono::milliseconds interruption_pause{10'000};
  std::uint64_t output_column_bytes = 1U << 20U;    ///< jobs.job_output at most
  std::uint64_t log_directory_bytes = 256U << 20U;  ///< oldest outputs of ended jobs are removed above this
  std::chrono::hours log_age{24 * 90};              ///< and those that ended longer ago than this
  /// Canonical text of a stored Command (verb and sorted arguments); empty when it cannot be parsed. Given by the
  /// server, because this room does not know the protocol.
  std::function<std::optional<std::string>(std::string_view message)> canonical_of;
  ServiceLookup services;
  SpaceLookup space;                       ///< empty: nobody waits for space
  std::chrono::seconds space_refresh{30};  ///< while at least one job waits for it
  RetryRules retry;
  NetworkSense network;
  std::function<void()> ansible_ended;  ///< called after each job of an ansible verb, Minder's thread
};

inline Limits LimitsOf(const MinderOptions& options) { return {std::max(1, options.max_running)}; }

/// The Minder: one thread with an event loop that starts, watches and ends jobs. It wakes for a submit, an end, a
/// cancel, a timer that is due, a finished write; never otherwise.
class JobMinder {
 public:
  /// Recovers (adopts living shims, reads end records, queues what must be started again), then serves in its own
  /// thread. `store` and `clock` must outlive it. Errors: Io when the directories cannot be made or rows not be read.
  static Result<std::unique_ptr<JobMinder>> Start(Store& store, const Clock& clock, MinderOptions options);

  virtual ~JobMinder() = default;
  virtual JobBoard& Board() = 0;

  /// Somebody has just found the internet there: jobs that wait for it go on. Any thread; costs nothing otherwise.
  virtual void InternetSeen() = 0;

  /// From INT to KILL a step has two graces of 5 s; the rest is for those who look.
  static constexpr std::chrono::seconds kLongestStop{12};

  /// Ends the thread; running steps go on in their shims and are adopted by the next start. With `end_jobs` they are
  /// interrupted first (rows stay STARTED, so that they are started again) and waited for, at most kLongestStop.
  virtual void Stop(bool end_jobs) = 0;
};

}  // namespace cmdsrv
