#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/run_record.hpp"
#include "store/rows.hpp"

/// What to do with each job after a start of the daemon or the loss of a shim. Pure: decided first, done later.
namespace cmdsrv {

/// What the machine shows of the newest run of a job. The default is that of a job that never ran.
struct RunFacts {
  bool same_boot = false;   ///< the run began in this boot
  bool shim_alive = false;  ///< exactly that shim still exists
  bool leftovers = false;   ///< the shim is gone, but members of its session, proven ours, are not
  bool progressed = false;  ///< the run got further before it was interrupted: by its progress lines, or it ran long
  std::optional<RunRecord> record = {};  ///< as it is, finished or not; empty when there is none or no good one
};
using LiveFacts = std::unordered_map<JobId, RunFacts>;

enum class Fate {
  Wait,          ///< SCHEDULED, and nothing of it happened
  WaitForRetry,  ///< SCHEDULED, and its last try failed for now: waits for what is left of the pause
  StartFirst,    ///< its start was recorded, but the step never got its go: JobEvent::NeverBegan
  StartAgain,    ///< interrupted, nothing of it is left: before the others, RESTARTED
  Adopt,         ///< it still runs
  EndLeftovers,  ///< first end what is left of it, then see AfterInterruption
  Settle,        ///< it ended while nobody looked: its finished record tells how
  Fail,
  Cancel,
};

struct Decision {
  JobId id;
  Fate fate = Fate::Wait;
  std::string reason = {};  ///< for Fail and Cancel: a sentence
  bool cancel = false;      ///< Adopt and EndLeftovers: cancel it, too (cancel wanted, or an older duplicate)
  std::string code = {};    ///< of the reason, see reasons.hpp

  friend bool operator==(const Decision&, const Decision&) = default;
};

/// One decision for each unfinished row, in the order of the rows.
struct RecoveryPlan {
  std::vector<Decision> decisions;
};

struct RecoveryRules {
  int max_restarts_without_progress = 3;
  /// See MinderOptions::canonical_of; may be null.
  std::function<std::optional<std::string>(std::string_view message)> canonical_of = nullptr;
};

/// `rows` as Store::Unfinished gives them: by id ascending, with finished predecessors among them.
RecoveryPlan PlanRecovery(std::span<const JobRow> rows, const LiveFacts& live, const RecoveryRules& rules);

/// StartAgain, or Fail with the reason, for a begun step of which nothing is left and nothing is recorded. `what` is
/// how it was interrupted: "the machine was restarted", "its supervisor was killed", "the server was told to end it".
Decision AfterInterruption(JobId id, const RunRow& run, bool restartable, bool progressed, int max_restarts,
                           std::string_view what);

/// The next value of RunRow::restarts_without_progress when the interrupted run is started again.
inline std::uint32_t RestartsAfter(const RunRow& run, bool progressed) {
  return progressed ? 0 : run.restarts_without_progress + 1;
}

/// True when the record tells how run number `attempt` ended.
bool TellsTheEnd(const std::optional<RunRecord>& record, std::uint32_t attempt);

/// "Cancelled because job 12 failed (step 1)"
std::string CascadeReason(int step_no, JobId id, bool failed);

}  // namespace cmdsrv
