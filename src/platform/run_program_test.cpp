#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "platform/process.hpp"
#include "platform/root.hpp"
#include "support/ignored_signals.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Steady = std::chrono::steady_clock;

class RunProgramTest : public ::testing::Test {
 protected:
  RunProgramTest() : mark_("CMDSRV_TEST_MARK=" + scratch_.Path()) {
    options_.environment = ChildEnvironment(Root{});
    options_.environment.push_back(mark_);
    options_.directory = scratch_.Path();
  }
  void TearDown() override {
    EXPECT_TRUE(test::Eventually([&] { return test::ProcessesWithEnvironment(mark_).empty(); }, seconds(5)));
    for (const int pid : test::ProcessesWithEnvironment(mark_)) kill(pid, SIGKILL);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was not reaped";
  }
  Result<RunOutcome> Shell(const std::string& script) const { return RunProgram({"/bin/sh", "-c", script}, options_); }

  test::ScratchDirectory scratch_;
  std::string mark_;
  RunOptions options_;
};

TEST_F(RunProgramTest, KeepsOutputErrorsAndStatusApart) {
  const auto outcome = Shell("echo out; echo err >&2; exit 3");
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->exited);
  EXPECT_EQ(outcome->status, 3);
  EXPECT_FALSE(outcome->timed_out);
  EXPECT_EQ(outcome->output, "out\n");
  EXPECT_EQ(outcome->errors, "err\n");
  EXPECT_EQ(Describe(*outcome), "exit status 3");
}

TEST_F(RunProgramTest, NamesTheSignal) {
  const auto outcome = Shell("kill -9 $$");
  EXPECT_FALSE(outcome->exited);
  EXPECT_EQ(Describe(*outcome), "ended by signal 9 (Killed)");
}

TEST_F(RunProgramTest, ProgramThatCannotBeStartedIsAnError) {
  const auto missing = RunProgram({"/nowhere/nmcli"}, options_);
  EXPECT_EQ(missing.error(), (Error{ErrorCode::NotFound, "cannot start /nowhere/nmcli: no such file or directory"}));
  EXPECT_EQ(RunProgram({scratch_.Path()}, options_).error().code, ErrorCode::Io);
  EXPECT_EQ(RunProgram({}, options_).error().code, ErrorCode::Internal);
  EXPECT_EQ(RunProgram({"ls"}, options_).error().code, ErrorCode::NotFound);
  options_.directory = scratch_ / "missing";
  EXPECT_THAT(Shell("true").error().message, HasSubstr("its working directory " + options_.directory));
}

