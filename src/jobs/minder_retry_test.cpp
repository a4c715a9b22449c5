#include <fstream>

#include "base/step_exit.hpp"
#include "support/minder_world.hpp"

/// Steps that say that their failure is one for now, in a world that stands still until the test says so.
namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr auto kYears = std::chrono::hours(24) * 365 * 20;

class RetryTest : public test::MinderWorld {
 protected:
  void SetUp() override {
    options.network.ask = [this](std::function<void(bool)> done) { asked.push_back(std::move(done)); };
    options.network.watch = [this](EventLoop&, std::function<void()> changed) {
      network_changed = std::move(changed);
      return std::make_unique<Watching>(network_changed);
    };
    Boot();
  }
  void TearDown() override { Crash(); }

  static JobPlan Download(std::size_t steps = 1) {
    JobPlan plan = Chain(steps);
    plan.steps.front().retry = RetryPolicy::Temporary;
    return plan;
  }

  /// The step prints `text`, behind what is there, and ends.
  void FailWith(JobId id, int status, const std::string& text) {
    auto& run = runner.runs.at(id);
    const std::string path = options.output_directory + "/job-" + std::to_string(id.value) + ".out";
    const std::string before = test::Slurp(path).substr(0, run.start.output_kept);
    std::ofstream(path, std::ios::binary) << before + text;
    run.record.output_total = before.size() + text.size();
    End(id, status);
  }
  void FailForNow(JobId id) { FailWith(id, StepExit::kTryLater, "the server answered 503\n"); }
  void FailWithoutNetwork(JobId id) { FailWith(id, StepExit::kNoNetwork, "no host answered\n"); }

  void AnswerProbe(bool there) {
    ASSERT_THAT(asked, SizeIs(1));
    const auto done = std::move(asked.front());
    asked.clear();
    done(there);
    loop->Drain();
  }
  const RetryRow& RetryOfRow(JobId id) { return store.rows.at(id).run.retry; }
  std::size_t Starts(JobId id) const {
    return static_cast<std::size_t>(std::count(runner.started.begin(), runner.started.end(), id));
  }

  struct Watching final : EventLoop::Source {
    explicit Watching(std::function<void()>& callback) : changed(callback) {}
    ~Watching() override { changed = nullptr; }
    std::function<void()>& changed;
  };

  std::vector<std::function<void(bool)>> asked;
  std::function<void()> network_changed;
};

TEST_F(RetryTest, AFailureForNowWaitsAndRunsAgainAsRestarted) {
  const auto ids = Submit(Download(2));
  FailForNow(ids[0]);
  EXPECT_EQ(StatusOf(ids[0]), "SCHEDULED");
  EXPECT_EQ(StatusOf(ids[1]), "SCHEDULED");
  EXPECT_EQ(board->Find(ids[0])->reason_code, "retry");
  EXPECT_THAT(ReasonOf(ids[0]), MatchesRegex("the server answered 503; try 2 at [0-9:]+"));
  EXPECT_EQ(store.transactions.back().durability, Store::Durability::Synced);
  loop->Advance(3700ms);
  EXPECT_EQ(Starts(ids[0]), 1U);
  loop->Advance(1300ms);
  EXPECT_EQ(Starts(ids[0]), 2U);
  EXPECT_EQ(StatusOf(ids[0]), "RESTARTED");
  EXPECT_EQ(store.rows.at(ids[0]).run.attempt, 2U);
  End(ids[0]);
  EXPECT_EQ(StatusOf(ids[0]), "SUCCEEDED");
  EXPECT_EQ(StatusOf(ids[1]), "STARTED");
}

TEST_F(RetryTest, WhileItWaitsItHoldsNeitherSlotNorLock) {
  options.max_running = 1;
  Boot();
  JobPlan plan = Download();
  plan.steps[0].locks = {"zim:x"};
  const JobId waits = Submit(plan)[0];
  JobPlan other = Chain(1);
  other.steps[0].locks = {"zim:x"};
  const JobId next = Submit(other)[0];
  FailForNow(waits);
  EXPECT_TRUE(Began(next));
  EXPECT_FALSE(board->Active().restarted);
  loop->Advance(10s);
  EXPECT_EQ(Starts(waits), 1U) << "the slot is taken now";
  EXPECT_EQ(board->Find(waits)->reason_code, "lock");
  End(next);
  EXPECT_EQ(Starts(waits), 2U);
}

