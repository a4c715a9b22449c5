// The real daemon as a process: how it starts and ends, its files, signals and exit statuses, and who may stop it.
#include <gmock/gmock.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "daemon/raw_client.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kTestReply = R"({"TEST":["outcome : success",""]})";
constexpr const char* kStopping = R"({"Status": "Stopping"})";
constexpr const char* kProgram = "bin/iiab-cmdsrv";

mode_t ModeOf(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

class ProcessLife : public testing::Test {
 protected:
  std::string Told(std::string_view command) {
    return AskText(box.Socket(), command, seconds(20)).value_or("(no reply)");
  }
  std::string PidFile() const { return box.Path("/run/iiab-cmdsrv.pid"); }
  std::string ReadyFile() const { return box.Path("/run/iiab-cmdsrv-ready"); }
  RunEnd Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BuiltProgram(kProgram));
    return RunTool(arguments);
  }
  void ExpectNoTrace() {
    for (const std::string& path : {PidFile(), ReadyFile(), box.Socket()}) EXPECT_FALSE(Exists(path)) << path;
  }

  TestBox box;
};

TEST_F(ProcessLife, FilesWhileItRunsAndAfterStop) {
  Daemon daemon = box.StartDaemon();
  EXPECT_EQ(ReadText(PidFile()).value_or(""), fmt::format("{}\n", daemon.Pid()));
  EXPECT_EQ(ReadText(ReadyFile()).value_or(""), "ready\n");
  EXPECT_EQ(ModeOf(PidFile()), 0644U);
  EXPECT_EQ(ModeOf(ReadyFile()), 0644U);
  EXPECT_EQ(ModeOf(box.Socket()), 0770U);
  EXPECT_EQ(Told("STOP"), kStopping);
  const auto end = daemon.WaitForEnd(seconds(20));
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_TRUE(end->exited && end->status == 0);
  ExpectNoTrace();
}

TEST_F(ProcessLife, SignalsEndItInOrder) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Daemon daemon = box.StartDaemon();
    ::kill(daemon.Pid(), signal);
    const auto end = daemon.WaitForEnd(seconds(20));
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_TRUE(end->exited && end->status == 0) << signal;
    ExpectNoTrace();
  }
}

TEST_F(ProcessLife, OtherSignalsDoNot) {
  Daemon daemon = box.StartDaemon();
  for (const int signal : {SIGHUP, SIGPIPE, SIGHUP, SIGCHLD}) {
    ::kill(daemon.Pid(), signal);
    EXPECT_EQ(Told("TEST"), kTestReply) << signal;
  }
}

TEST_F(ProcessLife, StartsOverWhatAKilledOneLeft) {
  {
    Daemon daemon = box.StartDaemon();
    daemon.Kill9();
  }
  EXPECT_TRUE(Exists(PidFile()));
  EXPECT_TRUE(Exists(box.Socket()));
  Daemon daemon = box.StartDaemon();
  EXPECT_EQ(Told("TEST"), kTestReply);
  EXPECT_EQ(ReadText(PidFile()).value_or(""), fmt::format("{}\n", daemon.Pid()));
}

TEST_F(ProcessLife, SecondInstanceEndsAndTheFirstGoesOn) {
  Daemon daemon = box.StartDaemon();
  const auto second = Run({"--root", box.Root()});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.output, HasSubstr("another iiab-cmdsrv is running"));
  EXPECT_EQ(Told("TEST"), kTestReply);
  EXPECT_EQ(ReadText(PidFile()).value_or(""), fmt::format("{}\n", daemon.Pid()));
  EXPECT_TRUE(Exists(ReadyFile()));
}

TEST_F(ProcessLife, BackgroundReturnsWhenReady) {
  const auto started = Run({"--daemon", "--root", box.Root()});
  ASSERT_EQ(started.status, 0) << started.output;
  EXPECT_TRUE(Exists(ReadyFile()));
  EXPECT_EQ(Told("TEST"), kTestReply);
  const pid_t pid = std::stoi(ReadText(PidFile()).value_or("0"));
  EXPECT_NE(::getsid(pid), ::getsid(0));
  const auto second = Run({"--daemon", "--root", box.Root()});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.output, HasSubstr("another iiab-cmdsrv is running"));
  EXPECT_EQ(Told("STOP"), kStopping);
  EXPECT_TRUE(WaitUntil([&] { return !Exists(PidFile()); }, seconds(20)));
  // It was not our child, but this program is the reaper of what the box leaves behind.
  EXPECT_TRUE(WaitUntil([&] { return ::waitpid(pid, nullptr, WNOHANG) != 0; }, seconds(20)));
}

TEST_F(ProcessLife, ExitStatusOfTheCommandLine) {
  EXPECT_EQ(Run({"--nope"}).status, 2);
  EXPECT_EQ(Run({"-d"}).status, 2);
  EXPECT_EQ(Run({"now"}).status, 2);
  EXPECT_THAT(Run({"--nope"}).output, HasSubstr("usage:"));
  EXPECT_EQ(Run({"--help"}).status, 0);
  EXPECT_THAT(Run({"--version"}).output, StartsWith("iiab-cmdsrv "));
  EXPECT_TRUE(ParseJson(Run({"--list-commands"}).output)->is_array());
  EXPECT_EQ(Run({"--check-config", "--root", box.Root()}).status, 0);
  EXPECT_EQ(Run({"--check-config", "--root", box.Path("/nowhere")}).status, 1);
}