TEST_F(RunProgramTest, ChildSeesACleanWorld) {
  umask(077);
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  std::optional<IgnoredSignals> ignored(SIGPIPE);
  const int careless = open("/dev/null", O_RDONLY);
  const auto outcome =
      Shell("pwd; umask; ls /proc/self/fd | tr '\\n' ' '; echo; grep -E '^Sig(Blk|Ign)' /proc/self/status; env");
  close(careless);
  ignored.reset();
  pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  umask(022);
  EXPECT_THAT(outcome->output, HasSubstr(scratch_.Path() + "\n0022\n0 1 2 3 \n"));
  EXPECT_THAT(outcome->output, HasSubstr("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
  EXPECT_THAT(outcome->output, HasSubstr(mark_));
  EXPECT_THAT(outcome->output, ::testing::Not(HasSubstr("HOME=")));
}

TEST_F(RunProgramTest, DescriptorsInTheWayAreNoProblem) {
  // The pipes then get the numbers 0, 1, 2 of the child's own.
  const int saved_in = dup(0);
  close(0);
  const auto outcome = Shell("cat; echo out; echo err >&2");
  dup2(saved_in, 0);
  close(saved_in);
  EXPECT_EQ(outcome->output, "out\n");
  EXPECT_EQ(outcome->errors, "err\n");
}

TEST_F(RunProgramTest, InputReachesTheProgramAndNobodyElse) {
  const std::string text(300'000, 'i');
  options_.input = text;
  EXPECT_EQ(Shell("wc -c")->output, "300000\n");
  EXPECT_EQ(Shell("exit 0")->status, 0);  // does not read it: no SIGPIPE, no wait
  options_.input = {};
  EXPECT_EQ(Shell("wc -c")->output, "0\n");
}

TEST_F(RunProgramTest, OutputIsCutAtTheLimitAndTheProgramGoesOn) {
  options_.output_limit = 1000;
  const auto outcome = Shell("head -c 600 /dev/zero | tr '\\0' e >&2; head -c 3000000 /dev/zero | tr '\\0' o; exit 4");
  EXPECT_EQ(outcome->status, 4);
  EXPECT_EQ(outcome->errors, std::string(600, 'e'));
  EXPECT_EQ(outcome->output, std::string(400, 'o'));
}

TEST_F(RunProgramTest, DeadlineEndsTheWholeGroup) {
  options_.deadline = milliseconds(100);
  const auto outcome = Shell("sleep 1000 & sleep 1000 & wait");
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_FALSE(outcome->exited);
  EXPECT_EQ(outcome->signal, SIGTERM);
  EXPECT_THAT(Describe(*outcome), ::testing::MatchesRegex("not finished after [0-9.]+ s"));
}

TEST_F(RunProgramTest, ProgramThatIgnoresTermIsKilledTwoSecondsLater) {
  options_.deadline = milliseconds(100);
  const auto outcome = Shell("trap '' TERM; echo begun; while :; do sleep 1000; done");
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_EQ(outcome->signal, SIGKILL);
  EXPECT_EQ(outcome->output, "begun\n");
  EXPECT_GE(outcome->ran, milliseconds(2100));
}

TEST_F(RunProgramTest, GrandchildThatIgnoresTermIsKilledToo) {
  options_.deadline = milliseconds(100);
  const auto outcome = Shell("(trap '' TERM; while :; do sleep 1000; done) & wait");
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_TRUE(test::Eventually([&] { return test::ProcessesWithEnvironment(mark_).empty(); }));
}

TEST_F(RunProgramTest, StatusAfterTheDeadlineIsStillTimedOut) {
  options_.deadline = milliseconds(100);
  const auto outcome = Shell("trap 'exit 0' TERM; while :; do sleep 0.01; done");
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_TRUE(outcome->exited);
  EXPECT_EQ(outcome->status, 0);
}

TEST_F(RunProgramTest, LeftDaemonThatHoldsTheOutputIsNotWaitedFor) {
  const auto began = Steady::now();
  const auto outcome = Shell("(while :; do echo noise; done) & echo $!; exit 0");
  EXPECT_TRUE(outcome->exited);
  EXPECT_LT(Steady::now() - began, seconds(10));
  // Nobody reads its output any more, so it has ended by SIGPIPE; the proof is in TearDown.
}

TEST_F(RunProgramTest, CancelEndsItLikeTheDeadline) {
  const UniqueFd cancel(eventfd(0, EFD_CLOEXEC));
  options_.cancel_fd = cancel.Get();
  std::thread canceller([&] {
    EXPECT_TRUE(test::Eventually([&] { return std::filesystem::exists(scratch_ / "began"); }));
    EXPECT_EQ(eventfd_write(cancel.Get(), 1), 0);
  });
  const auto outcome = Shell("touch began; exec sleep 1000");
  canceller.join();
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_EQ(outcome->signal, SIGTERM);
}

TEST_F(RunProgramTest, ManyAtTheSameTime) {
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        const auto outcome = Shell("echo " + std::to_string(i) + "; exit " + std::to_string(i));
        ASSERT_TRUE(outcome.has_value());
        EXPECT_EQ(outcome->output, std::to_string(i) + "\n");
        EXPECT_EQ(outcome->status, i);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(RunProgramTest, LeavesNoDescriptorOpen) {
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = count();
  options_.input = "x";
  ASSERT_TRUE(Shell("true").has_value());
  ASSERT_FALSE(RunProgram({"/nowhere"}, options_).has_value());
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace cmdsrv
