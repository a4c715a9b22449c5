#include "jobs/minder_core.hpp"

#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MinderTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }
};

TEST_F(MinderTest, AJobIsRecordedAsStartedBeforeItsStepBegins) {
  store.hold = true;
  const JobId id = Submit(Chain(1)).at(0);
  ASSERT_THAT(runner.started, ElementsAre(id));
  EXPECT_EQ(StatusOf(id), "STARTED");
  EXPECT_FALSE(Began(id)) << "the database has not answered yet";
  store.Release();
  loop->Drain();
  EXPECT_TRUE(Began(id));
  const JobRow& row = store.rows.at(id);
  EXPECT_EQ(row.run.attempt, 1U);
  EXPECT_EQ(row.run.boot_id, "boot-1");
  EXPECT_EQ(row.pid, runner.runs.at(id).identity.pid);
  EXPECT_EQ(row.run.started, clock.Wall());
}

TEST_F(MinderTest, StartsGetDirectoryEnvironmentAndFiles) {
  options.environment = {"PATH=/bin"};
  options.priority_words = {"/usr/bin/nice", "-n5"};
  JobPlan plan = Chain(1);
  plan.cwd = "/opt/iiab";
  const JobId id = Submit(plan).at(0);
  const ShimStart& start = runner.runs.at(id).start;
  EXPECT_THAT(start.argv, ElementsAre("/usr/bin/nice", "-n5", "/usr/bin/step"));
  EXPECT_EQ(start.directory, "/opt/iiab");
  EXPECT_THAT(start.environment, ElementsAre("PATH=/bin"));
  EXPECT_EQ(start.record_path, options.state_directory + "/runs/job-1.run");
  EXPECT_EQ(start.output_path, options.output_directory + "/job-1.out");
  const JobId other = Submit(Chain(1)).at(0);
  EXPECT_EQ(runner.runs.at(other).start.directory, "/opt/admin/cmdsrv");
}

TEST_F(MinderTest, AChainRunsInOrderAndOnlyAfterARecordedEnd) {
  const auto ids = Submit(Chain(3));
  EXPECT_THAT(runner.started, ElementsAre(ids[0]));
  store.hold = true;
  End(ids[0]);
  EXPECT_THAT(runner.started, ElementsAre(ids[0])) << "the end is not recorded yet";
  EXPECT_EQ(store.transactions.back().durability, Store::Durability::Synced);
  store.Release();
  loop->Drain();
  EXPECT_THAT(runner.started, ElementsAre(ids[0], ids[1]));
  End(ids[1]);
  End(ids[2]);
  for (const JobId id : ids) EXPECT_EQ(StatusOf(id), "SUCCEEDED");
  EXPECT_THAT(board->Unfinished(), IsEmpty());
  EXPECT_TRUE(runner.forgotten.contains(ids[2]));
}

TEST_F(MinderTest, AFailedStepCancelsItsDependentsInTheSameTransaction) {
  const auto ids = Submit(Chain(3));
  End(ids[0], 3);
  EXPECT_EQ(StatusOf(ids[0]), "FAILED");
  EXPECT_EQ(store.rows.at(ids[0]).run.exit, "exit status 3");
  for (const JobId id : {ids[1], ids[2]}) {
    EXPECT_EQ(StatusOf(id), "CANCELLED");
    EXPECT_EQ(OutputOf(id), "Cancelled because job 1 failed (step 1)");
    EXPECT_EQ(board->Find(id)->reason_code, "job");
  }
  EXPECT_EQ(store.transactions.back().updates.size(), 3U);
  EXPECT_THAT(runner.started, ElementsAre(ids[0]));
}

TEST_F(MinderTest, OtherBranchesOfTheGroupGoOn) {
  JobPlan plan = Apart(3);
  plan.steps.push_back(Step(0));
  const auto ids = Submit(plan);
  End(ids[0], 1);
  EXPECT_EQ(StatusOf(ids[3]), "CANCELLED");
  End(ids[1]);
  EXPECT_EQ(StatusOf(ids[1]), "SUCCEEDED");
  EXPECT_EQ(StatusOf(ids[2]), "STARTED");
}

TEST_F(MinderTest, LimitsHoldAndWhatWaitsSaysWhy) {
  const auto ids = Submit(Apart(9));
  EXPECT_EQ(runner.started.size(), 7U);
  EXPECT_EQ(board->Find(ids[8])->reason_code, "slot");
  EXPECT_EQ(board->Find(ids[8])->output, "Waiting for a free slot");
  EXPECT_EQ(board->Active().started, 7);
  End(ids[3]);
  EXPECT_EQ(runner.started.size(), 8U);
  EXPECT_EQ(board->Active().started, 7);
}

