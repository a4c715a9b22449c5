#include "jobs/shim_runner.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "platform/proc_stat.hpp"
#include "platform/root.hpp"
#include "platform/spawn.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr JobId kJob{12};

class ShimRunnerTest : public testing::Test {
 protected:
  ShimRunnerTest()
      : paths_{scratch_ / "state", scratch_.Path()},
        loop_(EventLoop::Make().value()),
        runner_(loop_, Root::OwnProgram("iiab-cmdsrv-shim"), paths_, "") {
    std::filesystem::create_directories(paths_.Runs());
  }
  ~ShimRunnerTest() override {
    for (const pid_t pid : children_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

  /// A process in a session of its own.
  ProcessIdentity SpawnSleeper(std::vector<std::string> environment,
                               std::vector<std::string> argv = {"/bin/sleep", "1000"}) {
    const std::string directory = "/";
    const auto spawned = Spawn({.argv = argv,
                                .environment = environment,
                                .directory = directory,
                                .descriptors = {0, 1, 2},
                                .new_session = true});
    EXPECT_TRUE(spawned);
    children_.push_back(spawned->pid);
    return Identify(spawned->pid).value();
  }

  /// A process in a session of its own whose end takes a while, because the kernel has much to put away behind it.
  ProcessIdentity ForkSlowEnder() {
    constexpr off_t kBytes = off_t{256} << 20;
    int ready[2];
    EXPECT_EQ(pipe2(ready, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      setsid();
      const int file = memfd_create("held until the end", MFD_CLOEXEC);
      if (file < 0 || posix_fallocate(file, 0, kBytes) != 0) _exit(1);
      (void)!write(ready[1], "", 1);
      for (;;) pause();
    }
    close(ready[1]);
    char byte = 1;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    children_.push_back(pid);
    return Identify(pid).value();
  }

  /// Serves the loop until the hunt is over.
  bool Hunt(const ProcessIdentity& shim) {
    bool gone = false;
    runner_.EndLeftovers(kJob, shim, [&] {
      gone = true;
      loop_->Quit();
    });
    const auto limit = loop_->After(20s, [this] { loop_->Quit(); });
    loop_->Run();
    return gone;
  }

  ProcessIdentity Shim() const { return {BootId(), 999'999'999, 0}; }
  std::string Mark() const { return RunMark(paths_.Record(kJob)); }
  void Print(std::string_view text) { test::Spit(paths_.Output(kJob), text); }

  test::ScratchDirectory scratch_;
  JobPaths paths_;
  std::shared_ptr<EventLoop> loop_;
  ShimRunner runner_;
  std::vector<pid_t> children_;
};

TEST_F(ShimRunnerTest, MarkedProcessesAreEndedWhereverTheyWent) {
  const auto one = SpawnSleeper({Mark()});
  const auto other = SpawnSleeper({"A=b", Mark()});
  EXPECT_TRUE(Hunt(Shim()));
  EXPECT_FALSE(IsAlive(one));
  EXPECT_FALSE(IsAlive(other));
}

TEST_F(ShimRunnerTest, AStrangersSessionOfTheSameNumberIsLetBe) {
  const auto stranger = SpawnSleeper({"CMDSRV_RUN=" + paths_.Record(JobId{13})});
  EXPECT_TRUE(Hunt({BootId(), stranger.pid, stranger.start_ticks - 1}));
  EXPECT_TRUE(IsAlive(stranger));
}

TEST_F(ShimRunnerTest, AnUnmarkedMemberOfAMarkedSessionIsEnded) {
  // A marked leader whose child has wiped its environment.
  const auto leader =
      SpawnSleeper({Mark()}, {"/bin/sh", "-c", "env -i sleep 1000 & echo $! >" + (scratch_ / "child") + "; wait"});
  ASSERT_TRUE(test::Eventually([&] { return !test::Slurp(scratch_ / "child").empty(); }));
  const pid_t child = std::stoi(test::Slurp(scratch_ / "child"));
  EXPECT_TRUE(Hunt({BootId(), leader.pid, 0}));
  EXPECT_TRUE(test::Eventually([&] {
    const auto identity = Identify(child);
    return !identity || !IsAlive(*identity);
  }));
}

TEST_F(ShimRunnerTest, AMemberInTheMiddleOfItsEndIsWaitedFor) {
  // No mark can be read from it any more, and until the kernel has put all away it holds its locks.
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto member = ForkSlowEnder();
    kill(member.pid, SIGKILL);
    std::optional<ProcStat> stat;
    do stat = ReadProcStat(member.pid);
    while (stat && !stat->IsDead() && stat->memory != 0);
    if (!stat || stat->IsDead()) continue;  // too quick to be seen
    EXPECT_TRUE(Hunt({BootId(), member.pid, member.start_ticks - 1}));
    EXPECT_FALSE(IsAlive(member));
    return;
  }
  GTEST_SKIP() << "this machine ends processes faster than they can be looked at";
}

TEST_F(ShimRunnerTest, ARunOfAnEarlierBootHasNoLeftovers) {
  const auto process = SpawnSleeper({Mark()});
  EXPECT_TRUE(Hunt({"another boot", process.pid, process.start_ticks}));
  EXPECT_TRUE(IsAlive(process));
  RunRow run;
  run.boot_id = "another boot";
  EXPECT_FALSE(runner_.Look(kJob, run, process.pid).leftovers);
  run.boot_id = BootId();
  EXPECT_TRUE(runner_.Look(kJob, run, Shim().pid).leftovers);
}

TEST_F(ShimRunnerTest, ProgressIsMoreBytesAnotherPhaseOrALongTime) {
  RunRow run;
  run.started = std::chrono::system_clock::now();
  EXPECT_FALSE(runner_.Progressed(kJob, run)) << "no output";
  Print("hello\n@progress phase=get bytes=5\n");
  EXPECT_FALSE(runner_.Progressed(kJob, run));
  Print("@progress phase=get bytes=5\n" + std::string(200'000, '\n') + "@progress phase=get bytes=6\n");
  EXPECT_TRUE(runner_.Progressed(kJob, run));
  Print("thinking\n");
  EXPECT_FALSE(runner_.Progressed(kJob, run));
  run.started = *run.started - 11min;
  EXPECT_TRUE(runner_.Progressed(kJob, run));
}

TEST_F(ShimRunnerTest, OldProgramsAreKnownByFirstAndLastWord) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(RunsOldCommand("/usr/bin/wget\0-c\0http://x/y.zim\0"sv, "/usr/bin/wget -c http://x/y.zim"));
  EXPECT_TRUE(RunsOldCommand("/bin/sh\0scripts/a.sh\0some name\0b\0"sv, "scripts/a.sh 'some name' 'b'"));
  EXPECT_FALSE(RunsOldCommand("/usr/bin/wget\0-c\0http://x/other.zim\0"sv, "/usr/bin/wget -c http://x/y.zim"));
  EXPECT_FALSE(RunsOldCommand("/usr/sbin/sshd\0"sv, "/usr/bin/wget -c x"));
  EXPECT_FALSE(RunsOldCommand(""sv, "/usr/bin/wget -c x"));
  EXPECT_FALSE(RunsOldCommand("\0"sv, ""));
}

TEST_F(ShimRunnerTest, OnlyTheOldProgramItselfIsKilled) {
  const auto process = SpawnSleeper({});
  runner_.EndOldProgram(kJob, process.pid, "/bin/sleep 999");
  runner_.EndOldProgram(kJob, 0, "/bin/sleep 1000");
  EXPECT_TRUE(IsAlive(process));
  runner_.EndOldProgram(kJob, process.pid, "/bin/sleep 1000");
  EXPECT_TRUE(test::Eventually([&] { return !IsAlive(process); }));
}

TEST_F(ShimRunnerTest, TheOutputOfAnOldProgramGoesAndWhatOnlyLooksLikeItStays) {
  const std::string old = scratch_ / "old";
  std::filesystem::create_directory(old);
  const std::string output = fmt::format("{}/job-{}", old, kJob);
  const std::string other = old + "/other";
  ShimRunner runner(loop_, "/nowhere", {scratch_.Path(), scratch_.Path(), old}, {});
  const auto write = [](const std::string& path) { std::ofstream(path) << "Python wrote this\n"; };

  write(output);
  write(other);
  runner.EndOldProgram(kJob, 0, "/bin/sleep 1000");
  EXPECT_FALSE(std::filesystem::exists(output));
  EXPECT_TRUE(std::filesystem::exists(other)) << "not the output of this job";

  std::filesystem::create_symlink(other, output);
  runner.EndOldProgram(kJob, 0, "/bin/sleep 1000");
  EXPECT_TRUE(std::filesystem::is_symlink(output));
  EXPECT_TRUE(std::filesystem::exists(other));

  std::filesystem::remove(output);
  std::filesystem::create_hard_link(other, output);
  runner.EndOldProgram(kJob, 0, "/bin/sleep 1000");
  EXPECT_TRUE(std::filesystem::exists(output)) << "a file of another name too";
}

TEST_F(ShimRunnerTest, AnOldProgramGoesWithItsFamily) {
  const std::string mark = "MARK=" + scratch_.Path();
  const auto old = SpawnSleeper({"PATH=/usr/bin:/bin", mark},
                                {"/bin/sh", "-c", "sh -c 'sleep 1003 & sleep 1004; true' & wait; true"});
  ASSERT_TRUE(test::Eventually([&] { return test::ProcessesWithEnvironment(mark).size() == 4; }));
  runner_.EndOldProgram(kJob, old.pid, "/bin/sh -c");
  EXPECT_TRUE(test::Eventually([&] { return test::ProcessesWithEnvironment(mark).empty(); }));
}

}  // namespace
}  // namespace cmdsrv
