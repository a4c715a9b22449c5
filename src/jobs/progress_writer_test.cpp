#include "jobs/progress_writer.hpp"

#include "base/step_exit.hpp"
#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

class ProgressWriterTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }

  static Progress At(std::int64_t bytes, const char* phase = "download") {
    return {.phase = phase, .bytes = bytes, .total = 100, .percent = static_cast<int>(bytes)};
  }
  std::optional<Progress> Written(JobId id) { return ReadPrintedProgress(store.rows.at(id).run.progress); }
};

TEST_F(ProgressWriterTest, TheRowHasItAtMostEveryTenSecondsAndUnsynced) {
  const JobId id = Submit(Chain(1)).at(0);
  const std::size_t before = store.transactions.size();
  for (int second = 1; second <= 60; ++second) {
    runner.Print(id, 10, At(second));
    loop->Advance(1s);
  }
  EXPECT_EQ(store.transactions.size(), before + 6);
  EXPECT_EQ(store.transactions.back().durability, Store::Durability::Kept);
  EXPECT_EQ(Written(id)->bytes, 60);
  EXPECT_EQ(StatusOf(id), "STARTED");
}

TEST_F(ProgressWriterTest, WhatStandsStillIsNotWrittenAgain) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.Print(id, 10, At(5));
  loop->Advance(10s);
  const std::size_t before = store.transactions.size();
  loop->Advance(1h);
  runner.Print(id, 10, At(5));
  loop->Advance(1min);
  EXPECT_EQ(store.transactions.size(), before);
}

TEST_F(ProgressWriterTest, WithoutRunningJobsThereIsNoTimer) {
  const std::size_t idle = loop->Timers();
  const JobId id = Submit(Chain(1)).at(0);
  EXPECT_EQ(loop->Timers(), idle + 1);
  End(id);
  EXPECT_EQ(loop->Timers(), idle);
}

TEST_F(ProgressWriterTest, WithinAPhaseTheRowNeverGoesBack) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.Print(id, 10, At(50));
  loop->Advance(10s);
  runner.Print(id, 10, At(20));
  loop->Advance(10s);
  EXPECT_EQ(Written(id)->bytes, 50);
  EXPECT_EQ(Written(id)->percent, 50);
  runner.Print(id, 10, At(3, "verify"));
  loop->Advance(10s);
  EXPECT_EQ(Written(id)->phase, "verify");
  EXPECT_EQ(Written(id)->bytes, 3);
}

TEST_F(ProgressWriterTest, AnAdoptedJobGoesOnBeingWritten) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.Print(id, 10, At(50));
  loop->Advance(10s);
  Boot();
  runner.Print(id, 10, At(60));
  loop->Advance(10s);
  EXPECT_EQ(Written(id)->bytes, 60);
}

TEST_F(ProgressWriterTest, WhileADownloadWaitsForItsNextTryItsProgressIsShownAndThenBeginsAnew) {
  JobPlan plan = Chain(1);
  plan.steps[0].retry = RetryPolicy::Temporary;
  const JobId id = Submit(plan).at(0);
  runner.Print(id, 10, At(50));
  loop->Advance(10s);
  End(id, StepExit::kTryLater);
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  EXPECT_EQ(board->Find(id)->progress->percent, 50);
  Boot();
  EXPECT_EQ(board->Find(id)->progress->percent, 50);
  loop->Advance(5s);
  EXPECT_EQ(StatusOf(id), "RESTARTED");
  EXPECT_FALSE(Written(id)) << "it may have to begin with less";
}

TEST_F(ProgressWriterTest, AFullDiskIsNoReasonToStop) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.Print(id, 10, At(50));
  store.failures = 1;
  loop->Advance(10s);
  EXPECT_FALSE(Written(id));
  runner.Print(id, 10, At(60));
  loop->Advance(10s);
  EXPECT_EQ(Written(id)->bytes, 60);
}

}  // namespace
}  // namespace cmdsrv
