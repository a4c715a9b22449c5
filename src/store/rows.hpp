#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace cmdsrv {

/// A row of `commands`.
struct CommandRow {
  CommandId id;
  std::string message;  ///< as received; for sensitive verbs "<VERB> ***"
  WallTime created;
};

/// Whether a step is tried again by itself when it says that its failure is one for now (base/step_exit.hpp).
enum class RetryPolicy { Never, Temporary };

/// Bytes of one file system that a chain of steps was promised, from the acceptance of its Command to its last end.
struct SpaceClaim {
  std::string directory;     ///< lies on it; need not exist yet
  std::uint64_t bytes = 0;   ///< most in use at a time, those at `grows` included
  std::uint64_t margin = 0;  ///< that must be free as well, as long as something is missing
  std::int64_t stays = 0;    ///< of `bytes`, in the end; less than 0: space becomes free
  std::vector<std::string> grows =
      {};  ///< files and directories that the bytes go to; what is there is not needed any more

  friend bool operator==(const SpaceClaim&, const SpaceClaim&) = default;
};

/// What `jobs.opt_args_json` holds, spec jobs 1.1 and 1.2 BETTER. Rows of the Python program have the first two only.
struct JobOptions {
  std::string extra_vars = "null";                             ///< JSON text, passed through
  std::optional<std::pair<std::string, std::string>> service;  ///< role, state
  std::vector<std::string> argv;                               ///< empty in rows of the Python program
  std::string cwd;
  std::vector<std::string> locks;  ///< resource names; two jobs with a common one never run together
  std::string merge;               ///< waiting jobs of the same name are done by one run; empty: never
  std::string canonical;           ///< verb and canonical arguments of the Command, for the duplicate rule
  bool ansible = false;            ///< one at a time among these
  bool full_log = false;           ///< keep the whole output, not its last 10 lines
  bool restartable = true;         ///< false: FAILED instead of started again after an interruption
  RetryPolicy retry = RetryPolicy::Never;
  std::vector<SpaceClaim> space;  ///< of the whole chain, in each of its steps; at most one for each file system
};

/// JSON text ⇄ JobOptions. Unknown keys are ignored, missing keys have the defaults above.
std::string PrintJobOptions(const JobOptions& options);
Result<JobOptions> ParseJobOptions(const std::string& text);

/// What the next try of a step waits for that failed for now.
enum class RetryWait : std::int32_t { None = 0, Network = 1, Time = 2 };

/// Tries of a step that failed for now. The pause is what counts, not the wall clock: that may jump by years.
struct RetryRow {
  RetryWait wait = RetryWait::None;  ///< not None: SCHEDULED again, and waiting for the next try
  std::uint32_t tries = 0;           ///< that failed, of all kinds
  std::uint32_t doublings = 0;       ///< of the pause, since something last went forward
  std::int64_t pause_ms = 0;         ///< from the failure to the next try
  std::optional<WallTime> next;      ///< when that is, for people and after a restart of the daemon
  std::int64_t waited_ms = 0;        ///< all pauses that count towards the bound
};

/// What we know of the newest run of a job's step; table cmdsrv_runs, absent in rows of the Python program.
struct RunRow {
  std::uint32_t attempt = 0;  ///< 0: never started
  std::string boot_id;        ///< of the shim, see platform/process.hpp
  std::int64_t start_ticks = 0;
  std::optional<WallTime> started;
  std::optional<WallTime> ended;
  std::string exit;                ///< "exit status 3", "ended by signal 9 (Killed)"; empty while unknown
  std::string reason;              ///< why it failed, was cancelled, or waits; a sentence
  bool cancel_wanted = false;      ///< written before the first signal is sent
  std::uint64_t output_total = 0;  ///< bytes ever printed, valid after the end
  std::uint32_t restarts_without_progress = 0;
  RetryRow retry = {};
  std::string progress = {};     ///< the newest, as a line of our own steps; see jobs/progress.hpp
  std::string reason_code = {};  ///< of `reason`, for programs: "exit", "service", … (jobs/reasons.hpp)
};

/// A row of `jobs`, its Command's text, and its run.
struct JobRow {
  JobId id;
  CommandId command;
  int step_no = 1;
  JobId depends_on;  ///< none: -1 in the file, JobId{} here
  bool has_dependent = false;
  std::string job_command;   ///< for showing; nothing parses it
  std::string options_json;  ///< as stored; see ParseJobOptions
  std::int64_t pid = 0;      ///< of the shim (rows of the Python program: of the program itself)
  std::string output;
  std::string status;        ///< one of the six names
  std::string created_text;  ///< D1 as stored, may be unreadable in old rows
  std::string updated_text;
  std::optional<std::string> command_message;  ///< empty: no such Command row
  RunRow run;
};

/// What Store::Prune did.
struct PrunedRows {
  std::vector<JobId> jobs;  ///< that were deleted
  WallTime now;             ///< by which their age was measured: the clock, as far as it can be trusted
};

/// What changes in one job. Absent fields stay.
struct JobUpdate {
  JobId id;
  std::optional<std::string> status;  ///< sets last_update_datetime to `now` as well
  std::optional<std::int64_t> pid;
  std::optional<std::string> output;
  std::optional<RunRow> run;
  WallTime now;
};

}  // namespace cmdsrv
