#include "platform/process.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::Eventually;

/// A child that waits to be killed, reaped at the end.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_NAME, ") Z 1 ( ");  // a name that wants to lead a parser astray
    for (;;) pause();
  }
  ~Sleeper() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t Pid() const { return pid_; }
  /// Dead, but not reaped.
  void MakeZombie() const {
    kill(pid_, SIGKILL);
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }

 private:
  pid_t pid_;
};

TEST(Process, IdentityNamesBootPidAndStart) {
  const auto identity = Identify(getpid());
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->boot_id.size(), 36U);
  EXPECT_EQ(identity->boot_id, BootId());
  EXPECT_EQ(identity->pid, getpid());
  EXPECT_GT(identity->start_ticks, 0U);
  EXPECT_EQ(Identify(getpid()), identity);
  EXPECT_FALSE(Identify(0).has_value());
  EXPECT_FALSE(Identify(-1).has_value());
  EXPECT_FALSE(Identify(0x3fffffff).has_value());
}

TEST(Process, NameOfAProcessCannotForgeItsState) {
  const Sleeper sleeper;
  ASSERT_TRUE(
      Eventually([&] { return test::Slurp("/proc/" + std::to_string(sleeper.Pid()) + "/comm") == ") Z 1 ( \n"; }));
  const auto identity = Identify(sleeper.Pid());
  ASSERT_TRUE(identity.has_value());
  EXPECT_TRUE(IsAlive(*identity));
}

TEST(Process, OnlyExactlyThisProcessIsAlive) {
  const Sleeper sleeper;
  const auto identity = Identify(sleeper.Pid()).value();
  EXPECT_TRUE(IsAlive(identity));
  ProcessIdentity reused = identity;  // the pid has come back with another process
  ++reused.start_ticks;
  EXPECT_FALSE(IsAlive(reused));
  EXPECT_EQ(OpenProcess(reused).error().code, ErrorCode::NotFound);
  ProcessIdentity earlier_boot = identity;
  earlier_boot.boot_id[0] = earlier_boot.boot_id[0] == '0' ? '1' : '0';
  EXPECT_FALSE(IsAlive(earlier_boot));
  EXPECT_EQ(OpenProcess(earlier_boot).error().code, ErrorCode::NotFound);
  EXPECT_EQ(OpenProcess({BootId(), 0, 0}).error().code, ErrorCode::NotFound);
  EXPECT_FALSE(IsAlive({BootId(), 0, 0}));
}

TEST(Process, ZombieIsThereButNotAlive) {
  const Sleeper sleeper;
  const auto identity = Identify(sleeper.Pid()).value();
  sleeper.MakeZombie();
  EXPECT_EQ(Identify(sleeper.Pid()), identity);
  EXPECT_FALSE(IsAlive(identity));
}

TEST(Process, PidfdTellsTheEnd) {
  const Sleeper sleeper;
  const auto pidfd = OpenProcess(Identify(sleeper.Pid()).value());
  ASSERT_TRUE(pidfd.has_value());
  pollfd watched{pidfd->Get(), POLLIN, 0};
  EXPECT_EQ(poll(&watched, 1, 0), 0);
  kill(sleeper.Pid(), SIGKILL);
  EXPECT_EQ(poll(&watched, 1, 20'000), 1);
}

TEST(Process, GoneProcessCannotBeOpened) {
  ProcessIdentity identity;
  {
    const Sleeper sleeper;
    identity = Identify(sleeper.Pid()).value();
  }
  const auto gone = OpenProcess(identity);
  EXPECT_EQ(gone.error(), (Error{ErrorCode::NotFound, fmt::format("process {} has ended", identity.pid)}));
}

}  // namespace
}  // namespace cmdsrv
