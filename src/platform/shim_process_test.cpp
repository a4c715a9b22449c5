#include "platform/shim_process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <optional>

#include "support/ignored_signals.hpp"
#include "support/shim_fixture.hpp"

namespace cmdsrv {
namespace {

using test::Eventually;
using test::SessionMembers;
using test::Slurp;
using test::Spit;
using ::testing::HasSubstr;

class ShimProcessTest : public test::ShimTest {};

TEST_F(ShimProcessTest, RecordsStatusOutputAndCosts) {
  const RunRecord record =
      Run(Shell("echo out; echo err >&2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3"));
  EXPECT_EQ(record.phase, RunPhase::Ended);
  EXPECT_EQ(record.job_id, 41);
  EXPECT_EQ(record.attempt, 2U);
  EXPECT_EQ(DescribeExit(record), "exit status 3");
  EXPECT_EQ(record.output_total, 8U);
  EXPECT_EQ(Slurp(Output()), "out\nerr\n");
  EXPECT_GT(record.step_pid, 1);
  EXPECT_GT(record.cpu_us, 0U);
  EXPECT_GT(record.max_rss_kib, 100U);
  EXPECT_GT(record.started_unix_ms, 1'600'000'000'000);
  EXPECT_GE(record.ended_unix_ms, record.started_unix_ms);
  EXPECT_EQ(record.leftovers, 0U);
  EXPECT_EQ(record.cancelled, 0U);
  EXPECT_EQ(std::filesystem::file_size(Record()), kRunRecordFileSize);
}

/// The shim behind a program that writes down its commits to the disk. The tracer detaches itself, so the pid is the
/// shim's.
class ShimCommitTest : public test::ShimTest {
 protected:
  std::string TracedShim() const {
    const std::string program = scratch_ / "traced-shim";
    Spit(program, fmt::format("#!/bin/sh\nexec strace -D -f -qq -e trace=fdatasync,fsync,exit_group -o {} {} \"$@\"\n",
                              Calls(), Shim()));
    chmod(program.c_str(), 0755);
    return program;
  }
  std::string Calls() const { return scratch_ / "calls"; }
  bool Committed() const {
    // The tracer may write its last lines after the shim's end.
    EXPECT_TRUE(Eventually([&] { return Slurp(Calls()).find("exit_group(0)") != std::string::npos; }));
    return Slurp(Calls()).find("sync(3)") != std::string::npos;
  }
};

TEST_F(ShimCommitTest, LeavesTheCommitToALivingServer) {
  auto shim = StartShim(TracedShim(), Shell("exit 3"));
  ASSERT_TRUE(shim.has_value()) << shim.error().message;
  ASSERT_TRUE(shim->Go().has_value());
  EXPECT_EQ(DescribeExit(Finish(*shim)), "exit status 3");
  EXPECT_FALSE(Committed()) << Slurp(Calls());
}

TEST_F(ShimCommitTest, CommitsItsRecordWhenTheServerIsGone) {
  const std::string go_on = scratch_ / "go-on";
  mkfifo(go_on.c_str(), 0600);
  auto shim = StartShim(TracedShim(), Shell("echo begun; read line < " + go_on + "; exit 3"));
  ASSERT_TRUE(shim.has_value()) << shim.error().message;
  ASSERT_TRUE(shim->Go().has_value());
  ASSERT_TRUE(Eventually([&] { return Slurp(Output()) == "begun\n"; }));
  ShimProcess adopted;
  adopted.pidfd = std::move(shim->pidfd);
  *shim = {};  // as with a server that is killed: its end of the line closes
  Spit(go_on, "now\n");
  EXPECT_EQ(DescribeExit(Finish(adopted)), "exit status 3");
  EXPECT_TRUE(Committed()) << Slurp(Calls());
}

TEST_F(ShimProcessTest, RecordsTheSignalThatEndedTheStep) {
  const RunRecord record = Run(Shell("kill -SEGV $$"));
  EXPECT_EQ(record.phase, RunPhase::Ended);
  EXPECT_EQ(DescribeExit(record), "ended by signal 11 (Segmentation fault)");
}

TEST_F(ShimProcessTest, StepSeesACleanWorld) {
  umask(077);  // ours must not be the step's
  std::optional<IgnoredSignals> ignored(SIGUSR1);
  const int open_here = open("/dev/null", O_RDONLY);  // without close-on-exec, as a careless library would
  const RunRecord record = Run(Shell(
      "pwd; umask; cat; ls /proc/self/fd | tr '\\n' ' '; echo; grep -E '^Sig(Blk|Ign)' /proc/self/status; nice; env"));
  close(open_here);
  ignored.reset();
  umask(022);
  EXPECT_EQ(DescribeExit(record), "exit status 0");
  const std::string output = Slurp(Output());
  EXPECT_THAT(output, HasSubstr(scratch_.Path() + "\n0022\n0 1 2 3 \n"));  // 3 is what ls itself has opened
  EXPECT_THAT(output, HasSubstr("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
  EXPECT_THAT(output, HasSubstr(fmt::format("\n{}\n", getpriority(PRIO_PROCESS, 0))));  // as we are ourselves
  EXPECT_THAT(output, HasSubstr("LANG=C.UTF-8\n"));
  EXPECT_THAT(output, ::testing::Not(HasSubstr("HOME=")));
}

TEST_F(ShimProcessTest, LowPriorityIsNiceAndLeavesTheShimAlone) {
  ShimStart start = Shell("nice; ionice; exec sleep 1000");
  start.low_priority = true;
  const ShimProcess shim = RunningAs("sleep", start);
  EXPECT_TRUE(Eventually([&] { return Slurp(Output()) == "19\nbest-effort: prio 7\n"; })) << Slurp(Output());
  EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(shim.identity.pid)), getpriority(PRIO_PROCESS, 0));
  shim.Cancel();
  Finish(shim);
}

TEST_F(ShimProcessTest, OwnSessionOwnGroupAndANameForPs) {
  const ShimProcess shim = RunningAs("sleep", Start({"/bin/sleep", "1000"}));
  EXPECT_EQ(getsid(shim.identity.pid), shim.identity.pid);
  const pid_t step = ReadRunRecord(Record())->step_pid;
  EXPECT_EQ(getsid(step), shim.identity.pid);
  EXPECT_EQ(getpgid(step), step);
  EXPECT_EQ(Slurp("/proc/" + std::to_string(shim.identity.pid) + "/comm"), "shim-job-41\n");
  std::string line = Slurp("/proc/" + std::to_string(shim.identity.pid) + "/cmdline");
  std::replace(line.begin(), line.end(), '\0', ' ');
  EXPECT_THAT(line,
              HasSubstr("iiab-cmdsrv-shim --job 41 --attempt 2 --cwd " + scratch_.Path() + " -- /bin/sleep 1000"));
  EXPECT_THAT(SessionMembers(shim.identity.pid), ::testing::IsSupersetOf({shim.identity.pid, step}));
  shim.Cancel();
  Finish(shim);
  EXPECT_TRUE(SessionMembers(shim.identity.pid).empty());
}

TEST_F(ShimProcessTest, NothingRunsBeforeGo) {
  auto shim = StartShim(Shim(), Shell("touch began"));
  ASSERT_TRUE(shim.has_value());
  EXPECT_EQ(ReadRunRecord(Record())->phase, RunPhase::Waiting);
  EXPECT_FALSE(IsFinal(*ReadRunRecord(Record())));
  EXPECT_FALSE(HasEnded(*shim, 50));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "began"));
  EXPECT_TRUE(shim->Go().has_value());
  EXPECT_TRUE(shim->Go().has_value());
  EXPECT_EQ(Finish(*shim).phase, RunPhase::Ended);
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "began"));
}

