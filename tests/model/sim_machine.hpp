#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jobs/step_runner.hpp"
#include "model/ledger.hpp"
#include "model/random.hpp"

namespace cmdsrv::model {

/// The machine with its processes and run records: what the Minder takes for the world. Shims outlive the daemon, lose
/// their lives, end unseen, leave processes behind; records are lost or old after a power cut. Every begin of a step is
/// shown to the ledger first.
class SimMachine final : public StepRunner {
 public:
  SimMachine(Ledger& ledger, Random& random) : ledger_(ledger), random_(random) {}

  void SetLimit(int max_running) { max_running_ = max_running; }
  void SetTrace(std::function<void(std::string)> trace) { trace_ = std::move(trace); }

  // What can happen to it. Each picks one of the possible and returns false when there is none.
  bool StepEnds(bool well);
  bool StepFailsForNow();
  bool StepCannotStart();
  bool StepProgresses();
  bool ShimIsKilled();
  bool ShimIsTold();   ///< TERM from outside, as when the machine shuts down
  bool ShimGivesUp();  ///< one without a go whose own daemon is gone
  bool ShimObeys();    ///< one that was asked to end its step has done so
  bool TellOfAnEnd();  ///< the daemon notices that a shim is gone
  bool HuntEnds();     ///< nothing is left of a lost run
  void Refuse(bool refuse) { refuse_ = refuse; }
  void ThrowAtNextStart() { throw_at_start_ = true; }

  void DaemonIsGone();
  void PowerIsCut();

  /// Jobs of whose steps something lives.
  std::set<JobId> Alive() const;
  bool Quiet() const;

  // StepRunner
  Result<std::unique_ptr<StepRun>> Start(ShimStart start, Callback ended) override;
  Result<std::unique_ptr<StepRun>> Adopt(const ProcessIdentity& shim, Callback ended) override;
  std::optional<RunRecord> Record(JobId id) override;
  RunOutput Output(JobId) override { return {}; }
  std::uint64_t Printed(JobId) override { return 0; }
  void OnPrinted(JobId, Callback) override {}  // nobody listens
  bool Progressed(JobId id, const RunRow&) override { return progressed_.contains(id); }
  RunFacts Look(JobId id, const RunRow& run, std::int64_t shim_pid) override;
  void EndLeftovers(JobId id, const ProcessIdentity& shim, Callback gone) override;
  void EndOldProgram(JobId, std::int64_t, const std::string&) override {}
  void Forget(JobId id) override { records_.erase(id); }

 private:
  enum class Stage { Waiting, Working, Gone };
  struct Shim {
    JobId job;
    std::uint32_t attempt = 1;
    Stage stage = Stage::Waiting;
    bool held = true;    ///< a daemon has a handle on it
    bool line = true;    ///< the daemon that started it still lives
    bool asked = false;  ///< TERM
    Callback ended;      ///< empty: nobody is to be told
  };
  struct Stored {
    RunRecord record{};
    pid_t owner = 0;
    bool durable = false;
    std::optional<RunRecord> older;  ///< what a power cut may bring back
  };
  class Handle;

  Shim* Pick(const std::function<bool(const Shim&)>& fits);
  pid_t PidOf(const Shim& shim) const;
  void Go(pid_t pid);
  void Finish(Shim& shim, RunPhase phase, RunExit kind = RunExit::Status, int value = 0);
  void Trace(std::string what) const {
    if (trace_) trace_(std::move(what));
  }

  Ledger& ledger_;
  Random& random_;
  std::function<void(std::string)> trace_;
  int max_running_ = 1;
  int boot_ = 1;
  pid_t last_pid_ = 100;
  std::map<pid_t, Shim> shims_;
  std::map<JobId, Stored> records_;
  std::set<JobId> leftovers_;
  std::set<JobId> progressed_;
  std::map<JobId, Callback> hunts_;
  bool refuse_ = false;
  bool throw_at_start_ = false;
};

}  // namespace cmdsrv::model