TEST_F(RetryTest, OtherFailuresAreForGood) {
  const auto ids = Submit(Download(2));
  FailWith(ids[0], StepExit::kFailed, "@progress bytes=1\nthe server answered 404 (not found)\n");
  EXPECT_EQ(StatusOf(ids[0]), "FAILED");
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED");
  EXPECT_EQ(ReasonOf(ids[0]), "the server answered 404 (not found)");
  EXPECT_EQ(store.rows.at(ids[0]).run.exit, "exit status 1");
  EXPECT_EQ(OutputOf(ids[0]), "the server answered 404 (not found)\n");
}

TEST_F(RetryTest, AStepWhosePlanDoesNotAllowItFails) {
  const JobId id = Submit(Chain(1))[0];
  FailForNow(id);
  EXPECT_EQ(StatusOf(id), "FAILED");
  EXPECT_EQ(ReasonOf(id), "exit status 75");
}

TEST_F(RetryTest, TheLogKeepsAllTriesWithALineBetween) {
  const JobId id = Submit(Download())[0];
  FailForNow(id);
  loop->Advance(5s);
  const ShimStart& start = runner.runs.at(id).start;
  EXPECT_EQ(start.output_kept, std::string("the server answered 503\n").size());
  EXPECT_THAT(start.first_line, HasSubstr("--- try 2 of this step, 20"));
  FailWith(id, StepExit::kDone, "downloaded\n");
  EXPECT_EQ(OutputOf(id), "the server answered 503\ndownloaded\n");
  EXPECT_EQ(store.rows.at(id).run.output_total, OutputOf(id).size());
}

TEST_F(RetryTest, CancelWhileItWaitsEndsItAndKeepsTheLog) {
  const auto ids = Submit(Download(2));
  FailForNow(ids[0]);
  ASSERT_EQ(Cancel(ids[0]).value(), CancelAnswer::WasScheduled);
  EXPECT_EQ(StatusOf(ids[0]), "CANCELLED");
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED");
  EXPECT_EQ(OutputOf(ids[0]), "the server answered 503\nCancelled on request");
  EXPECT_GT(store.rows.at(ids[0]).run.output_total, 0U);
  loop->Advance(1h);
  EXPECT_EQ(Starts(ids[0]), 1U);
  EXPECT_TRUE(board->Unfinished().empty());
}

TEST_F(RetryTest, ACancelThatCrossesTheFailureEndsIt) {
  const JobId id = Submit(Download())[0];
  ASSERT_TRUE(board->Cancel(id));  // wanted, but the Minder has not heard of it yet
  FailForNow(id);
  EXPECT_EQ(StatusOf(id), "CANCELLED");
}

TEST_F(RetryTest, GivesUpAfterTheBound) {
  options.retry.bound = 1min;
  Boot();
  const JobId id = Submit(Download())[0];
  std::size_t tries = 0;
  while (StatusOf(id) != "FAILED" && tries < 100) {
    ++tries;
    FailForNow(id);
    loop->Advance(30min);
  }
  EXPECT_EQ(tries, 5U) << "after 5, 10, 20 and 40 s";
  EXPECT_EQ(ReasonOf(id), "given up after tries for 1 min: the server answered 503");
}

TEST_F(RetryTest, WithoutNetworkItWaitsForThatAndNothingIsUsedUp) {
  options.retry.bound = 1min;
  Boot();
  const JobId id = Submit(Download())[0];
  for (int i = 0; i < 50; ++i) {
    FailWithoutNetwork(id);
    EXPECT_EQ(StatusOf(id), "SCHEDULED");
    EXPECT_EQ(board->Find(id)->reason_code, "network");
    if (!asked.empty()) AnswerProbe(false);
    loop->Advance(5min);
    EXPECT_EQ(Starts(id), i + 2U) << "the slow timer is the fall-back";
  }
  EXPECT_EQ(RetryOfRow(id).waited_ms, 0);
  End(id);
  EXPECT_EQ(StatusOf(id), "SUCCEEDED");
}

