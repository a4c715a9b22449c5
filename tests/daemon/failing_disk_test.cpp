// The disk is full, or does not keep what it is given: Commands that cannot be recorded are refused with a sentence,
// what runs goes on, reading works, and when the disk is good again so is the server, without anybody's help.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/mounts.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kDirectories[] = {"/opt/admin/cmdsrv", "/var/lib/iiab-cmdsrv"};

constexpr const char* kRefused = R"({"Error": "Unable to record Job TEST-JOB)";

class FailingDisk : public testing::Test {
 protected:
  void SetUp() override {
    OrThrow(MakeDirs(box_.Path("/switches")));
    OrThrow(MakeDirs(box_.Path(kDirectories[1])));
    ::setenv("FAILING_DISK", box_.Path("/switches").c_str(), 1);
  }
  ~FailingDisk() override {
    for (const char* name : {"FAILING_DISK", "LD_PRELOAD"}) ::unsetenv(name);
    for (const char* directory : kDirectories) Unmount(box_.Path(directory));
  }

  Daemon StartOnThisDisk() {
    ::setenv("LD_PRELOAD", BuiltProgram("tests/libfailing_disk.so").c_str(), 1);
    const char* asan = std::getenv("ASAN_OPTIONS");  // its library is not the first to be loaded then
    ::setenv("ASAN_OPTIONS", fmt::format("{}:verify_asan_link_order=0", asan == nullptr ? "" : asan).c_str(), 1);
    return box_.StartDaemon();
  }

  void Switch(const char* name, bool on) {
    if (on) OrThrow(WriteText(box_.Path("/switches/") + name, ""));
    if (!on) std::filesystem::remove(box_.Path("/switches/") + name);
  }

  /// Small file systems where the test may mount them, otherwise a disk that pretends to be full.
  void MakeDiskSmall() {
    mounted_ = EnterMountNamespace();
    for (const char* directory : kDirectories) mounted_ = mounted_ && MountSmall(box_.Path(directory), 1024);
    fmt::print("the full disk is {}\n",
               mounted_ ? "a tmpfs of 1 MiB" : "simulated: no file system can be mounted here");
  }
  void Fill() {
    if (!mounted_) return Switch("full", true);
    for (const char* directory : kDirectories) {
      const int file = ::open((box_.Path(directory) + "/rest").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      const std::string block(4096, 'x');
      while (::write(file, block.data(), block.size()) > 0) {
      }
      ::close(file);
    }
  }
  void Free() {
    Switch("full", false);
    for (const char* directory : kDirectories) std::filesystem::remove(box_.Path(directory) + "/rest");
  }

  std::string Ask(const std::string& command) {
    const auto reply = AskText(box_.Socket(), command);
    return reply ? *reply : reply.error().message;
  }
  std::string StatusOf(long long id) {
    const auto jobs = ReadJobs(box_.Socket());
    if (!jobs) return jobs.error().message;
    for (const JobRow& job : *jobs) {
      if (job.id == id) return job.status;
    }
    return "not there";
  }
  bool WaitForStatus(long long id, const char* status, milliseconds deadline = seconds(45)) {
    return WaitUntil([&] { return StatusOf(id) == status; }, deadline);
  }
  /// Little by little the last room is used up.
  bool IsRefusedSoon() {
    for (int i = 0; i < 500; ++i) {
      const std::string reply = Ask(fmt::format(R"(TEST-JOB {{"steps": [3000, {}]}})", ++number_));
      if (reply.find("Scheduled") != std::string::npos) continue;
      EXPECT_THAT(reply, StartsWith(kRefused));
      return true;
    }
    return false;
  }

  TestBox box_{SmallBox()};
  bool mounted_ = false;
  int number_ = 0;
};

TEST_F(FailingDisk, AFullOneIsSaidSurvivedAndForgotten) {
  box_.Configure({{"cmdsrv_max_concurrent_jobs", 2}});
  MakeDiskSmall();
  Daemon daemon = StartOnThisDisk();
  ASSERT_THAT(Ask(R"(TEST-JOB {"steps": [1.5, 0]})"), HasSubstr("Job  2 Scheduled"));
  ASSERT_TRUE(WaitForStatus(1, "STARTED"));
  Fill();
  ASSERT_TRUE(IsRefusedSoon());
  EXPECT_THAT(Ask(R"(TEST-JOB {"steps": [0]})"), StartsWith(kRefused)) << "and not only once";
  EXPECT_EQ(StatusOf(1), "STARTED") << "reading works";
  EXPECT_THAT(Ask("GET-HEALTH"), HasSubstr("uptime_s"));
  // The step ends while its end cannot be recorded; nothing that depends on it begins before it can.
  ASSERT_TRUE(WaitUntil([&] { return daemon.Printed().find("cannot record the end of job 1") != std::string::npos; },
                        seconds(20)))
      << daemon.Printed();
  EXPECT_NE(StatusOf(2), "SUCCEEDED");

  daemon.Kill9();  // and a start on a full disk
  ASSERT_TRUE(daemon.Restart());
  EXPECT_NE(StatusOf(1), "not there");
  ASSERT_TRUE(IsRefusedSoon());

  Free();
  EXPECT_TRUE(WaitForStatus(1, "SUCCEEDED")) << StatusOf(1);
  EXPECT_THAT(Ask(R"(TEST-JOB {"steps": [0.5]})"), HasSubstr("Scheduled"));
  const auto ended = daemon.Terminate();
  EXPECT_TRUE(ended && ended->exited && ended->status == 0);
}

TEST_F(FailingDisk, OneThatCannotCommitTakesNoCommands) {
  Daemon daemon = StartOnThisDisk();
  ASSERT_THAT(Ask(R"(TEST-JOB {"steps": [1, 0]})"), HasSubstr("Job  2 Scheduled"));
  ASSERT_TRUE(WaitForStatus(1, "STARTED"));
  Switch("no-sync", true);
  EXPECT_THAT(Ask(R"(TEST-JOB {"steps": [0]})"), StartsWith(kRefused));
  EXPECT_EQ(StatusOf(1), "STARTED") << "reading works, and what runs goes on";
  ASSERT_TRUE(WaitUntil([&] { return daemon.Printed().find("cannot record the end of job 1") != std::string::npos; },
                        seconds(20)))
      << daemon.Printed();
  EXPECT_EQ(StatusOf(2), "SCHEDULED") << "it builds on an end that may not last";
  EXPECT_THAT(Ask(R"(TEST-JOB {"steps": [0]})"), StartsWith(kRefused));
  Switch("no-sync", false);
  EXPECT_THAT(Ask(R"(TEST-JOB {"steps": [0.5]})"), HasSubstr("Scheduled"));
  EXPECT_TRUE(WaitForStatus(2, "SUCCEEDED")) << StatusOf(2);
}

}  // namespace
}  // namespace cmdsrv::test
