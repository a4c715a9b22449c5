#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_events.hpp"
#include "jobs/job_files.hpp"
#include "jobs/job_minder.hpp"
#include "jobs/job_table.hpp"
#include "jobs/network_gate.hpp"
#include "jobs/output_news.hpp"
#include "jobs/progress_writer.hpp"
#include "jobs/service_gate.hpp"
#include "jobs/space_gate.hpp"
#include "jobs/step_runner.hpp"
#include "platform/event_loop.hpp"

namespace cmdsrv {

/// The Minder's work without its thread: every rule of when a step starts and ends is driven from here, on whatever
/// loop, runner, store and clock it is given. Members: the loop's thread only, except Wake and Cancel.
///
/// The life of one step, each arrow an event of the loop:
///   Pass ─► Begin ─shim there, STARTED written─► StartWritten ─go─► …
///   … ─shim gone─► ShimEnded ─► Settle ─► End ─written─► EndWritten ─► Pass
/// State is written before the act it describes; nothing here waits for a disk or a process.
class MinderCore {
 public:
  struct Parts {
    Store& store;
    const Clock& clock;
    std::shared_ptr<EventLoop> loop;
    StepRunner& runner;
    JobTable& table;
    JobEvents& events;
  };

  /// `options` must outlive it.
  MinderCore(Parts parts, const MinderOptions& options);

  /// Once, before the loop serves: takes up the unfinished jobs of the database. Errors: Io when they cannot be read or
  /// the directories not be made.
  Result<void> Recover();

  /// Something may start. Any thread.
  void Wake();

  /// These jobs, linked with `root`, were marked `cancel_wanted` in the table. Any thread.
  void Cancel(JobId root, std::vector<JobId> chain);

  ServiceWait FirstServiceState(const JobOptions& options, JobId depends_on) const {
    return gate_.FirstState(options, depends_on);
  }

  SpaceWait FirstSpaceState(const JobOptions& options, JobId depends_on) const {
    return space_.FirstState(options, depends_on);
  }

  /// See JobBoard. Any thread.
  void SpaceFreed() { space_.SpaceFreed(); }

  /// Somebody wants to know what happens: what running jobs print is told too, for a while. Any thread.
  void Listen() { output_news_.Listen(); }

  JobEvents& Events() { return parts_.events; }

  /// See JobMinder. Any thread.
  void InternetSeen() { network_.InternetSeen(); }

  /// Interrupts every running step without recording anything, so that the next start begins them again; `gone` is
  /// called when none is left.
  void InterruptAll(std::function<void()> gone);

 private:
  struct EndOf {
    JobEvent event;
    std::string code = {};    ///< see reasons.hpp
    std::string reason = {};  ///< a sentence for the row's run, may be empty
    std::string exit = {};
    std::string output = {};  ///< the whole column
    std::uint64_t output_total = 0;
    std::optional<WallTime> ended = {};
  };

  // minder_core.cpp
  void Pass();
  void Schedule();
  void Prune();
  bool Isolated(JobId id, std::string_view what, const std::function<void()>& act);
  void Write(std::vector<JobUpdate> updates, Store::Durability durability,
             std::function<void(const Result<void>&)> then);
  void After(JobId id, std::chrono::milliseconds delay, std::function<void()> act);
  JobRecord* Find(JobId id);
  bool CancelWanted(const JobRecord& job);
  void ForgetRun(JobId id);
  void WriteProgress(std::vector<JobUpdate> updates);

  // minder_start.cpp
  void Begin(JobId id);
  void Merge(JobTable::Jobs& jobs, const JobRecord& starting);
  ShimStart DescribeStart(const JobRecord& job, std::uint32_t attempt) const;
  void StartRefused(JobId id, const Error& error);
  void StartWritten(JobId id, const RunRow& run, JobStatus status, const Result<void>& result);
  void PutBack(JobId id, std::string trouble);
  void RescueStart(JobId id);

  // minder_end.cpp
  void OnShimEnded(JobId id);
  void ShimEnded(JobId id);
  void Settle(JobId id);
  void SettleEnded(JobId id, const JobRecord& job, const RunRecord& record);
  void EndLeftovers(JobId id);
  void AfterLoss(JobId id, std::string_view what);
  void End(JobId id, const EndOf& end);
  std::vector<JobId> MergedInto(JobId id);
  /// How a job ends of which nothing runs: `reason` is its output, below that of earlier tries.
  EndOf EndOfIdle(const JobRecord& job, JobEvent event, std::string code, std::string reason) const;
  EndOf CancelEnd(const JobRecord& job) const {
    return EndOfIdle(job, JobEvent::Cancel, job.cancel_code, job.cancel_reason);
  }
  void WriteEnds(std::vector<JobUpdate> updates, std::vector<JobId> ended, unsigned tries);
  void EndWithoutRow(std::vector<JobUpdate> updates, const std::vector<JobId>& ended, const Error& error);
  void EndWritten(const std::vector<JobId>& ended);
  std::string OutputOf(const JobRecord& job, std::uint64_t total, std::string_view remark) const;

  // minder_cancel.cpp
  void TakeCancel(JobId root, const std::vector<JobId>& chain);
  void WriteCancel(std::vector<JobUpdate> updates, const std::vector<JobId>& ended, const std::vector<JobId>& running);
  void SignalCancel(JobId id);

  // minder_tell.cpp
  void TellChanges();
  void Tell(const JobRecord& job);
  void TellEnds(const std::vector<JobId>& ended);

  // minder_retry.cpp
  void FailedForNow(JobId id, RetryWait wait, const RunRecord& record);
  void HostIsSilent(JobId id);
  void WriteRetry(JobId id);
  void WaitForNextTry(JobId id, std::chrono::milliseconds left, bool network_asked);
  void GiveUp(JobId id);
  std::string LastLineOf(const JobRecord& job, std::uint64_t total) const;

  // minder_recover.cpp
  void EndUnknown(const std::vector<JobId>& ids);
  void Apply(const Decision& decision, const RunFacts& facts);
  void AdoptRun(JobId id, bool cancel);

  /// Marks the job as ending in memory and returns the change of its row. Empty when it is ending already.
  std::optional<JobUpdate> MarkEnding(JobId id, const EndOf& end);

  Parts parts_;
  const MinderOptions& options_;
  JobPaths paths_;
  OutputKeeper outputs_;
  ServiceGate gate_;
  NetworkGate network_;
  SpaceGate space_;
  OutputNews output_news_;
  ProgressWriter progress_;
  std::map<JobId, std::unique_ptr<StepRun>> runs_;
  std::map<JobId, EventLoop::SourcePtr> timers_;  ///< one a job at most: a retry, or the last resort of a cancel
  EventLoop::SourcePtr retry_timer_;
  EventLoop::SourcePtr prune_timer_;
  std::atomic<bool> pass_wanted_{false};
  std::function<void()> all_gone_;  ///< set: the server stops and interrupts the steps
};

/// 1, 2, 4, 8, 16, 30, 30 … seconds.
std::chrono::milliseconds Backoff(unsigned tries);

/// The verb of a Command's text.
std::string VerbIn(const std::string& message);

}  // namespace cmdsrv
