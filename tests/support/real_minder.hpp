#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "jobs/job_minder.hpp"
#include "platform/root.hpp"
#include "store/store.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::test {

/// Passes everything on and counts how often each job was given a final status.
class CountingStore final : public Store {
 public:
  explicit CountingStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  CommandId NextCommandId() override { return store_->NextCommandId(); }
  std::vector<JobId> NextJobIds(std::size_t count) override { return store_->NextJobIds(count); }
  void PassOverJobIds(JobId up_to) override { store_->PassOverJobIds(up_to); }
  void LogCommand(CommandRow row) override { store_->LogCommand(std::move(row)); }
  Result<void> InsertGroup(CommandRow command, std::vector<JobRow> jobs) override {
    return store_->InsertGroup(std::move(command), std::move(jobs));
  }
  void Update(std::vector<JobUpdate> updates, Durability durability, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      for (const JobUpdate& update : updates) {
        if (update.status && IsFinal(*StatusFromName(*update.status))) ++ends_[update.id];
      }
    }
    store_->Update(std::move(updates), durability, std::move(done));
  }
  Result<std::vector<JobRow>> Unfinished() override { return store_->Unfinished(); }
  Result<std::vector<JobRow>> List(const ListQuery& query) override { return store_->List(query); }
  Result<JobRow> Find(JobId id) override { return store_->Find(id); }
  Result<std::vector<JobRow>> Group(CommandId id) override { return store_->Group(id); }
  void Prune(Pruned done) override { store_->Prune(std::move(done)); }
  void Close() override { store_->Close(); }

  std::map<JobId, int> Ends() {
    const std::lock_guard lock(mutex_);
    return ends_;
  }

 private:
  std::unique_ptr<Store> store_;
  std::mutex mutex_;
  std::map<JobId, int> ends_;
};

/// A Minder with the real store, shims and /bin/sh steps, in a scratch directory.
class RealMinder : public testing::Test {
 protected:
  RealMinder() {
    options.default_cwd = scratch.Path();
    options.state_directory = scratch / "state";
    options.output_directory = scratch / "outputs";
    options.shim_program = Root::OwnProgram("iiab-cmdsrv-shim");
    options.environment = ChildEnvironment(Root{});
    options.environment.push_back(mark);
    options.low_priority = false;
  }
  ~RealMinder() override { EndEverything(); }

  void Boot() {
    Halt();
    auto opened = Store::Open({.path = scratch / "jobs.db"}, clock);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::make_unique<CountingStore>(std::move(opened->store));
    auto started = JobMinder::Start(*store, clock, options);
    ASSERT_TRUE(started) << started.error().message;
    minder = std::move(*started);
  }

  /// The daemon stops; steps go on.
  void Halt() {
    if (minder) minder->Stop(false);
    minder.reset();
    if (store) store->Close();
    store.reset();
  }

  void EndEverything() {
    Halt();
    for (const int pid : ProcessesWithEnvironment(mark)) kill(pid, SIGKILL);
    EXPECT_TRUE(Eventually([&] { return ProcessesWithEnvironment(mark).empty(); }));
  }

  JobBoard& Jobs() { return minder->Board(); }

  static StepPlan Shell(const std::string& script, std::optional<std::size_t> after = {}) {
    StepPlan step;
    step.argv = {"/bin/sh", "-c", script};
    step.after = after;
    return step;
  }
  static JobPlan Chain(const std::vector<std::string>& scripts) {
    JobPlan plan;
    for (const std::string& script : scripts) {
      plan.steps.push_back(Shell(script, plan.steps.empty() ? std::nullopt : std::optional(plan.steps.size() - 1)));
    }
    return plan;
  }

  std::vector<JobId> Submit(JobPlan plan, const std::string& canonical = "") {
    auto reservation = Jobs().Reserve(canonical);
    EXPECT_TRUE(reservation);
    auto ids =
        Jobs().Submit({store->NextCommandId(), "TEST-JOB", clock.Wall()}, std::move(plan), std::move(*reservation));
    EXPECT_TRUE(ids) << ids.error().message;
    return ids.value_or(std::vector<JobId>());
  }

  JobView View(JobId id) { return Jobs().Find(id).value_or(JobView{}); }
  bool Is(JobId id, JobStatus status) { return View(id).status == status; }
  bool Ended(JobId id) { return IsFinal(View(id).status); }
  bool WaitFor(JobId id, JobStatus status) {
    return Eventually([&] { return Is(id, status); });
  }
  bool WaitForEnd(const std::vector<JobId>& ids) {
    return Eventually([&] {
      for (const JobId id : ids) {
        if (!Ended(id)) return false;
      }
      return true;
    });
  }
  bool WaitForFile(const std::string& name) {
    return Eventually([&] { return std::filesystem::exists(scratch / name); });
  }
  std::size_t LinesOf(const std::string& name) {
    const std::string text = Slurp(scratch / name);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  ScratchDirectory scratch;
  const std::string mark = "CMDSRV_TEST_MARK=" + scratch.Path();
  Clock clock;
  MinderOptions options;
  std::unique_ptr<CountingStore> store;
  std::unique_ptr<JobMinder> minder;
};

}  // namespace cmdsrv::test
