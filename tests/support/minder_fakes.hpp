#pragma once

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/time_text.hpp"
#include "jobs/job_status.hpp"
#include "jobs/step_runner.hpp"
#include "platform/event_loop.hpp"
#include "store/store.hpp"

/// A world for the Minder without threads, processes, files or time of its own: everything happens when a test says so.
namespace cmdsrv::test {

/// Runs posted tasks on Drain, timers on Advance.
class FakeLoop final : public EventLoop {
 public:
  explicit FakeLoop(ManualClock& clock) : clock_(clock) {}

  SourcePtr OnReadable(int, std::function<void()>) override { abort(); }  // the fake runner has no descriptors
  SourcePtr After(std::chrono::milliseconds delay, std::function<void()> callback) override {
    auto timer = std::make_unique<Timer>();
    timer->owner = &timers_;
    timers_.emplace(timer.get(), Due{clock_.Steady() + delay, std::move(callback)});
    return timer;
  }
  void Post(std::function<void()> task) override { posted_.push_back(std::move(task)); }
  void Run() override { Drain(); }
  void Quit() override { posted_.clear(); }

  void Drain() {
    while (!posted_.empty()) {
      const auto task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
  }

  /// Lets time pass and fires what becomes due, in order.
  void Advance(std::chrono::milliseconds by) {
    const SteadyTime end = clock_.Steady() + by;
    Drain();
    for (;;) {
      auto next = timers_.end();
      for (auto at = timers_.begin(); at != timers_.end(); ++at) {
        if (at->second.at <= end && (next == timers_.end() || at->second.at < next->second.at)) next = at;
      }
      if (next == timers_.end()) break;
      if (next->second.at > clock_.Steady()) clock_.Advance(next->second.at - clock_.Steady());
      const auto callback = std::move(next->second.callback);
      timers_.erase(next);
      callback();
      Drain();
    }
    clock_.Advance(end - clock_.Steady());
  }

  std::size_t Timers() const { return timers_.size(); }

 private:
  struct Due {
    SteadyTime at;
    std::function<void()> callback;
  };
  struct Timer final : Source {
    std::map<Source*, Due>* owner = nullptr;
    ~Timer() override { owner->erase(this); }
  };

  ManualClock& clock_;
  std::deque<std::function<void()>> posted_;
  std::map<Source*, Due> timers_;
};

/// Keeps rows in memory. `hold` delays answers to updates until Release; `failures` lets that many updates fail.
class FakeStore final : public Store {
 public:
  CommandId NextCommandId() override { return CommandId{++last_command_}; }
  std::vector<JobId> NextJobIds(std::size_t count) override {
    std::vector<JobId> ids(count);
    for (JobId& id : ids) id = JobId{++last_job_};
    return ids;
  }
  void PassOverJobIds(JobId up_to) override { last_job_ = std::max(last_job_, up_to.value); }
  void LogCommand(CommandRow) override {}

  Result<void> InsertGroup(CommandRow command, std::vector<JobRow> jobs) override {
    if (refuse_groups) return Fail(ErrorCode::NoSpace, "cannot write: no space left on device");
    for (JobRow& row : jobs) {
      row.command_message = command.message;
      rows[row.id] = row;
    }
    return {};
  }

  void Update(std::vector<JobUpdate> updates, Durability durability, Done done) override {
    Result<void> result;
    if (failures > 0) {
      --failures;
      result = Fail(ErrorCode::NoSpace, "cannot write: no space left on device");
    } else if (!std::ranges::all_of(updates, [this](const JobUpdate& update) { return rows.contains(update.id); })) {
      result = Fail(ErrorCode::NotFound, "cannot change a job: no such job");
    } else {
      transactions.push_back({updates, durability});
      for (const JobUpdate& update : updates) Apply(update);
    }
    if (!hold) return done(result);
    held_.push_back([done = std::move(done), result] { done(result); });
  }

  void Release() {
    hold = false;
    for (const auto& answer : std::exchange(held_, {})) answer();
  }

  Result<std::vector<JobRow>> Unfinished() override {
    std::set<JobId> wanted;
    for (const auto& [id, row] : rows) {
      if (IsFinal(*StatusFromName(row.status))) continue;
      wanted.insert(id);
      if (row.depends_on && rows.contains(row.depends_on)) wanted.insert(row.depends_on);
    }
    std::vector<JobRow> list;
    for (const JobId id : wanted) list.push_back(rows.at(id));
    return list;
  }
  Result<std::vector<JobRow>> List(const ListQuery& query) override {
    std::vector<JobRow> list;
    for (auto at = rows.rbegin(); at != rows.rend() && list.size() < query.limit; ++at) {
      if (!query.below || at->first < query.below) list.push_back(at->second);
    }
    return list;
  }
  Result<JobRow> Find(JobId id) override {
    if (!rows.contains(id)) return Fail(ErrorCode::NotFound, "cannot find job {}", id);
    return rows.at(id);
  }
  Result<std::vector<JobRow>> Group(CommandId id) override {
    std::vector<JobRow> list;
    for (const auto& [key, row] : rows) {
      if (row.command == id) list.push_back(row);
    }
    return list;
  }
  void Prune(Pruned done) override {
    ++prunes;
    done(pruned.map([this](const auto& jobs) { return PrunedRows{jobs, trusted_now}; }));
  }
  void Close() override {}

  struct Written {
    std::vector<JobUpdate> updates;
    Durability durability;
  };
  std::map<JobId, JobRow> rows;
  std::vector<Written> transactions;
  bool hold = false;
  bool refuse_groups = false;
  int failures = 0;
  int prunes = 0;
  Result<std::vector<JobId>> pruned;  ///< the answer to each Prune
  WallTime trusted_now{};             ///< the same