TEST_F(ShimProcessTest, WithoutTheDaemonTheStepNeverBegins) {
  auto shim = StartShim(Shim(), Shell("touch began"));
  ASSERT_TRUE(shim.has_value());
  const auto handle = AdoptShim(shim->identity);
  ASSERT_TRUE(handle.has_value());
  shim = Fail(ErrorCode::Internal, "gone");  // drops the go, as the daemon's death would
  const RunRecord record = Finish(*handle);
  EXPECT_EQ(record.phase, RunPhase::NeverBegan);
  EXPECT_EQ(record.cancelled, 0U);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "began"));
}

TEST_F(ShimProcessTest, CancelledBeforeGoNeverBegins) {
  auto shim = StartShim(Shim(), Shell("touch began"));
  ASSERT_TRUE(shim.has_value());
  shim->Cancel();
  const RunRecord record = Finish(*shim);
  EXPECT_EQ(record.phase, RunPhase::NeverBegan);
  EXPECT_EQ(record.cancelled, 1U);
  EXPECT_THAT(shim->Go().error().message,  // and no SIGPIPE
              testing::StartsWith(fmt::format("cannot let the step begin (shim {}): ", shim->identity.pid)));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "began"));
}

TEST_F(ShimProcessTest, FailedStartNamesStageAndReason) {
  const RunRecord exec = Run(Start({"/nowhere/wget", "-q"}));
  EXPECT_EQ(exec.phase, RunPhase::StartFailed);
  EXPECT_EQ(DescribeStartFailure(exec, "/nowhere/wget"), "cannot start /nowhere/wget: exec: no such file or directory");

  ShimStart start = Start({"/bin/true"});
  start.directory = scratch_ / "missing";
  const RunRecord directory = Run(start);
  EXPECT_EQ(directory.phase, RunPhase::StartFailed);
  EXPECT_EQ(DescribeStartFailure(directory, "/bin/true"),
            "cannot start /bin/true: directory: no such file or directory");
}

