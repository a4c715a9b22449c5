// A socket of this test stands where journald's is, in mounts of the test's own.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "base/log_subject.hpp"
#include "platform/journal.hpp"
#include "platform/unique_fd.hpp"
#include "support/mounts.hpp"

namespace cmdsrv {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr log::Domain kRoom{"jobs"};
constexpr const char* kSocket = "/run/systemd/journal/socket";

bool OwnMounts() {
  static const bool own = test::EnterMountNamespace() && mount("none", "/run", "tmpfs", 0, "size=1m") == 0;
  return own;
}

class JournalFields : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!OwnMounts()) GTEST_SKIP() << "no mounts of one's own here, so no journal can be stood in for";
    std::filesystem::create_directories("/run/systemd/journal");
    unlink(kSocket);
    socket_.Reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, kSocket);
    ASSERT_EQ(bind(socket_.Get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << strerror(errno);
    const timeval patience{30, 0};
    ASSERT_EQ(setsockopt(socket_.Get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    LogToJournal(false);
  }

  /// The next line as it came, with a newline before and after each field.
  std::string Entry() {
    char bytes[8192];
    const ssize_t got = recv(socket_.Get(), bytes, sizeof bytes, 0);
    EXPECT_GT(got, 0) << "nothing came to the journal";
    return "\n" + std::string(bytes, got > 0 ? static_cast<std::size_t>(got) : 0);
  }

  UniqueFd socket_;
};

TEST_F(JournalFields, ALineCarriesWhatItIsAbout) {
  {
    const log::About request({.command = "INST-ZIMS", .peer_uid = 33, .peer_pid = 812});
    const log::About job({.status = "STARTED", .job = 41, .group = 7});
    log::Warning(kRoom, "job {} is slow", 41);
  }
  EXPECT_THAT(Entry(),
              AllOf(HasSubstr("\nMESSAGE=IIAB-CMDSRV : job 41 is slow\n"), HasSubstr("\nPRIORITY=4\n"),
                    HasSubstr("\nSYSLOG_IDENTIFIER=IIAB-CMDSRV\n"), HasSubstr("\nCMDSRV_ROOM=jobs\n"),
                    HasSubstr("\nCOMMAND=INST-ZIMS\n"), HasSubstr("\nJOB_ID=41\n"), HasSubstr("\nGROUP_ID=7\n"),
                    HasSubstr("\nJOB_STATUS=STARTED\n"), HasSubstr("\nPEER_UID=33\n"), HasSubstr("\nPEER_PID=812\n")));
}

TEST_F(JournalFields, RootIsAPeerAndNobodyIsNone) {
  {
    const log::About request({.peer_uid = 0});
    log::Info(kRoom, "asked");
  }
  log::Info(kRoom, "not asked");
  EXPECT_THAT(Entry(), AllOf(HasSubstr("\nPEER_UID=0\n"), Not(HasSubstr("PEER_PID")), Not(HasSubstr("JOB_ID"))));
  EXPECT_THAT(Entry(), AllOf(HasSubstr("not asked"), Not(HasSubstr("PEER_UID"))));
}

TEST_F(JournalFields, ALineOfTheWriterIsAboutWhatItsCallerWasAbout) {
  const LogWriter writer;
  std::thread other([] {
    const log::About job({.job = 1});
    log::Info(kRoom, "one");
  });
  other.join();
  const log::About job({.job = 2});
  log::Error(kRoom, "two");
  EXPECT_THAT(Entry(), AllOf(HasSubstr(": one\n"), HasSubstr("\nJOB_ID=1\n")));
  EXPECT_THAT(Entry(), AllOf(HasSubstr(": two\n"), HasSubstr("\nJOB_ID=2\n")));
}

TEST_F(JournalFields, NoTextCanForgeAField) {
  log::Info(kRoom, "received {}", "x\nJOB_ID=9\nPRIORITY=0");
  EXPECT_THAT(Entry(), AllOf(HasSubstr("received x\\nJOB_ID=9\\nPRIORITY=0\n"), Not(HasSubstr("\nJOB_ID=9")),
                             HasSubstr("\nPRIORITY=6\n")));
}

TEST_F(JournalFields, WithoutAJournalTheLineIsPlainText) {
  unlink(kSocket);
  const log::About job({.command = "TEST", .job = 41});
  testing::internal::CaptureStderr();
  log::Info(kRoom, "started job 41");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "jobs: started job 41\n");
}

}  // namespace
}  // namespace cmdsrv
