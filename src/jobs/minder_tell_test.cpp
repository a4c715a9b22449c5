#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TellTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }

  /// What was told since the last call: "1 STARTED", "2 SCHEDULED job".
  std::vector<std::string> News() {
    std::vector<std::string> news;
    const JobChanges changes = board->Changes(seen_);
    EXPECT_FALSE(changes.snapshot);
    seen_ = changes.seq;
    for (const JobChange& change : changes.changes) {
      news.push_back(fmt::format("{} {}{}{}", change.id, NameOf(change.status), change.reason_code.empty() ? "" : " ",
                                 change.reason_code));
    }
    return news;
  }

 private:
  std::uint64_t seen_ = 0;
};

TEST_F(TellTest, AChainIsToldStepByStep) {
  const auto ids = Submit(Chain(2));
  EXPECT_THAT(News(), ElementsAre("1 SCHEDULED start", "2 SCHEDULED job", "1 STARTED"));
  EXPECT_THAT(News(), IsEmpty());
  End(ids[0]);
  EXPECT_THAT(News(), ElementsAre("1 SUCCEEDED succeeded", "2 SCHEDULED start", "2 STARTED"));
  End(ids[1], 3);
  EXPECT_THAT(News(), ElementsAre("2 FAILED exit"));
  EXPECT_EQ(board->Find(ids[1])->reason, "exit status 3");
}

TEST_F(TellTest, ACascadeIsToldAtOnceWithItsReason) {
  const auto ids = Submit(Chain(3));
  News();
  End(ids[0], 1);
  EXPECT_THAT(News(), ElementsAre("1 FAILED exit", "2 CANCELLED job", "3 CANCELLED job"));
  EXPECT_EQ(board->Find(ids[2])->reason, "Cancelled because job 1 failed (step 1)");
}

TEST_F(TellTest, ACancelIsToldWhenItBeginsAndWhenNothingIsLeft) {
  const JobId id = Submit(Chain(1)).at(0);
  News();
  Cancel(id);
  EXPECT_THAT(News(), ElementsAre("1 STARTED cancel"));
  runner.EndBySignal(id, 2, true);
  loop->Drain();
  EXPECT_THAT(News(), ElementsAre("1 CANCELLED request"));
}

TEST_F(TellTest, AnotherReasonToWaitIsNewsAndTheSameIsNot) {
  const auto ids = Submit(Apart(8));
  News();
  Cancel(ids[0]);
  EXPECT_THAT(News(), ElementsAre("1 STARTED cancel")) << "the eighth still waits for a slot";
  store.failures = 1;
  runner.EndBySignal(ids[0], 2, true);
  loop->Drain();
  EXPECT_THAT(News(), IsEmpty()) << "an end that is not recorded is no end";
  loop->Advance(1s);
  EXPECT_THAT(News(), ElementsAre("1 CANCELLED request", "8 SCHEDULED start", "8 STARTED"));
}

TEST_F(TellTest, AnInterruptedStepSaysWhyItPauses) {
  const JobId id = Submit(Chain(1)).at(0);
  News();
  runner.Lose(id);
  loop->Drain();
  EXPECT_THAT(News(), ElementsAre("1 STARTED leftovers"));
  runner.FinishHunt(id);
  loop->Drain();
  EXPECT_THAT(News(), ElementsAre("1 STARTED pause"));
  loop->Advance(10s);
  EXPECT_THAT(News(), ElementsAre("1 STARTED start", "1 RESTARTED"));
}

TEST_F(TellTest, WithoutANumberOrAfterAGapAllUnfinishedJobsAreTold) {
  Submit(Apart(7));
  const auto chain = Submit(Chain(2));
  const JobChanges all = board->Changes({});
  EXPECT_TRUE(all.snapshot);
  ASSERT_EQ(all.changes.size(), 9U);
  EXPECT_EQ(all.changes[0].status, JobStatus::Started);
  EXPECT_EQ(all.changes[7].reason, "Waiting for a free slot");
  EXPECT_EQ(all.changes[8].reason, fmt::format("Waiting for job {}", chain[0]));
  EXPECT_EQ(all.seq, events->Latest());
  EXPECT_TRUE(board->Changes(all.seq + 1).snapshot) << "a number of another life";
  EXPECT_THAT(board->Changes(all.seq).changes, IsEmpty());
}

class MergeTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }
  static JobPlan Index(std::size_t steps = 1) {
    JobPlan plan = Chain(steps);
    plan.steps.back().merge = "kiwix-index";
    plan.steps.back().locks = {"kiwix-library"};
    return plan;
  }
};

TEST_F(MergeTest, OneRunDoesTheWorkOfAllThatWaited) {
  const JobId first = Submit(Index()).at(0);
  const JobId second = Submit(Index()).at(0);
  const JobId third = Submit(Index()).at(0);
  EXPECT_THAT(runner.started, ElementsAre(first));
  EXPECT_EQ(board->Find(third)->reason_code, "lock") << "the first one began before they were wanted";
  End(first);
  EXPECT_THAT(runner.started, ElementsAre(first, second));
  EXPECT_EQ(board->Find(third)->reason_code, "merged");
  EXPECT_EQ(ReasonOf(third), "Job 2 does this work too");
  const JobId later = Submit(Index()).at(0);
  End(second);
  EXPECT_EQ(StatusOf(third), "SUCCEEDED");
  EXPECT_EQ(OutputOf(third), "Done by job 2, which did the same");
  EXPECT_EQ(store.transactions.back().updates.size(), 1U) << "the next one starts";
  EXPECT_THAT(runner.started, ElementsAre(first, second, later));
}

TEST_F(MergeTest, WhenThatRunFailsTheOthersTryThemselves) {
  const JobId first = Submit(Index()).at(0);
  const JobId second = Submit(Index()).at(0);
  const JobId third = Submit(Index()).at(0);
  End(first);
  End(second, 1);
  EXPECT_EQ(StatusOf(second), "FAILED");
  EXPECT_THAT(runner.started, ElementsAre(first, second, third));
  End(third);
  EXPECT_EQ(StatusOf(third), "SUCCEEDED");
}

TEST_F(MergeTest, OnlyWhatCouldStartIsMergedAndASuccessorGoesOn) {
  Submit(Index());
  const auto chain = Submit(Index(2));
  const JobId waits = Submit(Index()).at(0);
  JobPlan with_successor = Index();
  with_successor.steps.push_back(Step(0));
  const auto more = Submit(with_successor);
  EXPECT_TRUE(Began(chain[0]));
  End(JobId{1});
  EXPECT_TRUE(Began(waits));
  EXPECT_EQ(board->Find(chain[1])->reason_code, "job") << "its own work is not there yet";
  EXPECT_EQ(board->Find(more[0])->reason_code, "merged");
  End(waits);
  EXPECT_EQ(StatusOf(more[0]), "SUCCEEDED");
  EXPECT_TRUE(Began(more[1]));
  EXPECT_EQ(StatusOf(chain[1]), "SCHEDULED");
}

TEST_F(MergeTest, AMergedJobCanBeCancelledAlone) {
  const JobId first = Submit(Index()).at(0);
  const JobId second = Submit(Index()).at(0);
  const JobId third = Submit(Index()).at(0);
  End(first);
  EXPECT_EQ(Cancel(third), CancelAnswer::WasScheduled);
  EXPECT_EQ(StatusOf(third), "CANCELLED");
  EXPECT_EQ(runner.runs.at(second).cancels, 0);
}

TEST_F(MergeTest, AfterACrashEachOneRunsItself) {
  const JobId first = Submit(Index()).at(0);
  const JobId second = Submit(Index()).at(0);
  const JobId third = Submit(Index()).at(0);
  End(first);
  Boot();
  End(second);
  EXPECT_EQ(StatusOf(second), "SUCCEEDED");
  EXPECT_TRUE(Began(third)) << "nobody knows any more what the run covered";
}

}  // namespace
}  // namespace cmdsrv