TEST_F(ShimProcessTest, MissingShimLeavesNothingBehind) {
  const auto shim = StartShim(scratch_ / "no-shim", Shell("true"));
  ASSERT_FALSE(shim.has_value());
  EXPECT_THAT(shim.error().message, HasSubstr("no-shim: no such file or directory"));
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.Path()));
}

TEST_F(ShimProcessTest, MissingDirectoryForTheFilesIsAnError) {
  ShimStart start = Shell("true");
  start.output_path = scratch_ / "missing/output";
  const auto shim = StartShim(Shim(), start);
  ASSERT_FALSE(shim.has_value());
  EXPECT_THAT(shim.error().message, HasSubstr("cannot make the output file " + start.output_path));
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.Path()));
}

TEST_F(ShimProcessTest, OldFilesAreReplacedAndLinksNotFollowed) {
  Spit(scratch_ / "precious", "precious");
  std::filesystem::create_symlink(scratch_ / "precious", Output());
  Spit(Record(), "old");
  EXPECT_EQ(Run(Shell("echo new")).phase, RunPhase::Ended);
  EXPECT_EQ(Slurp(scratch_ / "precious"), "precious");
  EXPECT_EQ(Slurp(Output()), "new\n");
  struct stat facts {};
  ASSERT_EQ(lstat(Output().c_str(), &facts), 0);
  EXPECT_TRUE(S_ISREG(facts.st_mode));
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
}

TEST_F(ShimProcessTest, ItsIdentityTellsWhetherTheShimLives) {
  const ShimProcess shim = RunningAs("sleep", Start({"/bin/sleep", "1000"}));
  EXPECT_TRUE(IsAlive(shim.identity));
  shim.Cancel();
  Finish(shim);
  EXPECT_FALSE(IsAlive(shim.identity));
  EXPECT_EQ(AdoptShim(shim.identity).error().code, ErrorCode::NotFound);
}

