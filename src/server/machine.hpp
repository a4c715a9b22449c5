#pragma once

#include <memory>
#include <string>
#include <vector>

#include "commands/services.hpp"
#include "content/settings.hpp"
#include "jobs/job_minder.hpp"
#include "platform/internet_probe.hpp"
#include "platform/timer_thread.hpp"
#include "server/facts_keeper.hpp"
#include "server/gates.hpp"
#include "server/loader.hpp"
#include "server/router.hpp"
#include "server/service_monitor.hpp"
#include "server/stats_file.hpp"
#include "store/store.hpp"

namespace cmdsrv {

/// Everything behind the socket: database, jobs, what handlers use, and the gates to them.
class Machine {
 public:
  /// Opens the database and takes up the jobs; nothing slow is loaded yet. `stop_fd`: see Services. Settings and root
  /// must outlive it. Errors: those of Store::Open and JobMinder::Start; nothing runs then.
  static Result<std::unique_ptr<Machine>> Start(const Settings& settings, const Root& root, PeerRules peers,
                                                int stop_fd);

  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Carries out one Command. Any thread; blocks as long as it takes.
  Executed Execute(const Request& request) {
    Executed executed = gates_.Pass(request);
    stats_file_.Touch();
    return executed;
  }

  /// Reads catalogs and the like in the background, again when they have been read already. Any thread.
  void Load();

  ServerStats& Stats() { return stats_; }

  /// News of jobs for the router; `wake` is called when there are some and somebody waits. Valid until Stop.
  EventHooks Events(std::function<void()> wake);

  /// Ends all threads and writes what is left to write. Workers that still use it get errors from now on.
  void Stop(bool end_jobs);

 private:
  /// What must exist before handlers can be served. Later parts use the earlier ones.
  struct Base {
    StoreOpened opened;
    std::unique_ptr<ConfigServices> config;
    std::unique_ptr<BoxServices> box;
    std::unique_ptr<ServiceMonitor> monitor;
    std::unique_ptr<InternetProbe> internet;
    std::unique_ptr<FactsKeeper> facts;
    std::unique_ptr<TimerThread> disks;  ///< looks at them for jobs that need space
    std::unique_ptr<JobMinder> minder;
  };
  Machine(const Settings& settings, const Root& root, PeerRules peers, int stop_fd, Base base);
  bool InternetAvailable();
  void TellHealth();

  const Settings& settings_;
  Base base_;
  HealthBoard health_;
  KiwixCatalogCache zim_catalog_;
  LibraryCache library_;
  SharedRun catalog_refresh_;
  ContentServices content_;
  ServerStats stats_;
  AccountGate accounts_;
  NetworkServices network_;
  Services services_;
  Loader loader_;
  Gates gates_;
  StatsFile stats_file_;
  bool stopped_ = false;
};

/// How many jobs may run at a time: fewer on a Raspberry Pi.
int JobLimit(const Settings& settings, const Root& root);

/// How steps give way to the console. The usual words of the configuration are done by system calls.
struct StepPriority {
  bool low = false;
  std::vector<std::string> words = {};  ///< other ones: put before the program of each step
};
StepPriority PriorityOf(const Settings& settings);

}  // namespace cmdsrv
