#include "model/sim_machine.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/step_exit.hpp"
#include "model/violation.hpp"

namespace cmdsrv::model {

class SimMachine::Handle final : public StepRun {
 public:
  Handle(SimMachine& machine, ProcessIdentity identity) : machine_(machine), identity_(std::move(identity)) {}
  ~Handle() override {
    const auto at = machine_.shims_.find(identity_.pid);
    if (at == machine_.shims_.end()) return;
    at->second.held = false;
    at->second.line = false;
    at->second.ended = nullptr;
    if (at->second.stage == Stage::Gone) machine_.shims_.erase(at);
  }
  ProcessIdentity Identity() const override { return identity_; }
  Result<void> Go() override {
    const auto at = machine_.shims_.find(identity_.pid);
    if (at == machine_.shims_.end() || at->second.stage == Stage::Gone) return Fail(ErrorCode::Io, "the shim is gone");
    if (at->second.stage == Stage::Waiting && at->second.line) machine_.Go(identity_.pid);
    return {};
  }
  void Cancel() override {
    if (const auto at = machine_.shims_.find(identity_.pid); at != machine_.shims_.end()) at->second.asked = true;
  }
  void Kill() override {
    const auto at = machine_.shims_.find(identity_.pid);
    if (at != machine_.shims_.end()) at->second.stage = Stage::Gone;  // the step dies with it
  }

