#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/board.hpp"
#include "jobs/minder_core.hpp"
#include "model/ledger.hpp"
#include "model/random.hpp"
#include "model/sim_loop.hpp"
#include "model/sim_machine.hpp"
#include "model/sim_store.hpp"

namespace cmdsrv::model {

/// One life of a box: the real board, Minder, recovery and database, in a machine where everything that can happen
/// happens in an order that the seed decides. Throws Violation when a promise is broken.
class History {
 public:
  /// `directory`: an empty one, best in memory. With `tell` every event is printed.
  History(std::uint64_t seed, std::string directory, bool tell = false);
  ~History();

  /// A random life, and then peace: nothing new comes, everything must come to its end.
  void Run();

  /// The life of a fixed set of jobs in which nothing goes wrong but this: the daemon is killed (or the power is cut)
  /// at the write of this number, before or after it. The number of writes there were.
  long RunWithCrashAtWrite(long number, bool after, bool power);

  std::string Report() const;  ///< the jobs as they stand, for a violation

  struct Totals {
    long jobs = 0, begins = 0, merged = 0, retries = 0, crashes = 0, power_cuts = 0, writes = 0;
    void Add(const Totals& other);
  };
  const Totals& Counted() const { return totals_; }

 private:
  struct Event {
    const char* name;
    int weight;
    bool (History::*act)();  ///< false: not possible now
  };
  static const std::vector<Event>& Events();

  void Boot();
  void DropDaemon();
  void Step(const Event& event);
  void DoOneThing();
  void CheckTable();
  void CheckViews();
  void Listen();
  void Settle();
  bool WorkOn();  ///< one thing that is due; false when nothing is but time
  void Submit(JobPlan plan, const std::string& canonical);

  JobPlan RandomPlan();
  JobId RandomJob();

  // Events; see history_events.cpp.
  bool SubmitSome();
  bool SubmitAndCrash();
  bool SubmitRefused();
  bool CancelOne();
  bool RetryOne();
  bool RunTask();
  bool WriteOne();
  bool AnswerOne();
  bool EndWell();
  bool EndBadly();
  bool FailForNow();
  bool AnswerNetwork();
  bool ChangeNetwork();
  bool SeeInternet();
  bool CannotStart();
  bool Progress();
  bool KillShim();
  bool TermShim();
  bool GiveUp();
  bool Obey();
  bool Tell();
  bool EndHunt();
  bool PassTime();
  bool AnswerServices();
  bool JumpClock();
  bool DiskFull();
  bool RefuseStarts();
  bool ThrowOnce();
  bool KillDaemon();
  bool CutPower();
  bool StopCleanly();
  bool StopWithJobs();
  bool Look();
  bool HearNews();

  Random random_;
  const std::string directory_;
  const bool tell_;
  ManualClock clock_;
  Ledger ledger_;
  SimStore store_;
  SimMachine machine_;
  MinderOptions options_;
  std::shared_ptr<SimLoop> loop_;
  std::shared_ptr<JobTable> table_;
  std::optional<JobEvents> events_;
  std::optional<MinderCore> core_;
  std::optional<Board> board_;
  std::optional<std::uint64_t> heard_;  ///< the number up to which a client of the news has heard, in any life
  std::map<JobId, JobStatus> told_;     ///< what it believes
  std::map<JobId, JobStatus> shown_;    ///< since the start of this daemon
  std::vector<std::pair<std::vector<ServiceNeed>, std::function<void(std::vector<ServiceAnswer>)>>> asked_;
  std::vector<std::function<void(bool)>> probes_;
  std::function<void()> network_changed_;
  int places_ = 0;
  int next_command_ = 0;
  bool peace_ = false;
  bool refusing_ = false;
  std::string now_;  ///< the event that is under way
  Totals totals_;
};

}  // namespace cmdsrv::model
