// Whatever is found where the database should be, the daemon starts and answers: with an empty list of jobs, or with
// the reason why nothing can be done, and never by touching what it cannot understand.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "daemon/python_database.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/mounts.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;

constexpr const char* kRefused = R"({"Error": "IIAB-CMDSRV failed to initialize","Alert": "True"})";

class BrokenDatabase : public testing::Test {
 protected:
  std::string Path() const { return box_.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db"); }

  void MakeHistory() {
    PythonDatabase python(Path());
    python.Run("BEGIN");
    for (long id = 1; id <= 500; ++id) {
      python.InsertCommand(id, "TEST-JOB {}", "2026-05-01T12:34:56");
      python.InsertJob({.id = id, .command = id, .output = std::string(500, 'x'), .created = "2026-05-01T12:34:56"});
    }
    python.Run("COMMIT");
  }
  void Overwrite(std::uintmax_t from, std::size_t size) {
    std::fstream file(Path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(size, '\x5a');
  }

  std::string Ask(Daemon& daemon, const std::string& command) {
    const auto reply = AskText(daemon.Socket(), command);
    return reply ? *reply : reply.error().message;
  }
  void ExpectWorks(Daemon& daemon) {
    EXPECT_THAT(Ask(daemon, R"(TEST-JOB {"steps": [0]})"), HasSubstr("Scheduled"));
    const auto jobs = WaitForJobs(daemon.Socket(), 1, seconds(10));
    ASSERT_TRUE(jobs) << jobs.error().message;
    EXPECT_EQ(jobs->back().status, "SUCCEEDED");
  }
  void ExpectSetAside() {
    Daemon daemon = box_.StartDaemon();
    ExpectWorks(daemon);
    EXPECT_THAT(Ask(daemon, "GET-HEALTH"), HasSubstr("the database was damaged"));
    EXPECT_TRUE(daemon.Prints(".corrupt-")) << daemon.Printed();
    int kept = 0;
    for (const std::string& name : NamesIn(box_.Path("/opt/admin/cmdsrv"))) {
      kept += name.find(".corrupt-") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(kept, 1);
  }
  /// Every Command is refused, the log says why, and the daemon can be stopped and lives on when it is mended.
  void ExpectRefuses(const std::string& sentence) {
    Daemon daemon = box_.StartDaemon();
    EXPECT_EQ(Ask(daemon, "GET-JOB-STAT"), kRefused);
    EXPECT_EQ(Ask(daemon, R"(TEST-JOB {"steps": [0]})"), kRefused);
    EXPECT_TRUE(daemon.Prints(sentence)) << daemon.Printed();
    const auto ended = daemon.Terminate();
    EXPECT_TRUE(ended && ended->exited && ended->status == 0);
  }

  TestBox box_{SmallBox()};
};

TEST_F(BrokenDatabase, AMissingOneIsMade) {
  std::filesystem::remove(Path());
  Daemon daemon = box_.StartDaemon();
  ExpectWorks(daemon);
}

TEST_F(BrokenDatabase, AnEmptyOneIsFilled) {
  std::ofstream(Path()).flush();
  Daemon daemon = box_.StartDaemon();
  ExpectWorks(daemon);
}

TEST_F(BrokenDatabase, RubbishIsSetAside) {
  std::ofstream(Path()) << std::string(100'000, 'r');
  ExpectSetAside();
}

TEST_F(BrokenDatabase, ATruncatedOneIsSetAside) {
  MakeHistory();
  std::filesystem::resize_file(Path(), std::filesystem::file_size(Path()) / 2);
  ExpectSetAside();
}

TEST_F(BrokenDatabase, OneWithADamagedPageIsSetAside) {
  MakeHistory();
  Overwrite(std::filesystem::file_size(Path()) / 2, 5000);
  ExpectSetAside();
}

/// Nobody knows any more what it was for, what it uses, and whom its end would matter to.
TEST_F(BrokenDatabase, WhatStillRunsIsEndedWhenItsDatabaseIsLost) {
  const auto steps = [&] {
    auto processes = box_.Processes();
    std::erase_if(processes, [](const ProcessFacts& process) {
      return process.command.find("test-job 3000") == std::string::npos;  // the shim and its step
    });
    return processes;
  };
  Daemon daemon = box_.StartDaemon();
  ASSERT_THAT(Ask(daemon, R"(TEST-JOB {"steps": [3000]})"), HasSubstr("Scheduled"));
  ASSERT_TRUE(WaitUntil([&] { return steps().size() == 2; }, seconds(10)));
  daemon.Kill9();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(Path() + suffix);
  ASSERT_TRUE(daemon.Restart());
  EXPECT_TRUE(WaitUntil([&] { return steps().empty(); }, seconds(10))) << Describe(steps());
  EXPECT_TRUE(daemon.Prints("of job 1")) << daemon.Printed();
  EXPECT_THAT(Ask(daemon, R"(TEST-JOB {"steps": [0.1]})"), HasSubstr("Job  2 Scheduled"))
      << "its number stays used: what belongs to it is known by it";
  ExpectWorks(daemon);
}

TEST_F(BrokenDatabase, ANewerOneIsRefusedAndNotTouched) {
  MakeHistory();
  PythonDatabase(Path()).Run("PRAGMA user_version = 4711");
  const std::string before = OrThrow(ReadText(Path()));
  ExpectRefuses("it was written by a newer Command Server (version 4711");
  EXPECT_EQ(OrThrow(ReadText(Path())), before);
}

TEST_F(BrokenDatabase, ADirectoryInItsPlaceIsNamed) {
  std::filesystem::remove(Path());
  std::filesystem::create_directory(Path());
  ExpectRefuses("cmdsrv.0.3.db");
  EXPECT_TRUE(std::filesystem::is_directory(Path()));
}

TEST_F(BrokenDatabase, OneThatCannotBeWrittenIsNamedAndGoodAgainLater) {
  MakeHistory();
  const std::string directory = box_.Path("/opt/admin/cmdsrv");
  if (EnterMountNamespace() && MountReadOnly(directory, true)) {
    ExpectRefuses("read-only file system");
    ASSERT_TRUE(MountReadOnly(directory, false));
  } else {
    // Nothing can be mounted here: a file that nobody may open is the nearest thing, unless one is root.
    std::filesystem::permissions(Path(), std::filesystem::perms::none);
    if (::geteuid() != 0) ExpectRefuses("permission denied");
    std::filesystem::permissions(Path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  {
    Daemon daemon = box_.StartDaemon();
    const auto jobs = ReadJobs(daemon.Socket());
    ASSERT_TRUE(jobs) << jobs.error().message;
    EXPECT_EQ(jobs->size(), 50U);
  }
  Unmount(directory);
}

}  // namespace
}  // namespace cmdsrv::test
