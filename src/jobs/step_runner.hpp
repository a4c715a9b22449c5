#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/run_record.hpp"
#include "jobs/progress.hpp"
#include "jobs/recovery.hpp"
#include "platform/shim_process.hpp"
#include "store/rows.hpp"

namespace cmdsrv {

/// A handle on one run. Destroying it forgets the run: a shim that has its go goes on alone, one that has not gives up.
class StepRun {
 public:
  virtual ~StepRun() = default;
  virtual ProcessIdentity Identity() const = 0;
  virtual Result<void> Go() = 0;  ///< see ShimProcess
  virtual void Cancel() = 0;
  virtual void Kill() = 0;
};

/// Starts and finds runs of steps: the Minder's hands. Tests put a fake one in. The Minder's thread only; callbacks
/// come in that thread too, never from within a call.
class StepRunner {
 public:
  using Callback = std::function<void()>;
  virtual ~StepRunner() = default;

  /// Makes the shim; the step does not run before Go. `ended` is called once, when the shim is gone.
  virtual Result<std::unique_ptr<StepRun>> Start(ShimStart start, Callback ended) = 0;

  /// A shim that an earlier daemon started. NotFound when it is gone.
  virtual Result<std::unique_ptr<StepRun>> Adopt(const ProcessIdentity& shim, Callback ended) = 0;

  /// The record of the newest run, finished or not; empty when there is none or no good one.
  virtual std::optional<RunRecord> Record(JobId id) = 0;

  /// What the newest run has printed until now.
  struct RunOutput {
    std::uint64_t bytes = 0;
    std::optional<Progress> progress;
  };
  virtual RunOutput Output(JobId id) = 0;
  virtual std::uint64_t Printed(JobId id) = 0;  ///< the bytes alone, which is quicker

  /// `printed` is called once, when the run prints for the first time after this; the wish before is forgotten.
  virtual void OnPrinted(JobId id, Callback printed) = 0;

  /// Whether that run, now interrupted, got any further: by its progress lines, or because it ran for long.
  virtual bool Progressed(JobId id, const RunRow& run) = 0;

  /// All that the machine shows of the newest run. Looks at every process of the machine.
  virtual RunFacts Look(JobId id, const RunRow& run, std::int64_t shim_pid) = 0;

  /// Ends whatever a run left behind whose shim is gone. `gone` is called when nothing of it is left; that is never if
  /// the kernel cannot end a process.
  virtual void EndLeftovers(JobId id, const ProcessIdentity& shim, Callback gone) = 0;

  /// Kills the process of a row of the Python program and all that descends from it, if the one with this pid really is
  /// `job_command`: that program wrote down neither boot nor start time, and pids come back.
  /// Removes its output, too, if it is really that program's.
  virtual void EndOldProgram(JobId id, std::int64_t pid, const std::string& job_command) = 0;

  /// The end is recorded: the run record is needed no more.
  virtual void Forget(JobId id) = 0;
};

}  // namespace cmdsrv