TEST_F(ShimProcessTest, OutlivesTheDaemonAndIsAdopted) {
  int identity_pipe[2];
  ASSERT_EQ(pipe(identity_pipe), 0);
  const pid_t daemon = fork();
  if (daemon == 0) {
    auto shim = StartShim(Shim(), Shell("echo began; while [ ! -e finish ]; do sleep 0.01; done; echo done; exit 7"));
    if (!shim || !shim->Go()) _exit(1);
    const ssize_t size = write(identity_pipe[1], &shim->identity.pid, sizeof(pid_t));
    _exit(size == sizeof(pid_t) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(daemon, &status, 0), daemon);
  ASSERT_EQ(status, 0);
  pid_t pid = 0;
  ASSERT_EQ(read(identity_pipe[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  close(identity_pipe[0]);
  close(identity_pipe[1]);

  const auto identity = Identify(pid);
  ASSERT_TRUE(identity.has_value());
  const auto shim = AdoptShim(*identity);
  ASSERT_TRUE(shim.has_value());
  EXPECT_FALSE(shim->child);
  EXPECT_TRUE(IsAlive(*identity));
  Spit(scratch_ / "finish", "");
  const RunRecord record = Finish(*shim);
  EXPECT_EQ(DescribeExit(record), "exit status 7");
  EXPECT_EQ(Slurp(Output()), "began\ndone\n");
}

TEST_F(ShimProcessTest, KilledShimTakesTheStepAlong) {
  const ShimProcess shim = Running(Shell("trap '' INT TERM; echo; while :; do sleep 1000; done"));
  const auto step = Identify(ReadRunRecord(Record())->step_pid);
  ASSERT_TRUE(step.has_value());
  shim.Kill();
  ASSERT_TRUE(HasEnded(shim));
  shim.Reap();
  EXPECT_TRUE(Eventually([&] { return !IsAlive(*step); }));
  EXPECT_FALSE(IsAlive(shim.identity));
  const auto record = ReadRunRecord(Record());
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->phase, RunPhase::Running);
  EXPECT_FALSE(IsFinal(*record));
  for (const pid_t left : SessionMembers(shim.identity.pid)) kill(left, SIGKILL);
}

TEST_F(ShimProcessTest, IdleShimIsSmall) {
  const ShimProcess shim = RunningAs("sleep", Start({"/bin/sleep", "1000"}));
  const std::string path = "/proc/" + std::to_string(shim.identity.pid) + "/smaps_rollup";
  const auto pss_kib = [&] {
    const std::string text = Slurp(path);
    const auto at = text.find("\nPss:");
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + 5));
  };
  EXPECT_TRUE(Eventually([&] { return pss_kib() > 0 && pss_kib() < 512; })) << pss_kib() << " KiB";
  shim.Cancel();
  Finish(shim);
}

TEST_F(ShimProcessTest, PrintingALotKeepsBeginningAndEnd) {
  const RunRecord record = Run(Start({"/usr/bin/seq", "10000001", "32222223"}));  // 9 bytes a line: 200 MB
  EXPECT_EQ(DescribeExit(record), "exit status 0");
  ASSERT_EQ(record.output_total, 200'000'007U);
  EXPECT_EQ(std::filesystem::file_size(Output()), kJobOutputHead + kJobOutputRing);
  EXPECT_EQ(ReadOutput(Output(), record.output_total, 0, 9)->text, "10000001\n");
  EXPECT_EQ(*ReadOutputEnd(Output(), record.output_total, 18), "[199999989 bytes left out here]\n32222222\n32222223\n");
  const auto middle = ReadOutput(Output(), record.output_total, kJobOutputHead, 100);
  EXPECT_EQ(middle->offset, record.output_total - kJobOutputRing);
}

TEST_F(ShimProcessTest, ADiskThatTakesNothingMoreDoesNotStopTheStep) {
  auto shim = StartShim(Shim(), Shell("ulimit -S -f unlimited; seq 1 200000; touch ended; exit 5"));
  ASSERT_TRUE(shim.has_value());
  const rlimit limit{10'000, RLIM_INFINITY};  // writes beyond fail as on a full disk, also for root
  ASSERT_EQ(prlimit(shim->identity.pid, RLIMIT_FSIZE, &limit, nullptr), 0);
  ASSERT_TRUE(shim->Go().has_value());
  const RunRecord record = Finish(*shim);
  EXPECT_EQ(DescribeExit(record), "exit status 5");
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "ended"));
  EXPECT_EQ(record.output_total, 1'288'895U);
  EXPECT_EQ(std::filesystem::file_size(Output()), 10'000U);
  const auto piece = ReadOutput(Output(), record.output_total, 0, 1U << 22U);
  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(piece->text.size(), 10'000U);
  EXPECT_EQ(piece->next_offset, record.output_total);
}

TEST_F(ShimProcessTest, RecordsThatAreNoneAreNamedSo) {
  EXPECT_EQ(ReadRunRecord(Record()).error().code, ErrorCode::NotFound);
  const auto refused = [&] { return ReadRunRecord(Record()).error(); };
  Spit(Record(), "short");
  EXPECT_EQ(refused().code, ErrorCode::Corrupt);
  EXPECT_EQ(refused().message, Record() + " is no run record: it has 5 bytes");
  Spit(Record(), std::string(kRunRecordFileSize, 'x'));
  EXPECT_EQ(refused().code, ErrorCode::Corrupt);
  EXPECT_EQ(refused().message, Record() + " is no run record: it begins otherwise");
  Spit(Record(), std::string(kRunRecordFileSize + 1, 'x'));
  EXPECT_EQ(refused().code, ErrorCode::Corrupt);
  EXPECT_THAT(refused().message, testing::StartsWith(Record() + " is no run record: cannot read "));
}

TEST_F(ShimProcessTest, AFlippedBitMakesARecordNotFinal) {
  Run(Shell("exit 0"));
  std::string bytes = Slurp(Record());
  bytes[offsetof(RunRecord, exit_value)] ^= 1;
  Spit(Record(), bytes);
  EXPECT_FALSE(IsFinal(*ReadRunRecord(Record())));
}

}  // namespace
}  // namespace cmdsrv