 private:
  SimMachine& machine_;
  const ProcessIdentity identity_;
};

Result<std::unique_ptr<StepRun>> SimMachine::Start(ShimStart start, Callback ended) {
  if (std::exchange(throw_at_start_, false)) throw std::runtime_error("out of memory");
  if (refuse_) return Fail(ErrorCode::Io, "cannot start the shim: resource temporarily unavailable");
  const pid_t pid = ++last_pid_;
  shims_[pid] = {.job = start.job, .attempt = start.attempt, .ended = std::move(ended)};
  Stored& stored = records_[start.job];
  stored.older = stored.owner == 0 ? std::nullopt : std::optional(stored.record);
  stored.record = {};
  std::memcpy(stored.record.magic, kRunMagic, sizeof kRunMagic);
  stored.record.job_id = start.job.value;
  stored.record.attempt = start.attempt;
  stored.owner = pid;
  stored.durable = false;
  progressed_.erase(start.job);
  Trace(fmt::format("shim {} for run {} of job {}", pid, start.attempt, start.job));
  const ProcessIdentity identity{std::to_string(boot_), pid, static_cast<std::uint64_t>(pid)};
  return std::make_unique<Handle>(*this, identity);
}

Result<std::unique_ptr<StepRun>> SimMachine::Adopt(const ProcessIdentity& identity, Callback ended) {
  const auto at = shims_.find(identity.pid);
  if (identity.boot_id != std::to_string(boot_) || at == shims_.end() || at->second.stage == Stage::Gone)
    return Fail(ErrorCode::NotFound, "process {} has ended", identity.pid);
  at->second.held = true;
  at->second.ended = std::move(ended);
  return std::make_unique<Handle>(*this, identity);
}

std::optional<RunRecord> SimMachine::Record(JobId id) {
  const auto at = records_.find(id);
  return at == records_.end() ? std::nullopt : std::optional(at->second.record);
}

RunFacts SimMachine::Look(JobId id, const RunRow& run, std::int64_t shim_pid) {
  RunFacts facts;
  facts.same_boot = run.boot_id == std::to_string(boot_);
  const auto shim = shims_.find(static_cast<pid_t>(shim_pid));
  facts.shim_alive = facts.same_boot && shim != shims_.end() && shim->second.stage != Stage::Gone;
  facts.record = Record(id);
  facts.leftovers = facts.same_boot && leftovers_.contains(id);
  facts.progressed = progressed_.contains(id);
  return facts;
}

void SimMachine::EndLeftovers(JobId id, const ProcessIdentity&, Callback gone) { hunts_[id] = std::move(gone); }

void SimMachine::Go(pid_t pid) {
  Shim& shim = shims_.at(pid);
  ledger_.Begins(shim.job, shim.attempt, pid, Alive(), max_running_);
  shim.stage = Stage::Working;
  if (Stored& stored = records_[shim.job]; stored.owner == pid) stored.record.phase = RunPhase::Running;
  Trace(fmt::format("the step of job {} begins", shim.job));
}

void SimMachine::Finish(Shim& shim, RunPhase phase, RunExit kind, int value) {
  const pid_t pid = PidOf(shim);
  const bool well = phase == RunPhase::Ended && kind == RunExit::Status && value == 0 && !shim.asked;
  if (phase == RunPhase::Ended) ledger_.Ended(shim.job, {shim.attempt, well});
  if (Stored& stored = records_[shim.job]; stored.owner == pid) {
    stored.record.phase = phase;
    stored.record.exit_kind = kind;
    stored.record.exit_value = value;
    stored.record.cancelled = shim.asked ? 1 : 0;
    stored.record.ended_unix_ms = 1'777'777'800'000;
    stored.record.checksum = RunChecksum(stored.record);
    stored.durable = !shim.line;  // with a daemon there, the daemon's commit is what makes an end last
  } else if (stored.owner == 0) {
    records_.erase(shim.job);
  }
  Trace(fmt::format("shim {} of job {} ends: phase {}, value {}{}", pid, shim.job, static_cast<int>(phase), value,
                    shim.asked ? ", was asked to" : ""));
  shim.stage = Stage::Gone;
  if (!shim.held) shims_.erase(pid);
}

pid_t SimMachine::PidOf(const Shim& shim) const {
  for (const auto& [pid, other] : shims_) {
    if (&other == &shim) return pid;
  }
  return 0;
}

SimMachine::Shim* SimMachine::Pick(const std::function<bool(const Shim&)>& fits) {
  std::vector<Shim*> fitting;
  for (auto& [pid, shim] : shims_) {
    if (fits(shim)) fitting.push_back(&shim);
  }
  return fitting.empty() ? nullptr : fitting[random_.Below(fitting.size())];
}

bool SimMachine::StepEnds(bool well) {
  Shim* shim = Pick([](const Shim& one) { return one.stage == Stage::Working && !one.asked; });
  if (shim == nullptr) return false;
  const bool signal = !well && random_.OneIn(3);
  Finish(*shim, RunPhase::Ended, signal ? RunExit::Signal : RunExit::Status, well ? 0 : signal ? 9 : 7);
  return true;
}

bool SimMachine::StepFailsForNow() {
  Shim* shim = Pick([this](const Shim& one) {
    return one.stage == Stage::Working && !one.asked && ledger_.Of(one.job).options.retry == RetryPolicy::Temporary;
  });
  if (shim == nullptr) return false;
  Finish(*shim, RunPhase::Ended, RunExit::Status, random_.OneIn(2) ? StepExit::kNoNetwork : StepExit::kTryLater);
  return true;
}

bool SimMachine::StepCannotStart() {
  Shim* shim = Pick([](const Shim& one) { return one.stage == Stage::Working; });
  if (shim == nullptr) return false;
  shim->asked = false;
  Finish(*shim, RunPhase::StartFailed);
  return true;
}

bool SimMachine::StepProgresses() {
  const Shim* shim = Pick([](const Shim& one) { return one.stage == Stage::Working; });
  if (shim != nullptr) progressed_.insert(shim->job);
  return shim != nullptr;
}

bool SimMachine::ShimIsKilled() {
  Shim* shim = Pick([](const Shim& one) { return one.stage != Stage::Gone; });
  if (shim == nullptr) return false;
  if (shim->stage == Stage::Working && random_.OneIn(2)) leftovers_.insert(shim->job);
  Trace(fmt::format("the shim of job {} is killed{}", shim->job,
                    leftovers_.contains(shim->job) ? ", its step lives" : ""));
  shim->stage = Stage::Gone;
  if (!shim->held) shims_.erase(PidOf(*shim));
  return true;
}

bool SimMachine::ShimIsTold() {
  Shim* shim = Pick([](const Shim& one) { return one.stage != Stage::Gone && !one.asked; });
  if (shim == nullptr) return false;
  Trace(fmt::format("the shim of job {} gets a TERM from outside", shim->job));
  shim->asked = true;
  return true;
}

bool SimMachine::ShimGivesUp() {
  Shim* shim = Pick([](const Shim& one) { return one.stage == Stage::Waiting && !one.line; });
  if (shim == nullptr) return false;
  Finish(*shim, RunPhase::NeverBegan);
  return true;
}

bool SimMachine::ShimObeys() {
  Shim* shim = Pick([](const Shim& one) { return one.stage != Stage::Gone && one.asked; });
  if (shim == nullptr) return false;
  if (shim->stage == Stage::Waiting) {
    Finish(*shim, RunPhase::NeverBegan);
  } else if (random_.OneIn(4)) {
    shim->asked = false;  // it had ended by itself just before
    Finish(*shim, RunPhase::Ended, RunExit::Status, random_.OneIn(3) ? 1 : 0);
  } else {
    const bool signal = !random_.OneIn(4);  // or it answered the signal with exit 0
    Finish(*shim, RunPhase::Ended, signal ? RunExit::Signal : RunExit::Status, signal ? 2 : 0);
  }
  return true;
}

bool SimMachine::TellOfAnEnd() {
  Shim* shim = Pick([](const Shim& one) { return one.stage == Stage::Gone && one.ended; });
  if (shim == nullptr) return false;
  const Callback ended = std::exchange(shim->ended, nullptr);
  ended();  // destroys the handle, and with it the shim
  return true;
}

bool SimMachine::HuntEnds() {
  if (hunts_.empty()) return false;
  auto at = hunts_.begin();
  std::advance(at, random_.Below(hunts_.size()));
  const JobId id = at->first;
  const Callback gone = std::move(at->second);
  hunts_.erase(at);
  leftovers_.erase(id);
  Trace(fmt::format("nothing is left of the lost run of job {}", id));
  gone();
  return true;
}

void SimMachine::DaemonIsGone() { hunts_.clear(); }

void SimMachine::PowerIsCut() {
  shims_.clear();
  leftovers_.clear();
  hunts_.clear();
  ++boot_;
  for (auto at = records_.begin(); at != records_.end();) {
    Stored& stored = at->second;
    const std::size_t luck = stored.durable ? 0 : random_.Below(4);
    if (luck == 1) stored.record.phase = RunPhase::Waiting;
    if (luck == 2 && stored.older) stored.record = *stored.older;
    at = luck == 3 ? records_.erase(at) : std::next(at);
  }
}

std::set<JobId> SimMachine::Alive() const {
  std::set<JobId> alive = leftovers_;
  for (const auto& [pid, shim] : shims_) {
    if (shim.stage == Stage::Working) alive.insert(shim.job);
  }
  return alive;
}

bool SimMachine::Quiet() const { return shims_.empty() && hunts_.empty() && leftovers_.empty(); }

}  // namespace cmdsrv::model
