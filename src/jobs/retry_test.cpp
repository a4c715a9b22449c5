#include "jobs/retry.hpp"

#include <gtest/gtest.h>

#include "base/step_exit.hpp"
#include "base/time_text.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const WallTime kNow{1'777'777'777s};

RunRecord EndOf(int status, RunExit kind = RunExit::Status) {
  RunRecord record{};
  record.exit_kind = kind;
  record.exit_value = status;
  return record;
}

FailedTry Failed(RetryWait wait = RetryWait::Time, bool progressed = false, std::uint64_t salt = 0) {
  return {wait, progressed, kNow, salt};
}

TEST(Retry, OnlyWhatSaysSoAndMayIsTriedAgain) {
  EXPECT_EQ(RetryOf(RetryPolicy::Temporary, EndOf(StepExit::kTryLater)), RetryWait::Time);
  EXPECT_EQ(RetryOf(RetryPolicy::Temporary, EndOf(StepExit::kBusy)), RetryWait::Time);
  EXPECT_EQ(RetryOf(RetryPolicy::Temporary, EndOf(StepExit::kNoNetwork)), RetryWait::Network);
  for (const int status : {StepExit::kDone, StepExit::kFailed, StepExit::kUsage, 3, 127, 255}) {
    EXPECT_EQ(RetryOf(RetryPolicy::Temporary, EndOf(status)), RetryWait::None) << status;
  }
  EXPECT_EQ(RetryOf(RetryPolicy::Temporary, EndOf(StepExit::kTryLater, RunExit::Signal)), RetryWait::None);
  EXPECT_EQ(RetryOf(RetryPolicy::Never, EndOf(StepExit::kTryLater)), RetryWait::None);
}

TEST(Retry, PausesDoubleFromFiveSecondsToHalfAnHour) {
  RetryRow retry;
  milliseconds longest = 5s;
  for (int i = 1; i <= 40; ++i) {
    retry = PlanRetry(retry, Failed(RetryWait::Time, false, 7), {}).value();
    EXPECT_LE(retry.pause_ms, longest.count()) << i;
    EXPECT_GE(retry.pause_ms, longest.count() * 3 / 4) << i;
    EXPECT_EQ(retry.tries, static_cast<std::uint32_t>(i));
    EXPECT_EQ(retry.next, kNow + milliseconds(retry.pause_ms));
    longest = std::min<milliseconds>(longest * 2, 30min);
  }
}

TEST(Retry, ATryThatCameFurtherBeginsAgainWithTheShortPause) {
  RetryRow retry;
  for (int i = 0; i < 8; ++i) retry = *PlanRetry(retry, Failed(), {});
  EXPECT_GT(retry.pause_ms, 60'000);
  const auto waited = retry.waited_ms;
  retry = *PlanRetry(retry, Failed(RetryWait::Time, true), {});
  EXPECT_LE(retry.pause_ms, 5'000);
  EXPECT_EQ(retry.waited_ms, waited + retry.pause_ms) << "but all pauses count towards the bound";
}

TEST(Retry, JobsDoNotComeBackInTheSameMoment) {
  std::int64_t least = 5'000;
  std::int64_t most = 0;
  for (std::uint64_t salt = 1; salt <= 100; ++salt) {
    const auto pause = PlanRetry({}, Failed(RetryWait::Time, false, salt), {})->pause_ms;
    least = std::min(least, pause);
    most = std::max(most, pause);
  }
  EXPECT_GE(least, 3'750);
  EXPECT_LE(most, 5'000);
  EXPECT_GT(most - least, 1'000);
}

TEST(Retry, EndsAfterSevenDaysOfWaiting) {
  RetryRow retry;
  std::int64_t waited = 0;
  int tries = 0;
  for (;; ++tries) {
    const auto next = PlanRetry(retry, Failed(RetryWait::Time, false, 3), {});
    if (!next) break;
    retry = *next;
    waited += retry.pause_ms;
  }
  EXPECT_GE(milliseconds(waited), 7 * 24h);
  EXPECT_LE(milliseconds(waited), 7 * 24h + 30min);
  EXPECT_GT(tries, 7 * 24 * 2);
  EXPECT_EQ(GaveUpSentence("the server answered 503", {}), "given up after tries for 7 days: the server answered 503");
}

TEST(Retry, WithoutNetworkNothingCountsAndTriesStayFrequent) {
  RetryRow retry;
  for (int i = 0; i < 10'000; ++i) retry = PlanRetry(retry, Failed(RetryWait::Network), {}).value();
  EXPECT_EQ(retry.waited_ms, 0);
  EXPECT_EQ(retry.tries, 10'000U);
  EXPECT_LE(milliseconds(retry.pause_ms), kLongestWithoutNetwork);
}

TEST(Retry, APauseCountsWhenItTurnsOutThatOnlyTheHostIsSilent) {
  RetryRow retry = *PlanRetry({}, Failed(RetryWait::Network), {});
  const auto counted = CountPause(retry, {});
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->wait, RetryWait::Time);
  EXPECT_EQ(counted->waited_ms, retry.pause_ms);
  EXPECT_EQ(counted->tries, 1U);
  retry.waited_ms = milliseconds(7 * 24h).count();
  EXPECT_FALSE(CountPause(retry, {}));
}

TEST(Retry, ABoundOfNothingMeansNoRetryAtAll) {
  const RetryRules never{.bound = 0ms};
  EXPECT_FALSE(PlanRetry({}, Failed(), never));
  EXPECT_FALSE(PlanRetry({}, Failed(RetryWait::Network), never));
  EXPECT_EQ(GaveUpSentence("the server answered 503", never), "the server answered 503");
}

TEST(Retry, AfterARestartNeverMoreThanThePauseIsWaited) {
  RetryRow retry;
  retry.pause_ms = 20'000;
  retry.next = kNow + 20s;
  EXPECT_EQ(LeftOf(retry, kNow, {}), 20s);
  EXPECT_EQ(LeftOf(retry, kNow + 15s, {}), 5s);
  EXPECT_EQ(LeftOf(retry, kNow + 20s, {}), 0s);
  EXPECT_EQ(LeftOf(retry, kNow + 24h * 365 * 30, {}), 0s);
  EXPECT_EQ(LeftOf(retry, kNow - 24h * 365 * 30, {}), 20s);
  EXPECT_EQ(LeftOf(retry, WallTime{}, {}), 20s) << "a machine without a clock";
  retry.pause_ms = -5;
  EXPECT_EQ(LeftOf(retry, kNow, {}), 0s) << "a row that somebody wrote by hand";
  retry.pause_ms = 1'000'000'000'000;
  EXPECT_EQ(LeftOf(retry, WallTime{}, {}), 30min);
  EXPECT_EQ(LeftOf({}, kNow, {}), 0s);
}

TEST(Retry, SentencesSayWhatIsWaitedForAndUntilWhen) {
  RetryRow retry = *PlanRetry({}, Failed(RetryWait::Network), {});
  retry.next = FromD1("2026-05-01T12:34:56.2").value();
  EXPECT_EQ(RetrySentence(retry, "no host answered"),
            "no host answered; waiting for the network, next try at 12:34:57 at the latest");
  retry.wait = RetryWait::Time;
  EXPECT_EQ(RetrySentence(retry, "the server answered 503"), "the server answered 503; try 2 at 12:34:57");
  retry.next.reset();
  EXPECT_EQ(RetrySentence(retry, "x"), "x; try 2 soon") << "a row that somebody wrote by hand";
}

}  // namespace
}  // namespace cmdsrv
