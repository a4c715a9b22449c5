#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "jobs/job_events.hpp"
#include "jobs/job_plan.hpp"
#include "jobs/job_status.hpp"
#include "jobs/progress.hpp"
#include "platform/job_output.hpp"
#include "store/store.hpp"

namespace cmdsrv {

/// A job as GET-JOB-STAT shows it.
struct JobView {
  JobId id;
  CommandId group;
  int step_no = 1;
  int step_count = 1;
  std::string command;  ///< job_command, raw (not HTML-escaped)
  std::string output;   ///< cleaned; while waiting the reason, while running the present output; raw otherwise
  JobStatus status = JobStatus::Scheduled;
  std::string message;  ///< cmd_msg
  std::optional<WallTime> created;
  std::optional<WallTime> updated;
  std::optional<WallTime> started;
  std::optional<WallTime> ended;
  std::string reason_code;  ///< why it does not run, see reasons.hpp; empty while it runs
  std::string reason;       ///< a sentence
  std::string exit;
  std::optional<Progress> progress;
};

struct ActiveSummary {
  bool active = false;           ///< at least one job runs
  bool ansible = false;          ///< one of those runs Ansible
  bool ansible_waiting = false;  ///< a job that does not run yet will
  int started = 0;
  int restarted = 0;
  int scheduled = 0;  ///< and not active
};

/// A Command with at least one unfinished job.
struct UnfinishedCommand {
  CommandId id;
  std::string message;
};

enum class CancelAnswer { WasScheduled, WasRunning };

/// The right to submit one Command: nobody else can submit the same until it is destroyed without use, or until the
/// jobs that were submitted with it have ended.
class Reservation {
 public:
  Reservation() = default;
  Reservation(std::function<void()> release, std::string canonical)
      : release_(std::move(release)), canonical_(std::move(canonical)) {}
  Reservation(Reservation&& other) noexcept
      : release_(std::exchange(other.release_, nullptr)), canonical_(std::move(other.canonical_)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    if (this != &other) {
      if (release_) release_();
      release_ = std::exchange(other.release_, nullptr);
      canonical_ = std::move(other.canonical_);
    }
    return *this;
  }
  ~Reservation() {
    if (release_) release_();
  }
  const std::string& Canonical() const { return canonical_; }

 private:
  std::function<void()> release_;
  std::string canonical_;
};

/// The board of all unfinished jobs: what the rest of the server sees of the job machine. Any thread; no call waits for
/// a process. Submit waits for one synced commit.
class JobBoard {
 public:
  virtual ~JobBoard() = default;

  /// Duplicate when an unfinished or just arriving Command has this canonical text.
  virtual Result<Reservation> Reserve(std::string canonical) = 0;

  /// Records the Command and its jobs and lets them start. When this returns ids, no kill and no power cut loses the
  /// jobs. Errors: Unavailable/NoSpace/Io when they cannot be recorded, Refused when too many jobs are unfinished;
  /// nothing will run then.
  virtual Result<std::vector<JobId>> Submit(CommandRow command, JobPlan plan, Reservation reservation) = 0;

  /// Cancels the job and every unfinished job of its chain. Returns when that is recorded in memory; the running step
  /// is signalled by the Minder. NotFound when the job is neither scheduled nor running; one that
  /// went with its chain in the last minute is taken for a scheduled one, once.
  virtual Result<CancelAnswer> Cancel(JobId id) = 0;

  /// Makes a new group of the steps that did not succeed in the group of job `id`, in their order and with their
  /// dependencies, and records it like Submit. Errors: NotFound; Stated with the sentence why there is nothing to retry
  /// (some of it is unfinished, all of it succeeded, an older server made it, the same Command is active); those of
  /// Submit.
  virtual Result<std::vector<JobId>> Retry(JobId id) = 0;

  /// Space was made on a disk: jobs that wait for some are looked at again. Costs nothing when none does.
  virtual void SpaceFreed() = 0;

  /// Claims of all unfinished chains, as far as their space was promised or is still to be looked for.
  virtual std::vector<SpaceClaim> SpaceClaims() const = 0;

  virtual ActiveSummary Active() const = 0;
  virtual std::vector<UnfinishedCommand> Unfinished() const = 0;
  virtual Result<std::vector<JobView>> List(const Store::ListQuery& query) = 0;
  virtual Result<JobView> Find(JobId id) = 0;

  /// What happened after number `since`. When that cannot be told any more, or without a number: the unfinished jobs as
  /// they stand. Asking keeps the Minder telling what running jobs print, for a minute.
  virtual JobChanges Changes(std::optional<std::uint64_t> since) = 0;

  /// For waiting until there is something to ask for.
  virtual JobEvents& Events() = 0;

  /// A piece of the full output, see platform/job_output.hpp. `ended` tells whether more can come.
  struct LogPiece {
    OutputPiece piece;
    bool ended = false;
  };
  virtual Result<LogPiece> ReadLog(JobId id, std::uint64_t offset, std::size_t limit) = 0;
};

}  // namespace cmdsrv
