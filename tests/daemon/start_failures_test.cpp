// What the daemon and the gateway say when they cannot even begin: one system call fails, and the rest of the machine
// is well. Everything that is said so early is said to whoever started them.
#include <gmock/gmock.h>

#include <cerrno>

#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;

struct Failing {
  std::string call;
  int error;
  std::string path;  ///< a piece of what it is about; "": whatever it is about
  std::string sentence;
};

class StartFailures : public ::testing::Test {
 protected:
  RunEnd Run(const std::vector<std::string>& environment, const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"env"};
    all.insert(all.end(), environment.begin(), environment.end());
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunTool(all);
  }
  void ExpectSaid(const Failing& failing, const std::vector<std::string>& arguments) const {
    const RunEnd end = Run(FailingCall(failing.call, failing.error, failing.path), arguments);
    EXPECT_NE(end.status, 0) << failing.call;
    EXPECT_THAT(end.output, HasSubstr(fmt::format("cannot {}: {}", failing.sentence, Reason(failing.error))));
  }

  TestBox box;
};

TEST_F(StartFailures, OfTheDaemon) {
  const std::vector<std::string> foreground{BuiltProgram("bin/iiab-cmdsrv"), "--root", box.Root(), "--foreground"};
  const Failing cases[] = {
      {"eventfd", EMFILE, "", "make an eventfd"},
      {"signalfd", EMFILE, "", "make a signalfd"},
      {"fchmod", EPERM, "socket:", "make the socket private"},
      {"chmod", EPERM, "cmdsrv_sock$", "set the mode of the socket " + box.Socket()},
      {"listen", EADDRINUSE, "", "listen at the socket " + box.Socket()},
  };
  for (const Failing& failing : cases) ExpectSaid(failing, foreground);
}

/// Clients take a ready file for a server and wait a minute for it.
TEST_F(StartFailures, LeaveNoFilesOfAKilledServer) {
  const std::string pid = box.Path("/run/iiab-cmdsrv.pid");
  const std::string ready = box.Path("/run/iiab-cmdsrv-ready");
  OrThrow(MakeDirs(box.Path("/run")));
  for (const Failing& failing : {Failing{"eventfd", EMFILE, "", "make an eventfd"},
                                 Failing{"listen", EADDRINUSE, "", "listen at the socket " + box.Socket()}}) {
    OrThrow(WriteText(pid, "1999999999\n"));
    OrThrow(WriteText(ready, "ready\n"));
    ExpectSaid(failing, {BuiltProgram("bin/iiab-cmdsrv"), "--root", box.Root(), "--foreground"});
    EXPECT_FALSE(ReadText(pid)) << failing.call;
    EXPECT_FALSE(ReadText(ready)) << failing.call;
  }
}

TEST_F(StartFailures, OfTheDaemonInTheBackground) {
  const std::vector<std::string> background{BuiltProgram("bin/iiab-cmdsrv"), "--root", box.Root(), "--daemon"};
  ExpectSaid({"pipe2", EMFILE, "", "make a pipe"}, background);
  ExpectSaid({"fork", EAGAIN, "", "go to the background"}, background);
  EXPECT_THAT(box.Processes(), ::testing::IsEmpty());
}

TEST_F(StartFailures, OfTheGateway) {
  const std::vector<std::string> gateway{BuiltProgram("bin/iiab-cmdsrv-gateway"), "--root", box.Root(), "--listen",
                                         "127.0.0.1:0"};
  const Failing cases[] = {
      {"sigprocmask", EINVAL, "", "block signals"},
      {"signalfd", EMFILE, "", "receive signals"},
      {"epoll_create1", EMFILE, "", "make an epoll descriptor"},
      {"eventfd", EMFILE, "", "make an event descriptor"},
      {"epoll_ctl", ENOSPC, "", "watch a descriptor"},
  };
  for (const Failing& failing : cases) ExpectSaid(failing, gateway);
}

TEST_F(StartFailures, OfTheGatewayWithoutASocketOfSystemd) {
  const std::string gateway = BuiltProgram("bin/iiab-cmdsrv-gateway") + " --root " + box.Root();
  const auto said = [&](const std::string& script) {
    const RunEnd end = Run({}, {"sh", "-c", script});
    EXPECT_NE(end.status, 0);
    return end.output;
  };
  EXPECT_THAT(said("exec " + gateway), HasSubstr("systemd has passed no socket"));
  EXPECT_THAT(said("export LISTEN_PID=$$ LISTEN_FDS=2; exec " + gateway),
              HasSubstr("systemd has passed 2 sockets instead of one"));
  EXPECT_THAT(said("export LISTEN_PID=$$ LISTEN_FDS=1; exec " + gateway + " 3</dev/null"),
              HasSubstr("what systemd has passed is no socket that listens"));
}

}  // namespace
}  // namespace cmdsrv::test
