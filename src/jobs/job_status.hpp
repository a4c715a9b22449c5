#pragma once

#include <optional>
#include <string_view>

namespace cmdsrv {

/// The six names that the console knows; add none.
enum class JobStatus { Scheduled, Started, Restarted, Succeeded, Failed, Cancelled };

enum class JobEvent {
  Start,             ///< the Minder starts the step for the first time
  StartAgain,        ///< the same after an interruption
  EndedWell,         ///< exit status 0 and the step's own check passed
  EndedBadly,        ///< any other end, or it could not be started
  Cancel,            ///< cancelled and nothing of it is left
  DependencyFailed,  ///< its predecessor failed or was cancelled
  DoneByAnother,     ///< a job that began after this one was wanted did the same work, and succeeded
  FailedForNow,      ///< its step says that another try is worth it: waits for that
  Interrupted,       ///< a reboot or the loss of its shim: waits to be started again
  NeverBegan,        ///< its start was recorded, and its shim gave up before the step began: as before that start
};

///  Scheduled ──Start──────► Started ────EndedWell───► Succeeded
///      │ └─────StartAgain─► Restarted ──EndedBadly──► Failed        (EndedBadly of a Scheduled one: could not start)
///      ├─ Cancel, DependencyFailed ──┴──Cancel──────► Cancelled
///      └─ DoneByAnother ────────────────────────────► Succeeded
///  Started, Restarted ──FailedForNow──► Scheduled, and its next start is StartAgain
///  Started, Restarted ──Interrupted──► Started, Restarted (they stay what they are until StartAgain → Restarted)
///  Started ──NeverBegan──► Scheduled, Restarted ──NeverBegan──► Restarted (in memory; the row waits for a start)
///  Nothing leaves Succeeded, Failed, Cancelled. Empty: the arrow is not drawn.
std::optional<JobStatus> Next(JobStatus now, JobEvent event);

bool IsFinal(JobStatus status);
std::string_view NameOf(JobStatus status);  ///< "SCHEDULED" …
std::optional<JobStatus> StatusFromName(std::string_view name);

}  // namespace cmdsrv