TEST_F(MinderTest, AStartThatCannotBeRecordedDoesNotHappenAndIsTriedAgain) {
  store.failures = 1;
  const JobId id = Submit(Chain(1)).at(0);
  EXPECT_FALSE(Began(id));
  EXPECT_EQ(runner.runs.at(id).cancels, 1) << "the shim is sent away";
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  runner.End(id, RunPhase::NeverBegan, 0, true);
  loop->Drain();
  EXPECT_EQ(ReasonOf(id), "cannot record the start: cannot write: no space left on device");
  loop->Advance(999ms);
  EXPECT_EQ(runner.started.size(), 1U);
  loop->Advance(1ms);
  EXPECT_EQ(runner.started.size(), 2U);
  EXPECT_TRUE(Began(id));
  EXPECT_EQ(StatusOf(id), "STARTED");
  End(id);
  EXPECT_EQ(StatusOf(id), "SUCCEEDED");
}

TEST_F(MinderTest, TriesComeLessOftenTheLongerTheyFail) {
  store.failures = 100;
  const JobId id = Submit(Chain(1)).at(0);
  std::vector<int> waited;
  for (std::size_t tries = 1; tries <= 7; ++tries) {
    runner.End(id, RunPhase::NeverBegan, 0, true);
    int seconds = 0;
    while (runner.started.size() == tries && seconds < 100) {
      loop->Advance(1s);
      ++seconds;
    }
    waited.push_back(seconds);
  }
  EXPECT_THAT(waited, ElementsAre(1, 2, 4, 8, 16, 30, 30));
}

TEST_F(MinderTest, AnEndThatCannotBeRecordedIsKeptWhileOthersRun) {
  const auto ids = Submit(Chain(2));
  const JobId other = Submit(Chain(1)).at(0);
  store.failures = 2;
  End(ids[0]);
  EXPECT_EQ(StatusOf(ids[0]), "STARTED");
  EXPECT_FALSE(runner.forgotten.contains(ids[0])) << "the run record is all that tells of the end";
  loop->Advance(1s);
  EXPECT_EQ(StatusOf(ids[0]), "STARTED");
  End(other);
  EXPECT_EQ(StatusOf(other), "SUCCEEDED");
  EXPECT_FALSE(runner.runs.contains(ids[1]));
  loop->Advance(2s);
  EXPECT_EQ(StatusOf(ids[0]), "SUCCEEDED");
  EXPECT_TRUE(Began(ids[1]));
}

TEST_F(MinderTest, ARowThatSomebodyDeletedHoldsNeitherSlotNorTheEndsOfOthers) {
  options.max_running = 1;
  Boot();
  const auto ids = Submit(Chain(2));
  const JobId other = Submit(Chain(1)).at(0);
  store.rows.erase(ids[0]);
  End(ids[0], 1);
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED");
  EXPECT_THAT(runner.started, ElementsAre(ids[0], other));
  EXPECT_EQ(board->Active().started, 1);
}

TEST_F(MinderTest, AWaitingJobWhoseRowSomebodyDeletedIsForgotten) {
  options.max_running = 1;
  Boot();
  const JobId first = Submit(Chain(1)).at(0);
  const JobId gone = Submit(Chain(1), "GONE").at(0);
  store.rows.erase(gone);
  End(first);
  runner.End(gone, RunPhase::NeverBegan);
  loop->Drain();
  EXPECT_FALSE(Began(gone));
  EXPECT_EQ(board->Active().scheduled, 0);
  EXPECT_TRUE(board->Reserve("GONE")) << "the same Command may be sent again";
  EXPECT_EQ(loop->Timers(), 1U) << "the daily prune only";
}

TEST_F(MinderTest, AProgramThatCannotBeExecutedIsAFailureWithASentence) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.runs.at(id).record.stage = StartStage::Exec;
  runner.runs.at(id).record.error_number = ENOENT;
  runner.End(id, RunPhase::StartFailed);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "FAILED");
  EXPECT_EQ(OutputOf(id), "cannot start /usr/bin/step: exec: no such file or directory");
  EXPECT_EQ(board->Find(id)->reason, OutputOf(id));
}

