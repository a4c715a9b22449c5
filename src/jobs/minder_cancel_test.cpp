#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class CancelTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }
};

TEST_F(CancelTest, AWaitingChainIsCancelledAtOnce) {
  Submit(Apart(7));
  const auto ids = Submit(Chain(3));
  EXPECT_EQ(Cancel(ids[1]), CancelAnswer::WasScheduled);
  for (const JobId id : ids) EXPECT_EQ(StatusOf(id), "CANCELLED");
  EXPECT_EQ(OutputOf(ids[1]), "Cancelled on request");
  EXPECT_EQ(OutputOf(ids[2]), "Cancelled together with job 9");
  EXPECT_EQ(store.transactions.back().updates.size(), 3U);
  EXPECT_EQ(Cancel(ids[1]).error().code, ErrorCode::NotFound) << "it was cancelled before";
  EXPECT_EQ(Cancel(ids[0]), CancelAnswer::WasScheduled) << "it has just gone with its chain";
  EXPECT_EQ(Cancel(ids[0]).error().code, ErrorCode::NotFound) << "that is told once";
  clock.Advance(61s);
  EXPECT_EQ(Cancel(ids[2]).error().code, ErrorCode::NotFound);
}

TEST_F(CancelTest, WhoWasToldIsNotToldAgainByTheCancelOfAnotherStep) {
  const auto ids = Submit(Chain(2));
  EXPECT_EQ(Cancel(ids[1]), CancelAnswer::WasScheduled);
  EXPECT_EQ(Cancel(ids[0]), CancelAnswer::WasRunning);
  runner.EndBySignal(ids[0], 2, true);
  loop->Drain();
  for (const JobId id : ids) EXPECT_EQ(Cancel(id).error().code, ErrorCode::NotFound) << id.value;
}

TEST_F(CancelTest, ASecondCancelThatIsFasterThanTheMinderIsToldThatItHasEnded) {
  Submit(Apart(7));
  const auto ids = Submit(Chain(2));
  EXPECT_EQ(board->Cancel(ids[1]), CancelAnswer::WasScheduled);
  EXPECT_EQ(board->Cancel(ids[1]).error().code, ErrorCode::NotFound);
  EXPECT_EQ(board->Cancel(ids[0]), CancelAnswer::WasScheduled) << "it goes with its chain";
  loop->Drain();
  for (const JobId id : ids) EXPECT_EQ(StatusOf(id), "CANCELLED");
}

TEST_F(CancelTest, ARunningStepIsToldAfterTheWishIsWrittenAndEndsWhenNothingIsLeft) {
  const auto ids = Submit(Chain(2));
  store.hold = true;
  EXPECT_EQ(Cancel(ids[1]), CancelAnswer::WasScheduled);
  EXPECT_TRUE(store.rows.at(ids[0]).run.cancel_wanted);
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED");
  EXPECT_EQ(runner.runs.at(ids[0]).cancels, 0) << "not recorded yet";
  store.Release();
  loop->Drain();
  EXPECT_EQ(runner.runs.at(ids[0]).cancels, 1);
  EXPECT_EQ(StatusOf(ids[0]), "STARTED");
  EXPECT_EQ(board->Find(ids[0])->reason, "Being cancelled");
  EXPECT_EQ(Cancel(ids[0]), CancelAnswer::WasRunning) << "asking twice does no harm";
  EXPECT_EQ(runner.runs.at(ids[0]).cancels, 1);
  runner.EndBySignal(ids[0], 2, true);
  loop->Drain();
  EXPECT_EQ(StatusOf(ids[0]), "CANCELLED");
  EXPECT_EQ(OutputOf(ids[0]), "Cancelled together with job 2");
  EXPECT_EQ(board->Active().active, false);
}

