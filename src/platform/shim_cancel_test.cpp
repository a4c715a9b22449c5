// How a step ends that does not want to: cancelling, and what a step leaves behind.
#include <gmock/gmock.h>
#include <signal.h>

#include "support/shim_fixture.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;
using test::Eventually;
using test::Slurp;
using test::Spit;

class ShimCancelTest : public test::ShimTest {
 protected:
  static constexpr milliseconds kShort{150};
  static constexpr std::chrono::minutes kLonger{10};  // than any test waits

  ShimStart Shell(const std::string& script, milliseconds grace) const {
    ShimStart start = ShimTest::Shell(script);
    start.cancel_grace = grace;
    return start;
  }
};

TEST_F(ShimCancelTest, InterruptEndsAnObedientStepWithoutWaitingForTheGrace) {
  const ShimProcess shim = RunningAs("sleep", Shell("exec sleep 1000", kLonger));
  shim.Cancel();
  const RunRecord record = Finish(shim);
  EXPECT_EQ(record.phase, RunPhase::Ended);
  EXPECT_EQ(record.cancelled, 1U);
  EXPECT_EQ(DescribeExit(record), "ended by signal 2 (Interrupt)");
}

TEST_F(ShimCancelTest, StepMayCleanUpAndChooseItsStatus) {
  const ShimProcess shim =
      Running(Shell("trap 'echo cleaned; exit 9' INT; echo; while :; do sleep 0.01; done", kLonger));
  shim.Cancel();
  const RunRecord record = Finish(shim);
  EXPECT_EQ(DescribeExit(record), "exit status 9");
  EXPECT_EQ(record.cancelled, 1U);
  EXPECT_EQ(Slurp(Output()), "\ncleaned\n");
}

TEST_F(ShimCancelTest, TermFollowsForAStepThatIgnoresInterrupt) {
  const ShimProcess shim = RunningAs("sleep", Shell("trap '' INT; exec sleep 1000", kShort));
  const auto began = Steady::now();
  shim.Cancel();
  EXPECT_EQ(DescribeExit(Finish(shim)), "ended by signal 15 (Terminated)");
  EXPECT_GE(Steady::now() - began, kShort);
}

TEST_F(ShimCancelTest, KillFollowsForAWholeFamilyThatIgnoresEverything) {
  const ShimProcess shim = Running(
      Shell("trap '' INT TERM HUP; setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &) ; sleep 1000 & echo; "
            "while :; do sleep 1000; done",
            kShort));
  const auto began = Steady::now();
  shim.Cancel();
  const RunRecord record = Finish(shim);
  EXPECT_GE(Steady::now() - began, 2 * kShort);
  EXPECT_EQ(DescribeExit(record), "ended by signal 9 (Killed)");
  EXPECT_EQ(record.cancelled, 1U);
  EXPECT_TRUE(test::ProcessesWithEnvironment(mark_).empty());  // at the moment of the record, not some time later
}

TEST_F(ShimCancelTest, EscalationGoesOnForTheChildrenOfAStepThatObeyed) {
  // The child in its own session ignores INT and ends at TERM; the step itself is gone at INT.
  const ShimProcess shim =
      Running(Shell("(trap '' INT; setsid sh -c \"trap 'echo child cleaned; exit 0' TERM; echo ready; while :; do "
                    "sleep 0.01; done\") & "
                    "trap 'exit 4' INT; while :; do sleep 0.01; done",
                    kShort));
  shim.Cancel();
  const RunRecord record = Finish(shim);
  EXPECT_EQ(DescribeExit(record), "exit status 4");
  EXPECT_THAT(Slurp(Output()), ::testing::EndsWith("child cleaned\n"));
}

TEST_F(ShimCancelTest, StoppedStepHearsTheCancel) {
  const ShimProcess shim =
      Running(Shell("trap 'exit 5' INT; echo; kill -STOP $$; while :; do sleep 0.01; done", kLonger));
  const std::string stat = "/proc/" + std::to_string(ReadRunRecord(Record())->step_pid) + "/stat";
  ASSERT_TRUE(Eventually([&] { return Slurp(stat).find(") T ") != std::string::npos; }));
  shim.Cancel();
  EXPECT_EQ(DescribeExit(Finish(shim)), "exit status 5");
}