TEST_F(MinderTest, AShimThatCannotBeMadeIsGivenUpUnlessTheDiskIsFull) {
  runner.refuse = Error{ErrorCode::Io, "cannot start the shim: resource temporarily unavailable"};
  const JobId id = Submit(Chain(1)).at(0);
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  loop->Advance(60s);
  EXPECT_EQ(StatusOf(id), "FAILED");
  EXPECT_EQ(OutputOf(id), "cannot start job 1: cannot start the shim: resource temporarily unavailable");

  runner.refuse = Error{ErrorCode::NoSpace, "cannot make the record file: no space left on device"};
  const JobId patient = Submit(Chain(1)).at(0);
  loop->Advance(1h);
  EXPECT_EQ(StatusOf(patient), "SCHEDULED");
  EXPECT_THAT(board->Find(patient)->output, HasSubstr("no space left on device"));
  runner.refuse.reset();
  loop->Advance(30s);
  EXPECT_TRUE(Began(patient));
}

TEST_F(MinderTest, ASignalIsNamedInTheLastLine) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.EndBySignal(id, 9, false);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "FAILED");
  EXPECT_EQ(OutputOf(id), "ended by signal 9 (Killed)");
}

TEST_F(MinderTest, ALostShimIsHuntedDownThenTheStepStartsAgain) {
  const JobId id = Submit(Chain(1)).at(0);
  for (unsigned restarts = 1; restarts <= 3; ++restarts) {
    runner.Lose(id);
    loop->Drain();
    ASSERT_TRUE(runner.hunts.contains(id));
    loop->Advance(1min);
    EXPECT_EQ(runner.started.size(), restarts) << "something of the old run may still be there";
    runner.FinishHunt(id);
    loop->Advance(10s);
    EXPECT_EQ(runner.started.size(), restarts + 1);
    EXPECT_EQ(StatusOf(id), "RESTARTED");
    EXPECT_EQ(store.rows.at(id).run.restarts_without_progress, restarts);
  }
  runner.Lose(id);
  runner.FinishHunt(id);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "FAILED");
  EXPECT_THAT(OutputOf(id), HasSubstr("after 3 restarts without progress"));
}

TEST_F(MinderTest, RunsThatGetFurtherAreStartedAgainForAsLongAsItTakes) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.progressed.insert(id);
  for (int i = 0; i < 10; ++i) {
    runner.Lose(id);
    runner.FinishHunt(id);
    loop->Advance(10s);
  }
  EXPECT_EQ(StatusOf(id), "RESTARTED");
  End(id);
  EXPECT_EQ(StatusOf(id), "SUCCEEDED");
}

TEST_F(MinderTest, AStepThatMustNotBeRepeatedFailsWhenItsShimIsLost) {
  JobPlan plan = Chain(2);
  plan.steps[0].restartable = false;
  const auto ids = Submit(plan);
  runner.Lose(ids[0]);
  runner.FinishHunt(ids[0]);
  loop->Drain();
  EXPECT_EQ(StatusOf(ids[0]), "FAILED");
  EXPECT_THAT(OutputOf(ids[0]), HasSubstr("must not be repeated"));
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED");
}

TEST_F(MinderTest, AnEndFromOutsideIsAnInterruption) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.EndBySignal(id, 2, true);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "STARTED");
  EXPECT_THAT(ReasonOf(id), HasSubstr("is started again soon"));
  loop->Advance(10s);
  EXPECT_EQ(StatusOf(id), "RESTARTED");
}

TEST_F(MinderTest, AnsibleJobsRunOneByOneAndTheirEndIsTold) {
  Crash();
  int told = 0;
  options.ansible_ended = [&told] { ++told; };
  Boot();
  JobPlan plan = Apart(2);
  plan.ansible = true;
  const auto ids = Submit(plan);
  EXPECT_THAT(runner.started, ElementsAre(ids[0]));
  EXPECT_TRUE(board->Active().ansible);
  EXPECT_TRUE(board->Active().ansible_waiting);
  EXPECT_EQ(board->Find(ids[1])->reason_code, "ansible");
  End(ids[0], 2);
  EXPECT_FALSE(board->Active().ansible_waiting);
  EXPECT_EQ(told, 1);
  EXPECT_THAT(runner.started, ElementsAre(ids[0], ids[1]));
}

TEST_F(MinderTest, TheSameCommandIsRefusedUntilAllItsJobsEnded) {
  const auto ids = Submit(Apart(2), "INST-KOLIBRI x");
  EXPECT_EQ(board->Reserve("INST-KOLIBRI x").error().code, ErrorCode::Duplicate);
  End(ids[0]);
  EXPECT_FALSE(board->Reserve("INST-KOLIBRI x"));
  End(ids[1]);
  {
    const auto reserved = board->Reserve("INST-KOLIBRI x");
    EXPECT_TRUE(reserved);
    EXPECT_FALSE(board->Reserve("INST-KOLIBRI x")) << "somebody else is submitting it";
  }
  EXPECT_TRUE(board->Reserve("INST-KOLIBRI x")) << "a reservation that is not used comes back";
}

