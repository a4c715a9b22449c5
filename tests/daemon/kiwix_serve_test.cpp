// A real kiwix-serve learns of a new ZIM: started again through systemctl, or by itself with --monitorLibrary.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

#include "platform/unique_fd.hpp"
#include "support/ask.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// systemctl with a unit behind it: what it is asked to start again, it tells the unit's keeper, and waits for it.
constexpr const char* kSystemctl = R"(#!/bin/sh
root=${0%/usr/bin/systemctl}
echo "$*" >> "$root/var/lib/box/calls/systemctl"
case $1 in
  show) echo ActiveState=active; cat "$root/var/lib/box/unit" ;;
  restart) echo restart > "$root/var/lib/box/asked"; read answer < "$root/var/lib/box/answered" ;;
esac
exit 0
)";

/// Below the ports that the kernel gives to outgoing connections: it stays free while kiwix-serve is started again.
unsigned FreePort() {
  for (unsigned port = 20000U + static_cast<unsigned>(::getpid()) % 12000U;; ++port) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(socket.Get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return port;
    if (port == 32767) throw std::runtime_error("there is no free port below 32768");
  }
}

/// What systemd is to the real unit: keeps kiwix-serve running and starts it again when asked.
class KiwixUnit {
 public:
  KiwixUnit(const TestBox& box, bool monitors)
      : arguments_{"/usr/bin/kiwix-serve",
                   "--address",
                   "127.0.0.1",
                   "--port",
                   fmt::format("{}", port_),
                   "--library",
                   box.Path("/library/zims/library.xml")} {
    if (monitors) arguments_.insert(arguments_.begin() + 1, "--monitorLibrary");
    const std::string state = box.Path("/var/lib/box/");
    OrThrow(WriteText(state + "unit",
                      fmt::format("ExecStart={{ path={} ; argv[]={} }}\n", arguments_[0], fmt::join(arguments_, " "))));
    for (const char* name : {"asked", "answered"}) EXPECT_EQ(::mkfifo((state + name).c_str(), 0600), 0);
    // Both ends open, so that nobody waits for the other one to open.
    asked_.Reset(::open((state + "asked").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    answered_.Reset(::open((state + "answered").c_str(), O_RDWR | O_CLOEXEC));
    Begin();
    keeper_ = std::thread([this] { Keep(); });
  }
  ~KiwixUnit() {
    ending_ = true;
    keeper_.join();
    End();
  }
  KiwixUnit(const KiwixUnit&) = delete;
  KiwixUnit& operator=(const KiwixUnit&) = delete;

  int Restarts() const { return restarts_; }

  std::string Catalog() const {
    return RunTool({"curl", "-s", fmt::format("http://127.0.0.1:{}/catalog/v2/entries?count=-1", port_)}).output;
  }

 private:
  void Keep() {
    while (!ending_) {
      pollfd wait{asked_.Get(), POLLIN, 0};
      if (::poll(&wait, 1, 50) <= 0) continue;
      char text[64];
      if (::read(asked_.Get(), text, sizeof text) <= 0) continue;
      End();
      Begin();
      ++restarts_;
      EXPECT_EQ(::write(answered_.Get(), "done\n", 5), 5);
    }
  }

  void Begin() {
    std::vector<char*> argv;
    for (std::string& argument : arguments_) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int nothing = ::open("/dev/null", O_RDWR);
      for (int fd = 0; fd <= 2; ++fd) ::dup2(nothing, fd);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    EXPECT_TRUE(WaitUntil([this] { return Catalog().find("<feed") != std::string::npos; }, seconds(60)));
  }
  void End() const {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  const unsigned port_ = FreePort();
  std::vector<std::string> arguments_;
  UniqueFd asked_, answered_;
  pid_t pid_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> restarts_{0};
  std::thread keeper_;
};

class KiwixServe : public ::testing::Test {
 protected:
  KiwixServe() {
    box.Internet();
    box.StandIn("systemctl", kSystemctl);
  }

  void Install() {
    const Daemon daemon = box.StartDaemon();
    const auto reply = Ask(box.Socket(), fmt::format("INST-ZIMS {{\"zim_id\": \"{}\"}}", facts.uuid));
    ASSERT_TRUE(reply) << reply.error().message;
    const auto jobs = WaitForJobs(box.Socket(), 2, seconds(120));
    ASSERT_TRUE(jobs) << jobs.error().message;
    for (const JobRow& job : *jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(*jobs);
    ASSERT_TRUE(Ask(box.Socket(), "MAKE-KIWIX-LIB"));  // nothing has changed: nobody is disturbed
    ASSERT_TRUE(WaitForJobs(box.Socket(), 3, seconds(120)));
  }

  TestBox box{SmallBox({ZimSpec{}})};
  const ZimFacts facts = MirrorZims(box.Root(), "other").at(0);
};

TEST_F(KiwixServe, IsStartedAgainAndServesTheNewZim) {
  const KiwixUnit unit(box, false);
  EXPECT_THAT(unit.Catalog(), HasSubstr("Village knowledge"));
  EXPECT_THAT(unit.Catalog(), Not(HasSubstr(facts.uuid)));
  Install();
  EXPECT_EQ(unit.Restarts(), 1);
  EXPECT_THAT(unit.Catalog(), HasSubstr(facts.uuid));
  EXPECT_THAT(unit.Catalog(), HasSubstr("Village knowledge"));
}

TEST_F(KiwixServe, ThatWatchesTheLibraryIsLeftAlone) {
  const KiwixUnit unit(box, true);
  Install();
  EXPECT_EQ(unit.Restarts(), 0);
  EXPECT_TRUE(WaitUntil([&] { return unit.Catalog().find(facts.uuid) != std::string::npos; }, seconds(30)))
      << unit.Catalog();
}

}  // namespace
}  // namespace cmdsrv::test
