#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/board.hpp"
#include "jobs/minder_core.hpp"
#include "support/minder_fakes.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::test {

using namespace std::chrono_literals;

/// A Minder in a fake world. Tests change `options` before Boot.
class MinderWorld : public testing::Test {
 protected:
  MinderWorld() {
    options.state_directory = scratch / "state";
    options.output_directory = scratch / "outputs";
    options.default_cwd = "/opt/admin/cmdsrv";
  }

  /// Starts the daemon (again): what is in memory is gone, rows and runs stay.
  void Boot() {
    Crash();
    loop = std::make_shared<FakeLoop>(clock);
    table = std::make_shared<JobTable>();
    events.emplace(0);
    core.emplace(MinderCore::Parts{store, clock, loop, runner, *table, *events}, options);
    ASSERT_TRUE(core->Recover());
    board.emplace(store, clock, options, table, *core);
    loop->Drain();
  }

  void Crash() {
    board.reset();
    core.reset();
    runner.ForgetDaemon();
  }

  static StepPlan Step(std::optional<std::size_t> after = {}) {
    StepPlan step;
    step.argv = {"/usr/bin/step"};
    step.after = after;
    return step;
  }
  static JobPlan Chain(std::size_t length) {
    JobPlan plan;
    for (std::size_t i = 0; i < length; ++i) plan.steps.push_back(i == 0 ? Step() : Step(i - 1));
    return plan;
  }
  static JobPlan Apart(std::size_t count) {
    JobPlan plan;
    plan.steps.resize(count, Step());
    return plan;
  }

  std::vector<JobId> Submit(JobPlan plan, const std::string& canonical = "") {
    auto reservation = board->Reserve(canonical);
    EXPECT_TRUE(reservation);
    if (!reservation) return {};
    auto ids =
        board->Submit({store.NextCommandId(), "TEST-JOB {}", clock.Wall()}, std::move(plan), std::move(*reservation));
    EXPECT_TRUE(ids);
    loop->Drain();
    return ids.value_or(std::vector<JobId>());
  }

  void End(JobId id, int status = 0) {
    runner.End(id, RunPhase::Ended, status);
    loop->Drain();
  }
  Result<CancelAnswer> Cancel(JobId id) {
    auto answer = board->Cancel(id);
    loop->Drain();
    return answer;
  }

  std::string StatusOf(JobId id) { return store.rows.at(id).status; }
  std::string OutputOf(JobId id) { return store.rows.at(id).output; }
  std::string ReasonOf(JobId id) { return board->Find(id).value().reason; }
  bool Began(JobId id) const { return runner.runs.contains(id) && runner.runs.at(id).go; }

  ScratchDirectory scratch;
  ManualClock clock;
  FakeStore store;
  FakeRunner runner;
  MinderOptions options;
  std::shared_ptr<FakeLoop> loop;
  std::shared_ptr<JobTable> table;
  std::optional<JobEvents> events;
  std::optional<MinderCore> core;
  std::optional<Board> board;
};

}  // namespace cmdsrv::test
