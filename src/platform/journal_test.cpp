#include "platform/journal.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "platform/unique_fd.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kRoom{"jobs"};

TEST(Journal, EchoedLinesAreWholeAndEscaped) {
  LogToJournal(true);
  testing::internal::CaptureStderr();
  log::Warning(kRoom, "cannot start job {}: two\nlines", 41);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), ::testing::HasSubstr("jobs: cannot start job 41: two\\nlines\n"));
}

TEST(Journal, WithoutAJournalLinesGoToStandardError) {
  LogToJournal(false);
  const bool has_journal = access("/run/systemd/journal/socket", F_OK) == 0;
  testing::internal::CaptureStderr();
  log::Info(kRoom, "a line of the unit test");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), has_journal ? "" : "jobs: a line of the unit test\n");
}

TEST(Journal, NotifiesSystemdWhereItListens) {
  const test::ScratchDirectory scratch;
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = scratch / "notify";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(bind(socket.Get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifySystemd("READY=1\nSTATUS=2 jobs run");
  unsetenv("NOTIFY_SOCKET");
  char text[100] = {};
  ASSERT_GT(recv(socket.Get(), text, sizeof text - 1, MSG_DONTWAIT), 0);
  EXPECT_STREQ(text, "READY=1\nSTATUS=2 jobs run");
  NotifySystemd("STOPPING=1");  // nobody listens: nothing happens
  EXPECT_LT(recv(socket.Get(), text, sizeof text - 1, MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace cmdsrv