 private:
  void Apply(const JobUpdate& update) {
    JobRow& row = rows.at(update.id);
    if (update.status) {
      row.status = *update.status;
      row.updated_text = ToD1(update.now);
    }
    if (update.pid) row.pid = *update.pid;
    if (update.output) row.output = *update.output;
    if (update.run) row.run = *update.run;
  }

  std::int64_t last_command_ = 0;
  std::int64_t last_job_ = 0;
  std::vector<std::function<void()>> held_;
};

/// Runs are entries of a map; a test ends them.
class FakeRunner final : public StepRunner {
 public:
  struct Run {
    ShimStart start;
    ProcessIdentity identity;
    Callback ended;
    RunRecord record{};
    bool adopted = false;
    bool go = false;
    int cancels = 0;
    int kills = 0;
  };

  /// As after a crash: the runs go on, the daemon that watched them is gone.
  void ForgetDaemon() { started.clear(); }

  Result<std::unique_ptr<StepRun>> Start(ShimStart start, Callback ended) override {
    if (refuse) return tl::unexpected(*refuse);
    const JobId id = start.job;
    Run& run = runs[id];
    run = Run{};
    run.identity = {boot, ++last_pid_, static_cast<std::uint64_t>(last_pid_) * 10};
    run.ended = std::move(ended);
    std::copy_n(kRunMagic, sizeof kRunMagic, run.record.magic);
    run.record.attempt = start.attempt;
    run.record.output_total = start.output_kept;
    run.start = std::move(start);
    alive.insert(id);
    started.push_back(id);
    return std::make_unique<Handle>(*this, id);
  }
  Result<std::unique_ptr<StepRun>> Adopt(const ProcessIdentity& shim, Callback ended) override {
    for (auto& [id, run] : runs) {
      if (!(run.identity == shim) || !alive.contains(id)) continue;
      run.ended = std::move(ended);
      run.adopted = true;
      return std::make_unique<Handle>(*this, id);
    }
    return Fail(ErrorCode::NotFound, "process {} has ended", shim.pid);
  }
  std::optional<RunRecord> Record(JobId id) override {
    const auto at = runs.find(id);
    if (at == runs.end() || forgotten.contains(id)) return std::nullopt;
    return at->second.record;
  }
  RunOutput Output(JobId id) override { return outputs[id]; }
  std::uint64_t Printed(JobId id) override { return outputs[id].bytes; }
  void OnPrinted(JobId id, Callback printed) override { on_printed[id] = std::move(printed); }
  bool Progressed(JobId id, const RunRow&) override { return progressed.contains(id); }
  RunFacts Look(JobId id, const RunRow& run, std::int64_t) override {
    RunFacts facts;
    facts.same_boot = run.boot_id == boot;
    facts.shim_alive = facts.same_boot && alive.contains(id);
    facts.leftovers = facts.same_boot && leftovers.contains(id);
    facts.progressed = progressed.contains(id);
    facts.record = Record(id);
    return facts;
  }
  void EndLeftovers(JobId id, const ProcessIdentity&, Callback gone) override {
    leftovers.erase(id);
    hunts[id] = std::move(gone);
  }
  void EndOldProgram(JobId, std::int64_t pid, const std::string&) override { old_programs.push_back(pid); }
  void Forget(JobId id) override { forgotten.insert(id); }

  /// The shim finishes its record and is gone.
  void End(JobId id, RunPhase phase = RunPhase::Ended, int status = 0, bool cancelled = false) {
    RunRecord& record = runs.at(id).record;
    record.phase = phase;
    record.exit_value = status;
    record.cancelled = cancelled ? 1 : 0;
    record.ended_unix_ms = 1'777'777'800'000;
    record.checksum = RunChecksum(record);
    Lose(id);
  }
  void EndBySignal(JobId id, int signal, bool cancelled) {
    runs.at(id).record.exit_kind = RunExit::Signal;
    End(id, RunPhase::Ended, signal, cancelled);
  }
  /// The shim is gone without a word.
  void Lose(JobId id) {
    alive.erase(id);
    if (const Callback ended = std::exchange(runs.at(id).ended, nullptr)) ended();
  }
  /// The step of `id` prints.
  void Print(JobId id, std::uint64_t bytes, std::optional<Progress> progress = {}) {
    outputs[id].bytes += bytes;
    outputs[id].progress = std::move(progress);
    const auto wish = on_printed.extract(id);
    if (!wish.empty()) wish.mapped()();
  }
  void FinishHunt(JobId id) { std::exchange(hunts.at(id), nullptr)(); }

  std::string boot = "boot-1";
  std::map<JobId, Run> runs;   ///< the newest of each job
  std::vector<JobId> started;  ///< every start, in order
  std::set<JobId> alive;
  std::set<JobId> leftovers;
  std::set<JobId> progressed;
  std::set<JobId> forgotten;
  std::map<JobId, Callback> hunts;
  std::map<JobId, RunOutput> outputs;
  std::map<JobId, Callback> on_printed;    ///< wishes that have not come true
  std::vector<std::int64_t> old_programs;  ///< pids that were to be ended
  std::optional<Error> refuse;

 private:
  struct Handle final : StepRun {
    Handle(FakeRunner& owner, JobId job) : runner(owner), id(job), identity(owner.runs.at(job).identity) {}
    ProcessIdentity Identity() const override { return identity; }
    Result<void> Go() override {
      runner.runs.at(id).go = true;
      runner.runs.at(id).record.phase = RunPhase::Running;
      return {};
    }
    void Cancel() override { ++runner.runs.at(id).cancels; }
    void Kill() override { ++runner.runs.at(id).kills; }
    FakeRunner& runner;
    JobId id;
    ProcessIdentity identity;
  };

  pid_t last_pid_ = 100;
};

}  // namespace cmdsrv::test