TEST_F(RetryTest, ReasonSaysThatTheNetworkIsMissing) {
  const JobId id = Submit(Download())[0];
  FailWithoutNetwork(id);
  EXPECT_THAT(ReasonOf(id),
              MatchesRegex("no host answered; waiting for the network, next try at [0-9:]+ at the latest"));
  EXPECT_EQ(board->Find(id)->output, ReasonOf(id));
}

/// Fails without network often enough that the pause is minutes long.
#define WAIT_LONG_FOR_THE_NETWORK(id)       \
  for (int i = 0; i < 8; ++i) {             \
    FailWithoutNetwork(id);                 \
    if (!asked.empty()) AnswerProbe(false); \
    if (i < 7) loop->Advance(5min);         \
  }

TEST_F(RetryTest, AChangeOfTheNetworkAsksTheProbeAndWakes) {
  const JobId id = Submit(Download())[0];
  EXPECT_FALSE(network_changed) << "nobody waits, nothing is watched";
  WAIT_LONG_FOR_THE_NETWORK(id);
  const std::size_t before = Starts(id);
  ASSERT_TRUE(network_changed);
  loop->Advance(30s);
  EXPECT_THAT(asked, IsEmpty()) << "nothing is asked while nothing changes";
  network_changed();
  loop->Advance(2s);
  AnswerProbe(false);
  EXPECT_EQ(Starts(id), before) << "the line behind it is not up yet";
  loop->Advance(8s);
  AnswerProbe(true);
  EXPECT_EQ(Starts(id), before + 1);
  EXPECT_FALSE(network_changed) << "the watch has ended";
  EXPECT_EQ(RetryOfRow(id).doublings, 0U);
}

TEST_F(RetryTest, InternetThatSomebodyElseHasSeenWakes) {
  const JobId id = Submit(Download())[0];
  WAIT_LONG_FOR_THE_NETWORK(id);
  const std::size_t before = Starts(id);
  core->InternetSeen();
  loop->Drain();
  EXPECT_EQ(Starts(id), before + 1);
}

TEST_F(RetryTest, WhenOnlyTheHostIsSilentThePauseCountsAndNothingTurnsInACircle) {
  const JobId id = Submit(Download())[0];
  FailWithoutNetwork(id);
  AnswerProbe(true);
  EXPECT_EQ(Starts(id), 1U) << "it must not be started again at once";
  EXPECT_EQ(board->Find(id)->reason_code, "retry");
  EXPECT_EQ(RetryOfRow(id).wait, RetryWait::Time);
  EXPECT_EQ(RetryOfRow(id).waited_ms, RetryOfRow(id).pause_ms);
  EXPECT_FALSE(network_changed);
  core->InternetSeen();
  loop->Drain();
  EXPECT_EQ(Starts(id), 1U);
  loop->Advance(5s);
  EXPECT_EQ(Starts(id), 2U);
  FailWithoutNetwork(id);
  AnswerProbe(true);
  EXPECT_EQ(RetryOfRow(id).doublings, 1U) << "the pauses become longer";
}

TEST_F(RetryTest, AnAnswerThatComesTooLateIsHarmless) {
  const JobId id = Submit(Download())[0];
  FailWithoutNetwork(id);
  ASSERT_TRUE(Cancel(id));
  AnswerProbe(true);
  EXPECT_EQ(StatusOf(id), "CANCELLED");
  const JobId other = Submit(Download())[0];
  FailWithoutNetwork(other);
  ASSERT_THAT(asked, SizeIs(1));
  Crash();
  asked.front()(true);
  loop->Drain();
}

