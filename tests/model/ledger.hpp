#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "jobs/job_status.hpp"
#include "store/store.hpp"

namespace cmdsrv::model {

/// How a run of a step really ended.
struct Truth {
  std::uint32_t attempt = 0;
  bool well = false;  ///< exit status 0, and nobody had asked it to end
};

/// What is known of one job from outside: what was promised, what is on the disk, what really happened to its step.
struct JobFacts {
  CommandId group;
  JobId depends_on;
  JobOptions options;
  bool promised = false;      ///< a client was told "Scheduled"
  bool cancel_asked = false;  ///< of it or of a job of its chain
  bool cancel_heard = false;  ///< by the present daemon; a kill may take that back

  JobStatus status = JobStatus::Scheduled;  ///< as written
  RunRow run;
  std::int64_t pid = 0;
  bool pruned = false;

  JobStatus durable_status = JobStatus::Scheduled;  ///< what a power cut would leave
  RunRow durable_run;
  std::int64_t durable_pid = 0;

  int begins = 0;        ///< how often the step really began
  long inserted_at = 0;  ///< counted in events that the ledger saw
  long begun_at = 0;
  long ended_at = 0;
  std::optional<Truth> truth;  ///< of the newest run that ended by itself
};

/// Watches every write and every begin of a step and throws a Violation when a promise is broken: statuses move along
/// drawn arrows only, a state is written before its act, ends are true, complete and lasting.
class Ledger {
 public:
  void Inserted(const CommandRow& command, const std::vector<JobRow>& rows);
  void Promised(std::span<const JobId> ids);
  void CancelAsked(JobId id);  ///< marks the whole chain
  /// `alive`: the jobs of whose steps something still lives.
  void Written(const std::vector<JobUpdate>& updates, Store::Durability durability, const std::set<JobId>& alive);
  void DaemonIsGone();
  void Pruned(std::span<const JobId> ids);
  void Synced();
  void PowerCut();

  /// The step of `id` begins; `alive` as above, before it.
  void Begins(JobId id, std::uint32_t attempt, std::int64_t pid, const std::set<JobId>& alive, int max_running);
  void Ended(JobId id, Truth truth) { jobs_.at(id).truth = truth; }

  /// What the database has now is what was written into it.
  void Compare(const std::vector<JobRow>& rows) const;

  const JobFacts& Of(JobId id) const { return jobs_.at(id); }
  const std::map<JobId, JobFacts>& Jobs() const { return jobs_; }
  std::vector<JobId> Unfinished() const;

 private:
  void CheckEnd(JobId id, const JobFacts& job, JobStatus status, const std::vector<JobUpdate>& together) const;
  bool DoneByAnother(const JobFacts& job, const std::vector<JobUpdate>& together) const;
  bool PredecessorDidNotSucceed(const JobFacts& job, const std::vector<JobUpdate>& together) const;

  std::map<JobId, JobFacts> jobs_;
  std::set<JobId> not_synced_;
  long now_ = 0;
};

/// "job 4 STARTED attempt 2 …", one line a job, for the report of a violation.
std::string Describe(const Ledger& ledger);

}  // namespace cmdsrv::model