TEST_F(ProcessLife, UnusableConfigurationIsFatalAndLeavesNoFiles) {
  for (const std::string arguments : {"--foreground", "--daemon"}) {
    OrThrow(WriteText(box.Path("/opt/admin/cmdsrv/cmdsrv.conf"), "{ not JSON"));
    OrThrow(WriteText(PidFile(), "1\n"));
    OrThrow(WriteText(ReadyFile(), "ready\n"));
    const auto end = Run({arguments, "--root", box.Root()});
    EXPECT_EQ(end.status, 1) << arguments;
    EXPECT_THAT(end.output, HasSubstr("cmdsrv.conf")) << arguments;
    EXPECT_EQ(Run({"--check-config", "--root", box.Root()}).status, 1);
    ExpectNoTrace();
  }
  EXPECT_EQ(Run({"--root", box.Root(), "--config", box.Path("/missing.conf")}).status, 1);
}

TEST_F(ProcessLife, UnusableDatabaseIsToldToEveryClient) {
  OrThrow(MakeDirs(box.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db/in-the-way")));
  Daemon daemon = box.StartDaemon();
  const char* failed = R"({"Error": "IIAB-CMDSRV failed to initialize","Alert": "True"})";
  EXPECT_EQ(Told("TEST"), failed);
  EXPECT_EQ(Told("nonsense"), failed);
  EXPECT_TRUE(daemon.Prints("cmdsrv.0.3.db")) << daemon.Printed();
  EXPECT_EQ(Told("STOP"), kStopping);
  const auto end = daemon.WaitForEnd(seconds(20));
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->status, 0);
  ExpectNoTrace();
}

/// What `ask` says, in a process of its own with this account.
std::string AsAccount(uid_t uid, const std::function<std::string()>& ask) {
  int ends[2];
  if (::pipe(ends) != 0) return "(no pipe)";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said = "(cannot change the account)";
    if (::setgroups(0, nullptr) == 0 && ::setgid(uid) == 0 && ::setuid(uid) == 0) said = ask();
    (void)!::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t size = ::read(ends[0], said.data(), said.size());
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  said.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return said;
}

std::string AskRaw(const std::string& socket, const std::string& command) {
  auto client = RawClient::Connect(socket);
  if (!client) return "(not connected)";
  if (!client->Send({command})) return "(not sent)";
  const auto reply = client->Receive();
  return reply.size() == 1 ? reply[0] : "(no reply)";
}

TEST_F(ProcessLife, OthersMayNotUseTheSocketAndTheWebAccountMayNotStop) {
  constexpr uid_t kWeb = 33;
  constexpr uid_t kOther = 65'534;
  if (::geteuid() != 0) {  // then all there is to see is that the own account counts as root in a box
    Daemon own = box.StartDaemon();
    EXPECT_EQ(Told("STOP"), kStopping);
    return;
  }
  ::chmod(box.Root().c_str(), 0755);
  box.Configure({{"apache_user", "www-data"}});
  Daemon daemon = box.StartDaemon();
  const auto as = [&](uid_t uid, const std::string& command) {
    return AsAccount(uid, [&] { return AskRaw(box.Socket(), command); });
  };
  EXPECT_EQ(as(kWeb, "TEST"), kTestReply);
  EXPECT_EQ(as(kWeb, "STOP"), R"({"Error": "Only root may stop the Command Server. STOP."})");
  EXPECT_EQ(as(kOther, "TEST"), "(not connected)");
  EXPECT_EQ(as(kOther, "STOP"), "(not connected)");
  // Even where the file lets everybody in, the kernel tells who it is.
  ASSERT_EQ(::chmod(box.Socket().c_str(), 0777), 0);
  EXPECT_EQ(as(kOther, "TEST"), R"({"Error": "You may not use this socket. TEST."})");
  EXPECT_EQ(as(kOther, "STOP"), R"({"Error": "You may not use this socket. STOP."})");
  EXPECT_TRUE(daemon.Prints("uid 65534")) << daemon.Printed();
  EXPECT_EQ(Told("TEST"), kTestReply);
}

TEST_F(ProcessLife, WebAccountStopsWhereTheConfigurationSaysSo) {
  ::chmod(box.Root().c_str(), 0755);
  box.Configure({{"allow_stop_from_web", true}, {"apache_user", ::geteuid() == 0 ? "www-data" : "nobody"}});
  Daemon daemon = box.StartDaemon();
  EXPECT_EQ(Told("STOP {\"jobs\": \"later\"}"), R"({"Error": "Malformed Command STOP."})");
  const std::string stop = "STOP {\"jobs\":\"end\"}";
  const std::string said =
      ::geteuid() == 0 ? AsAccount(33, [&] { return AskRaw(box.Socket(), stop); }) : AskRaw(box.Socket(), stop);
  EXPECT_EQ(said, kStopping);
  const auto end = daemon.WaitForEnd(seconds(25));
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->status, 0);
}