TEST_F(RetryTest, AllTriesAndTheNextOneSurviveARestartOfTheDaemon) {
  const JobId id = Submit(Download())[0];
  for (int i = 0; i < 4; ++i) {
    FailForNow(id);
    if (i < 3) loop->Advance(1min);
  }
  ASSERT_GT(RetryOfRow(id).pause_ms, 30'000);
  loop->Advance(10s);
  const auto left = std::chrono::milliseconds(RetryOfRow(id).pause_ms) - 10s;
  Boot();
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  EXPECT_THAT(ReasonOf(id), HasSubstr("the server answered 503; try 5 at"));
  loop->Advance(left - 1ms);
  EXPECT_THAT(runner.started, IsEmpty());
  loop->Advance(1ms);
  EXPECT_THAT(runner.started, ElementsAre(id));
  EXPECT_EQ(StatusOf(id), "RESTARTED");
  EXPECT_GT(runner.runs.at(id).start.output_kept, 0U);
}

TEST_F(RetryTest, AFailureThatNobodySawIsTakenUpAfterTheRestart) {
  const JobId id = Submit(Download())[0];
  Crash();
  runner.runs.at(id).ended = nullptr;
  runner.End(id, RunPhase::Ended, StepExit::kTryLater);
  Boot();
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  EXPECT_EQ(RetryOfRow(id).tries, 1U);
  Boot();
  EXPECT_EQ(RetryOfRow(id).tries, 1U) << "it is counted once";
  loop->Advance(5s);
  EXPECT_EQ(StatusOf(id), "RESTARTED");
}

TEST_F(RetryTest, AClockThatJumpsByYearsCostsAtMostThePause) {
  for (const auto jump : {kYears, -kYears}) {
    const JobId id = Submit(Download())[0];
    FailForNow(id);
    clock.wall += jump;
    loop->Advance(5s);
    EXPECT_EQ(Starts(id), 2U) << "timers do not look at that clock";
    FailForNow(id);
    const auto waited = RetryOfRow(id).waited_ms;
    EXPECT_LE(waited, 15'000) << "nor does the bound";
    Crash();
    runner.boot += "+";
    clock.wall -= jump;
    Boot();
    loop->Advance(10s);
    EXPECT_THAT(runner.started, ElementsAre(id));
    EXPECT_EQ(RetryOfRow(id).waited_ms, waited);
    End(id);
    EXPECT_EQ(StatusOf(id), "SUCCEEDED");
  }
}

TEST_F(RetryTest, AWaitForTheNetworkGoesOnAfterARestart) {
  const JobId id = Submit(Download())[0];
  WAIT_LONG_FOR_THE_NETWORK(id);
  asked.clear();
  Boot();
  EXPECT_EQ(board->Find(id)->reason_code, "network");
  EXPECT_TRUE(network_changed);
  AnswerProbe(true);
  EXPECT_THAT(runner.started, ElementsAre(id)) << "the network came back while nobody looked";
}

TEST_F(RetryTest, AWaitThatCannotBeRecordedIsStillWaited) {
  const JobId id = Submit(Download())[0];
  store.failures = 1;
  FailForNow(id);
  EXPECT_EQ(StatusOf(id), "STARTED") << "the row is behind";
  EXPECT_EQ(board->Find(id)->reason_code, "retry");
  loop->Advance(5s);
  EXPECT_EQ(StatusOf(id), "RESTARTED");
  End(id);
  EXPECT_EQ(StatusOf(id), "SUCCEEDED");
}

TEST_F(RetryTest, AnInterruptedTryKeepsTheLogOfTheOnesBefore) {
  const JobId id = Submit(Download())[0];
  FailForNow(id);
  loop->Advance(5s);
  ASSERT_EQ(Starts(id), 2U);
  const auto kept = runner.runs.at(id).start.output_kept;
  Crash();
  runner.alive.clear();
  runner.boot += "+";
  Boot();
  EXPECT_THAT(runner.started, ElementsAre(id));
  EXPECT_GE(runner.runs.at(id).start.output_kept, kept);
  EXPECT_EQ(RetryOfRow(id).tries, 1U);
  FailForNow(id);
  EXPECT_EQ(RetryOfRow(id).tries, 2U);
}

}  // namespace
}  // namespace cmdsrv
