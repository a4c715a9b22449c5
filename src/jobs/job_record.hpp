#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "jobs/job_status.hpp"
#include "jobs/reasons.hpp"
#include "platform/process.hpp"
#include "store/rows.hpp"

namespace cmdsrv {

/// What is known about the service that a first step needs.
enum class ServiceWait { None, Unknown, NotReady, Ready };

/// Whether the bytes that a chain of steps needs are kept for it; see jobs/space_rules.hpp.
enum class SpaceWait {
  None,      ///< it needs none, or comes later in a chain that was promised its bytes
  Unknown,   ///< nobody has looked at the disk yet
  Short,     ///< they would not fit beside what others were promised
  Promised,  ///< they are kept for it until the chain has ended
};

// Where an unfinished job stands. Each stage holds what only that stage has, so that no combination of them is absurd.

/// Nothing of it runs.
struct Waiting {
  bool again = false;  ///< was interrupted: goes before the others and becomes RESTARTED
  ServiceWait service = ServiceWait::None;
  SteadyTime service_since{};         ///< when it began to wait for the service
  std::string service_detail = {};    ///< "kiwix-serve.service is inactive"
  std::string trouble = {};           ///< why it could not be started the last time: a sentence
  SteadyTime not_before{};            ///< the next try
  unsigned tries = 0;                 ///< starts that failed in a row
  JobId merged_into = {};             ///< as long as that job is unfinished: it does the work of this one too
  RetryWait retry = RetryWait::None;  ///< its step failed for now: until `not_before`, or until the network is back
  bool network_asked = false;         ///< the probe has said that the internet is not there
};

/// Its shim exists and waits for the go; the start is being written to the database.
struct Starting {
  Waiting before = {};  ///< to go back to when the start cannot be recorded
  bool shim_ended = false;
  std::string trouble = {};  ///< not empty: the start could not be recorded, the shim is being sent away
};

/// The step has its go.
struct Running {
  bool cancel_sent = false;
  bool ending_leftovers = false;  ///< its shim was lost; what it left behind is being ended
};

/// It is over, and this is being written to the database.
struct Ending {
  JobStatus status = JobStatus::Failed;
  bool ran = false;  ///< holds its slot and locks until the end is recorded, because a successor may build on it
};

using Stage = std::variant<Waiting, Starting, Running, Ending>;

/// An unfinished job in memory. `status` and `run` are what the database says, or is just being told.
struct JobRecord {
  JobId id;
  CommandId group;
  int step_no = 1;
  int step_count = 1;
  JobId depends_on;     ///< none: JobId{}. It waits as long as a job of this id is unfinished
  std::string command;  ///< job_command
  std::string message;  ///< cmd_msg
  JobOptions options;
  std::optional<WallTime> created;
  JobStatus status = JobStatus::Scheduled;
  std::int64_t pid = 0;  ///< of the newest shim
  RunRow run;
  bool cancel_wanted = false;  ///< set by any thread
  std::string cancel_reason = "Cancelled on request";
  std::string cancel_code = reason::kRequest;
  SpaceWait space = SpaceWait::None;
  SteadyTime space_looked{};        ///< when the disk was last looked at for it
  std::string space_shortage = {};  ///< why it is Short: a sentence
  std::uint64_t told = 0;           ///< print of what was last told of it, see MinderCore::TellChanges
  Stage stage = Waiting{};
};

/// The shim of the newest run; it may be long gone.
inline ProcessIdentity ShimOf(const RunRow& run, std::int64_t pid) {
  return {run.boot_id, static_cast<pid_t>(pid), static_cast<std::uint64_t>(run.start_ticks)};
}

/// Holds a slot and its locks.
inline bool IsActive(const JobRecord& job) {
  if (const auto* ending = std::get_if<Ending>(&job.stage)) return ending->ran;
  return !std::holds_alternative<Waiting>(job.stage);
}

}  // namespace cmdsrv