TEST_F(CancelTest, AStepThatWasDoneBeforeItCouldBeToldHasSucceeded) {
  const auto ids = Submit(Chain(2));
  board->Cancel(ids[0]);
  runner.End(ids[0]);
  loop->Drain();
  EXPECT_EQ(StatusOf(ids[0]), "SUCCEEDED");
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED");
  EXPECT_EQ(Cancel(ids[0]).error().code, ErrorCode::NotFound) << "it was not cancelled";
  EXPECT_EQ(runner.started.size(), 1U);
}

TEST_F(CancelTest, ACancelledStepThatEndsWellAllTheSameIsCancelled) {
  const JobId id = Submit(Chain(1)).at(0);
  Cancel(id);
  runner.End(id, RunPhase::Ended, 0, true);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "CANCELLED");
}

TEST_F(CancelTest, AStepThatIsJustStartingNeverBegins) {
  store.hold = true;
  const JobId id = Submit(Chain(1)).at(0);
  EXPECT_EQ(Cancel(id), CancelAnswer::WasRunning);
  store.Release();
  loop->Drain();
  EXPECT_FALSE(Began(id));
  EXPECT_EQ(runner.runs.at(id).cancels, 1);
  EXPECT_TRUE(store.rows.at(id).run.cancel_wanted);
  runner.End(id, RunPhase::NeverBegan, 0, true);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "CANCELLED");
}

TEST_F(CancelTest, AFullDiskDoesNotKeepAStepFromBeingEnded) {
  const auto ids = Submit(Chain(2));
  store.failures = 1;
  Cancel(ids[0]);
  EXPECT_EQ(runner.runs.at(ids[0]).cancels, 1);
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED") << "tried again";
  runner.EndBySignal(ids[0], 15, true);
  loop->Drain();
  EXPECT_EQ(StatusOf(ids[0]), "CANCELLED");
}

TEST_F(CancelTest, AShimThatDoesNotComeToAnEndIsKilledAndItsStepHunted) {
  const JobId id = Submit(Chain(1)).at(0);
  Cancel(id);
  loop->Advance(19s);
  EXPECT_EQ(runner.runs.at(id).kills, 0);
  loop->Advance(1s);
  EXPECT_EQ(runner.runs.at(id).kills, 1);
  runner.Lose(id);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "STARTED") << "something of it may still run";
  runner.FinishHunt(id);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "CANCELLED");
}

TEST_F(CancelTest, AJobThatWaitsToBeStartedAgainIsCancelled) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.Lose(id);
  runner.FinishHunt(id);
  loop->Drain();
  EXPECT_EQ(Cancel(id), CancelAnswer::WasScheduled);
  EXPECT_EQ(StatusOf(id), "CANCELLED");
  loop->Advance(1min);
  EXPECT_EQ(runner.started.size(), 1U);
}

TEST_F(CancelTest, ACancelWhileLeftoversAreHuntedCounts) {
  const JobId id = Submit(Chain(1)).at(0);
  runner.Lose(id);
  loop->Drain();
  EXPECT_EQ(Cancel(id), CancelAnswer::WasRunning);
  runner.FinishHunt(id);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "CANCELLED");
}

TEST_F(CancelTest, IndependentJobsOfTheCommandAreNotTouched) {
  const auto ids = Submit(Apart(2));
  Cancel(ids[0]);
  EXPECT_EQ(runner.runs.at(ids[1]).cancels, 0);
  EXPECT_EQ(Cancel(JobId{99}).error().code, ErrorCode::NotFound);
}

TEST_F(CancelTest, TheWishSurvivesTheDaemon) {
  const JobId id = Submit(Chain(1)).at(0);
  Cancel(id);
  Boot();
  EXPECT_TRUE(runner.runs.at(id).adopted);
  EXPECT_EQ(runner.runs.at(id).cancels, 2) << "told again";
  EXPECT_EQ(board->Find(id)->reason, "Being cancelled");
  runner.EndBySignal(id, 2, true);
  loop->Drain();
  EXPECT_EQ(StatusOf(id), "CANCELLED");
}

}  // namespace
}  // namespace cmdsrv
