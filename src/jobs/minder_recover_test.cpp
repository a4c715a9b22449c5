#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RecoverTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }

  /// The machine loses power: no process is left.
  void PowerCut() {
    Crash();
    runner.alive.clear();
    runner.boot += "+";
  }
};

TEST_F(RecoverTest, ARunningStepIsAdoptedAndNotRunTwice) {
  const auto ids = Submit(Chain(2));
  Boot();
  EXPECT_THAT(runner.started, IsEmpty());
  EXPECT_TRUE(runner.runs.at(ids[0]).adopted);
  EXPECT_EQ(board->Active().started, 1);
  EXPECT_EQ(board->Find(ids[1])->reason, "Waiting for job 1");
  End(ids[0]);
  EXPECT_EQ(StatusOf(ids[0]), "SUCCEEDED");
  EXPECT_THAT(runner.started, ElementsAre(ids[1]));
}

TEST_F(RecoverTest, AnEndThatNobodySawIsRecorded) {
  const auto ids = Submit(Chain(3));
  Crash();
  runner.runs.at(ids[0]).ended = nullptr;
  runner.End(ids[0], RunPhase::Ended, 4);
  Boot();
  EXPECT_EQ(StatusOf(ids[0]), "FAILED");
  EXPECT_EQ(StatusOf(ids[2]), "CANCELLED");
  EXPECT_THAT(runner.started, IsEmpty());
}

TEST_F(RecoverTest, AfterAPowerCutInterruptedStepsComeFirstAndKeepTheLimits) {
  options.max_running = 1;
  Boot();
  const auto first = Submit(Chain(1));
  const auto second = Submit(Chain(1));
  PowerCut();
  Boot();
  EXPECT_THAT(runner.started, ElementsAre(first[0]));
  EXPECT_EQ(StatusOf(first[0]), "RESTARTED");
  EXPECT_EQ(store.rows.at(first[0]).run.attempt, 2U);
  EXPECT_EQ(store.rows.at(first[0]).run.restarts_without_progress, 1U);
  End(first[0]);
  EXPECT_THAT(runner.started, ElementsAre(first[0], second[0]));
  EXPECT_EQ(StatusOf(second[0]), "STARTED");
}

TEST_F(RecoverTest, AStartThatWasRecordedButNeverHappenedIsAFirstStart) {
  store.hold = true;
  const JobId id = Submit(Chain(1)).at(0);
  Crash();
  store.Release();
  runner.runs.at(id).ended = nullptr;
  runner.End(id, RunPhase::NeverBegan);
  Boot();
  EXPECT_THAT(runner.started, ElementsAre(id));
  EXPECT_EQ(StatusOf(id), "STARTED");
  EXPECT_EQ(store.rows.at(id).run.restarts_without_progress, 0U);
}

TEST_F(RecoverTest, LeftoversAreEndedBeforeTheStepStartsAgain) {
  const JobId id = Submit(Chain(1)).at(0);
  Crash();
  runner.alive.clear();
  runner.leftovers.insert(id);
  Boot();
  EXPECT_THAT(runner.started, IsEmpty());
  runner.FinishHunt(id);
  loop->Advance(10s);
  EXPECT_THAT(runner.started, ElementsAre(id));
  EXPECT_EQ(StatusOf(id), "RESTARTED");
}

TEST_F(RecoverTest, RowsOfTheOldProgramAreCancelledWithAReason) {
  JobRow row;
  row.id = JobId{70};
  row.command = CommandId{7};
  row.status = "STARTED";
  row.pid = 4711;
  row.options_json = R"({"extra_vars": null, "service_required": null})";
  row.command_message = "INST-ZIMS {}";
  store.rows[row.id] = row;
  row.id = JobId{71};
  row.status = "SCHEDULED";
  row.depends_on = JobId{70};
  row.options_json = "{broken";
  store.rows[row.id] = row;
  Boot();
  EXPECT_EQ(StatusOf(JobId{70}), "CANCELLED");
  EXPECT_EQ(OutputOf(JobId{70}), "was scheduled by an older version of the server; send the command again");
  EXPECT_EQ(StatusOf(JobId{71}), "CANCELLED");
  EXPECT_THAT(runner.old_programs, ElementsAre(4711)) << "job 71 never had one";
  EXPECT_THAT(board->Unfinished(), IsEmpty());
}

TEST_F(RecoverTest, CommandsStayReservedAfterARestart) {
  Submit(Chain(2), "INST-ZIMS x");
  Boot();
  EXPECT_FALSE(board->Reserve("INST-ZIMS x"));
  ASSERT_EQ(board->Unfinished().size(), 1U);
  EXPECT_EQ(board->Unfinished()[0].message, "TEST-JOB {}");
}

TEST_F(RecoverTest, WhatTheServerInterruptedWhenItStoppedStartsAgain) {
  const JobId id = Submit(Chain(1)).at(0);
  bool gone = false;
  core->InterruptAll([&gone] { gone = true; });
  EXPECT_EQ(runner.runs.at(id).cancels, 1);
  EXPECT_FALSE(gone);
  runner.EndBySignal(id, 2, true);
  loop->Drain();
  EXPECT_TRUE(gone);
  EXPECT_EQ(StatusOf(id), "STARTED");
  Boot();
  EXPECT_THAT(runner.started, ElementsAre(id));
  EXPECT_EQ(StatusOf(id), "RESTARTED");
}

TEST_F(RecoverTest, NothingStartsWhileTheServerStops) {
  options.max_running = 1;
  Boot();
  const auto ids = Submit(Apart(2));
  core->InterruptAll([] {});
  runner.EndBySignal(ids[0], 2, true);
  loop->Drain();
  EXPECT_THAT(runner.started, ElementsAre(ids[0]));
}

TEST_F(RecoverTest, TheFourthPowerCutWithoutProgressIsTheLast) {
  const JobId id = Submit(Chain(1)).at(0);
  for (int i = 0; i < 3; ++i) {
    PowerCut();
    Boot();
    EXPECT_EQ(StatusOf(id), "RESTARTED");
  }
  PowerCut();
  Boot();
  EXPECT_EQ(StatusOf(id), "FAILED");
  EXPECT_THAT(OutputOf(id), HasSubstr("was interrupted (the machine was restarted) after 3 restarts without progress"));
}

}  // namespace
}  // namespace cmdsrv