TEST_F(MinderTest, WhatCannotBeRecordedIsRefusedAndRunsNever) {
  store.refuse_groups = true;
  auto reservation = board->Reserve("X");
  const auto ids = board->Submit({CommandId{1}, "X", clock.Wall()}, Chain(1), std::move(*reservation));
  loop->Drain();
  EXPECT_EQ(ids.error().code, ErrorCode::NoSpace);
  EXPECT_THAT(runner.started, IsEmpty());
  EXPECT_THAT(board->Unfinished(), IsEmpty());
  EXPECT_TRUE(board->Reserve("X"));
}

TEST_F(MinderTest, PlansThatBreakTheRulesAreRefused) {
  JobPlan relative = Chain(1);
  relative.steps[0].argv = {"wget"};
  JobPlan backwards = Chain(2);
  backwards.steps[0].after = 1;
  for (const JobPlan& plan : {JobPlan{}, relative, backwards}) {
    const auto ids = board->Submit({CommandId{1}, "X", clock.Wall()}, plan, {});
    EXPECT_EQ(ids.error().code, ErrorCode::Internal);
  }
  EXPECT_THAT(store.rows, IsEmpty());
}

TEST_F(MinderTest, NoMoreJobsThanMayBeUnfinished) {
  options.max_unfinished = 8;
  Boot();
  Submit(Apart(7));
  const auto refused = board->Submit({CommandId{9}, "X", clock.Wall()}, Chain(2), std::move(*board->Reserve("X")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Refused);
  EXPECT_EQ(refused.error().message,
            "7 jobs are not finished, and no more than 8 may be; wait for some, or cancel them");
  EXPECT_TRUE(board->Reserve("X")) << "the same Command may be sent again";
  const JobId last = Submit(Chain(1)).at(0);
  EXPECT_EQ(board->Retry(last).error().code, ErrorCode::Stated);
  End(JobId{1});
  EXPECT_EQ(Submit(Chain(1)).size(), 1U);
}

TEST_F(MinderTest, NothingIsTimedWhenNothingHappensButTheDailyPrune) {
  End(Submit(Chain(1)).at(0));
  EXPECT_EQ(loop->Timers(), 1U);
  EXPECT_EQ(store.prunes, 1);
  loop->Advance(24h);
  EXPECT_EQ(store.prunes, 2);
  loop->Advance(24h);
  EXPECT_EQ(store.prunes, 3);
}

TEST_F(MinderTest, ViewsTellStepsAndTimes) {
  const auto ids = Submit(Chain(2));
  const JobView view = board->Find(ids[1]).value();
  EXPECT_EQ(view.step_no, 2);
  EXPECT_EQ(view.step_count, 2);
  EXPECT_EQ(view.reason, "Waiting for job 1");
  EXPECT_EQ(view.output, "Waiting for job 1");
  EXPECT_EQ(view.message, "TEST-JOB {}");
  End(ids[0]);
  const JobView ended = board->Find(ids[0]).value();
  EXPECT_EQ(ended.step_count, 2) << "also when the page does not show the last step";
  EXPECT_EQ(ended.exit, "exit status 0");
  EXPECT_EQ(ended.ended, WallTime{1'777'777'800s});
  EXPECT_EQ(ended.reason_code, "succeeded");
  EXPECT_EQ(board->List({}).value().size(), 2U);
}

TEST_F(MinderTest, WhatCannotBeRunIsRefusedWhole) {
  const auto refused = [&](JobPlan plan) {
    const auto ids =
        board->Submit({store.NextCommandId(), "X", clock.Wall()}, std::move(plan), board->Reserve("").value());
    return ids ? std::string("it was taken") : ids.error().message;
  };
  EXPECT_EQ(refused({}), "the plan has no step");
  JobPlan relative = Chain(1);
  relative.steps[0].argv = {"step"};
  EXPECT_EQ(refused(relative), "step 1 of the plan has no program with an absolute path");
  JobPlan backwards = Chain(2);
  backwards.steps[0].after = 1;
  EXPECT_EQ(refused(backwards), "step 1 of the plan comes before what it depends on");
  const auto held = board->Reserve("X");
  EXPECT_EQ(board->Reserve("X").error().message, "the same command is still active");
  EXPECT_EQ(board->Cancel(JobId{99}).error().message, "job 99 is not running or scheduled");
  board->Close();
  EXPECT_EQ(refused(Chain(1)), "the server is stopping");
  EXPECT_EQ(board->Cancel(JobId{99}).error().message, "the server is stopping");
  EXPECT_THAT(store.rows, IsEmpty());
}

}  // namespace
}  // namespace cmdsrv