/// A datagram socket as systemd's, at which the daemon reports.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.Get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::bind(fd_.Get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  std::string Next() {
    char text[4096];
    const ssize_t size = ::recv(fd_.Get(), text, sizeof text, 0);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "(nothing)";
  }

 private:
  UniqueFd fd_;
};

TEST_F(ProcessLife, SystemdHearsOfEveryStage) {
  NotifySocket systemd(box.Path("/run/notify"));
  const auto started = RunTool({"env", "NOTIFY_SOCKET=" + box.Path("/run/notify"), "WATCHDOG_USEC=100000",
                                BuiltProgram(kProgram), "--daemon", "--root", box.Root()});
  ASSERT_EQ(started.status, 0) << started.output;
  const pid_t pid = std::stoi(ReadText(PidFile()).value_or("0"));
  EXPECT_THAT(systemd.Next(), StartsWith("READY=1"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(systemd.Next(), "WATCHDOG=1");
  EXPECT_EQ(Told("STOP"), kStopping);
  std::string said = systemd.Next();
  while (said == "WATCHDOG=1") said = systemd.Next();
  EXPECT_EQ(said, "STOPPING=1");
  EXPECT_TRUE(WaitUntil([&] { return ::waitpid(pid, nullptr, WNOHANG) != 0; }, seconds(20)));
}

/// A web server that lets everybody in and never says a word.
class SilentServer {
 public:
  SilentServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_.Get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_.Get(), 64), 0);
    EXPECT_EQ(::getsockname(fd_.Get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  unsigned Port() const { return port_; }
  /// Waits for a visitor who asks for something.
  bool IsAsked() {
    for (;;) {
      pollfd item{fd_.Get(), POLLIN, 0};
      if (::poll(&item, 1, 20'000) != 1) return false;
      visitors_.emplace_back(::accept(fd_.Get(), nullptr, nullptr));
      char byte = 0;
      if (::recv(visitors_.back().Get(), &byte, 1, 0) == 1) return true;  // a probe just looks in
    }
  }

 private:
  UniqueFd fd_;
  unsigned port_ = 0;
  std::vector<UniqueFd> visitors_;
};

TEST_F(ProcessLife, SlowCommandsHoldUpNeitherQuickOnesNorTheEnd) {
  SilentServer web;
  box.Configure({{"inet_check_host", "127.0.0.1"},
                 {"inet_check_port", web.Port()},
                 {"kiwix_opds_url", fmt::format("http://127.0.0.1:{}/catalog", web.Port())}});
  Daemon daemon = box.StartDaemon();
  std::vector<RawClient> slow;
  for (int i = 0; i < 8; ++i) {  // more than there are workers
    auto client = RawClient::Connect(box.Socket());
    ASSERT_TRUE(client && client->Send({"GET-KIWIX-CAT"}));
    slow.push_back(std::move(*client));
  }
  ASSERT_TRUE(web.IsAsked());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Told("TEST"), kTestReply);
  // The first signal lets them end, the second is in a hurry.
  ::kill(daemon.Pid(), SIGTERM);
  ASSERT_TRUE(WaitUntil([&] { return !Exists(ReadyFile()); }, seconds(20)));
  EXPECT_EQ(Told("TEST"), R"({"Error": "Command Server is stopping. TEST."})");
  ::kill(daemon.Pid(), SIGTERM);
  for (RawClient& client : slow) {
    const auto reply = client.Receive();
    ASSERT_EQ(reply.size(), 1U);
    EXPECT_THAT(reply[0], HasSubstr("\"Error\":"));
  }
  const auto end = daemon.WaitForEnd(seconds(20));
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_TRUE(end->exited && end->status == 0);
  ExpectNoTrace();
}

TEST_F(ProcessLife, MoreConnectionsThanDescriptorsEndNothing) {
  const auto started =
      RunTool({"prlimit", "--nofile=200:200", BuiltProgram(kProgram), "--daemon", "--root", box.Root()});
  ASSERT_EQ(started.status, 0) << started.output;
  const pid_t pid = std::stoi(ReadText(PidFile()).value_or("0"));
  {
    std::vector<RawClient> clients;
    for (int i = 0; i < 400; ++i) {
      if (auto client = RawClient::ConnectSilently(box.Socket())) clients.push_back(std::move(*client));
    }
    EXPECT_GT(clients.size(), 200U);
    EXPECT_TRUE(clients.back().IsClosed()) << "who comes last is sent away";
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_TRUE(WaitUntil([&] { return AskRaw(box.Socket(), "TEST") == kTestReply; }, seconds(20)));
  EXPECT_EQ(Told("STOP"), kStopping);
  EXPECT_TRUE(WaitUntil([&] { return ::waitpid(pid, nullptr, WNOHANG) != 0; }, seconds(20)));
}

}  // namespace
}  // namespace cmdsrv::test