TEST_F(ShimCancelTest, SecondCancelDoesNotStartTheGraceAgain) {
  const ShimProcess shim = RunningAs("sleep", Shell("trap '' INT; exec sleep 1000", milliseconds(2000)));
  const auto began = Steady::now();
  shim.Cancel();
  EXPECT_FALSE(HasEnded(shim, 1500));
  shim.Cancel();
  EXPECT_EQ(DescribeExit(Finish(shim)), "ended by signal 15 (Terminated)");
  EXPECT_LT(Steady::now() - began, milliseconds(3500));
}

TEST_F(ShimCancelTest, OtherSignalsDoNotDisturbTheShim) {
  const ShimProcess shim = Running(Shell("echo; while [ ! -e finish ]; do sleep 0.01; done; exit 6", kShort));
  for (const int signal : {SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE}) {
    ASSERT_EQ(kill(shim.identity.pid, signal), 0);
  }
  Spit(scratch_ / "finish", "");
  const RunRecord record = Finish(shim);
  EXPECT_EQ(DescribeExit(record), "exit status 6");
  EXPECT_EQ(record.cancelled, 0U);
}

TEST_F(ShimCancelTest, CancelAfterTheEndIsHarmless) {
  ShimProcess shim = Running(Shell("echo", kShort));
  EXPECT_EQ(DescribeExit(Finish(shim)), "exit status 0");
  shim.Cancel();
  shim.Kill();
  shim.Reap();
}

TEST_F(ShimCancelTest, StepThatClosesItsOutputGoesOn) {
  const RunRecord record = Run(Shell("echo first; exec >/dev/null 2>&1; sleep 0.1; touch later; exit 8", kShort));
  EXPECT_EQ(DescribeExit(record), "exit status 8");
  EXPECT_EQ(Slurp(Output()), "first\n");
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "later"));
}

TEST_F(ShimCancelTest, GrandchildThatKeepsTheOutputOpenEndsWithTheStep) {
  const RunRecord record = Run(Shell("sleep 1000 & echo started; exit 0", kLonger));
  EXPECT_EQ(DescribeExit(record), "exit status 0");
  EXPECT_EQ(record.leftovers, 1U);
  EXPECT_EQ(record.cancelled, 0U);
  EXPECT_EQ(Slurp(Output()), "started\n");
}

TEST_F(ShimCancelTest, DaemonsOfTheStepAreFoundInTheirOwnSessions) {
  const RunRecord record =
      Run(Shell("trap '' INT TERM; i=0; while [ $i -lt 20 ]; do setsid sleep 1000 & (setsid sh -c 'sleep 1000' &) ; "
                "i=$((i+1)); done; "
                "exit 0",
                kLonger));
  EXPECT_EQ(DescribeExit(record), "exit status 0");
  EXPECT_GE(record.leftovers, 40U);
  EXPECT_TRUE(test::ProcessesWithEnvironment(mark_).empty());
}

TEST_F(ShimCancelTest, OneThatForksWithoutEndIsCaught) {
  const RunRecord record = Run(Shell("(while :; do setsid sleep 1000 & done) & sleep 0.05; exit 0", kLonger));
  EXPECT_EQ(DescribeExit(record), "exit status 0");
  EXPECT_GT(record.leftovers, 1U);
  EXPECT_TRUE(test::ProcessesWithEnvironment(mark_).empty());
}

TEST_F(ShimCancelTest, OrphansAreReapedWhileTheStepRuns) {
  const ShimProcess shim =
      Running(Shell("i=0; while [ $i -lt 10 ]; do (sleep 0.001 &) ; i=$((i+1)); done; echo; sleep 1000", kShort));
  const std::string parent = std::to_string(shim.identity.pid) + " ";
  // An orphan that still sleeps would count as left behind, so wait until the step is the shim's only child.
  const auto children = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string stat = Slurp(entry.path() / "stat");
      const auto name_end = stat.rfind(") ");  // then the state, a letter, and the parent
      if (name_end == std::string::npos || stat.size() < name_end + 4) continue;
      if (stat.compare(name_end + 4, parent.size(), parent) == 0) ++count;
    }
    return count;
  };
  // The newline comes after the last of them was made.
  EXPECT_TRUE(Eventually([&] { return !Slurp(Output()).empty() && children() == 1; }));
  EXPECT_EQ(ReadRunRecord(Record())->phase, RunPhase::Running);
  shim.Cancel();
  EXPECT_EQ(Finish(shim).leftovers, 0U);
}

}  // namespace
}  // namespace cmdsrv
