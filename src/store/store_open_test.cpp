#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/migrations.hpp"
#include "store/store.hpp"
#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kPythonCommands = "commands (cmd_msg text, create_datetime text)";
constexpr const char* kPythonJobs =
    "jobs (cmd_rowid integer, cmd_step_no integer, depend_on_job_id integer, has_dependent text, job_command text,"
    " opt_args_json text, job_pid integer, job_output text, job_status text, create_datetime text,"
    " last_update_datetime text)";

TEST_F(StoreOpenTest, AMissingFileIsMadeForRootAlone) {
  const auto old_mask = ::umask(0);
  auto opened = Open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_TRUE(Insert(*opened->store, MakeGroup(*opened->store, 1)));
  for (const char* suffix : {"", "-wal", "-shm"}) EXPECT_EQ(ModeOf(path + suffix), 0600U) << suffix;
  ::umask(old_mask);
}

TEST_F(StoreOpenTest, AnEmptyFileOfTheInstallerIsFilledAndMadePrivate) {
  WriteBytes(path, "");
  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(ExpectWorks(), "");
  EXPECT_EQ(ModeOf(path), 0600U);
}

TEST_F(StoreOpenTest, TheTwoTablesAreThoseOfThePythonProgram) {
  ExpectWorks();
  Foreign foreign(path);
  EXPECT_EQ(foreign.Text("select sql from sqlite_schema where name = 'commands'"),
            std::string("CREATE TABLE ") + kPythonCommands);
  std::string jobs = foreign.Text("select sql from sqlite_schema where name = 'jobs'");
  for (std::size_t at = 0; (at = jobs.find("\n ", at)) != std::string::npos;) jobs.erase(at, 2);
  EXPECT_EQ(jobs, std::string("CREATE TABLE ") + kPythonJobs);
  EXPECT_EQ(foreign.Text("select sql from sqlite_schema where name = 'cmdsrv_meta'"),
            "CREATE TABLE cmdsrv_meta (key text primary key, value integer)");
  EXPECT_EQ(foreign.Number("pragma user_version"), StoreVersion());
  EXPECT_EQ(foreign.Text("pragma journal_mode"), "wal");
}

TEST_F(StoreOpenTest, AFileWithASizeButWithoutTables) {
  Foreign(path).Run("create table t (x); drop table t");
  ASSERT_GT(std::filesystem::file_size(path), 0U);
  EXPECT_EQ(ExpectWorks(), "");
}

TEST_F(StoreOpenTest, AFileWithOneOfTheTables) {
  Foreign(path).Run(std::string("create table ") + kPythonCommands);
  EXPECT_EQ(ExpectWorks(), "");
}

TEST_F(StoreOpenTest, AFileOfThePythonProgramIsTakenOver) {
  {
    Foreign python(path);
    python.Run(std::string("create table ") + kPythonCommands + "; create table " + kPythonJobs + "; begin");
    for (int i = 1; i <= 10000; ++i) {
      const std::string id = std::to_string(i);
      python.Run("insert into commands (rowid, cmd_msg, create_datetime) values (" + id +
                 ", 'TEST-JOB', '2026-05-01T12:34:56')");
      python.Run(
          "insert into jobs (rowid, cmd_rowid, cmd_step_no, depend_on_job_id, has_dependent, job_command, "
          "opt_args_json,"
          " job_pid, job_output, job_status, create_datetime, last_update_datetime) values (" +
          id + ", " + id +
          ", 1, -1, 'N', 'sleep 1', '{\"extra_vars\": null, \"service_required\": [\"kiwix\", \"active\"]}', 77, '', " +
          (i == 9999 ? "'STARTED'" : "'SUCCEEDED'") + ", '2026-05-01T12:34:56', '2026-05-01T12:34:57.5')");
    }
    python.Run("insert into commands (rowid, cmd_msg) values (20000, NULL); commit");
  }
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->NextCommandId().value, 20001);
  EXPECT_EQ(store->NextJobIds(1)[0].value, 10001);
  const auto unfinished = store->Unfinished();
  ASSERT_THAT(*unfinished, SizeIs(1));
  EXPECT_EQ(unfinished->front().id.value, 9999);
  EXPECT_EQ(unfinished->front().pid, 77);
  EXPECT_EQ(unfinished->front().run.attempt, 0U);
  EXPECT_EQ(ParseJobOptions(unfinished->front().options_json)->service->first, "kiwix");
  EXPECT_THAT(*store->List({}), SizeIs(50));
  store->Close();
  Foreign python(path);
  python.Run("insert into jobs (rowid, job_status) values (10001, 'SCHEDULED')");
  EXPECT_EQ(python.Text("select sql from sqlite_schema where name = 'jobs'"),
            std::string("CREATE TABLE ") + kPythonJobs);
  EXPECT_EQ(python.Text("pragma integrity_check"), "ok");
}

TEST_F(StoreOpenTest, AJournalThatThePythonProgramLeftIsRolledBack) {
  MakeFile();
  {
    Foreign python(path);
    python.Run("pragma journal_mode = delete");
    python.Run(
        "pragma cache_size = 1; begin; update jobs set job_status = 'FAILED', job_output = hex(randomblob(2000))");
    std::filesystem::copy(path, path + ".copy");
    std::filesystem::copy(path + "-journal", path + ".copy-journal");
    python.Run("rollback");
  }
  path += ".copy";
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  EXPECT_THAT(*store->Unfinished(), SizeIs(200));
}

TEST_F(StoreOpenTest, AFileOfTheFirstVersionGetsTheNewColumnsAndKeepsItsRuns) {
  MakeFile();
  {
    Foreign first(path);
    for (const char* column : {"retry_wait", "retry_tries", "retry_doublings", "retry_pause_ms", "retry_next_us",
                               "retry_waited_ms", "progress", "reason_code"}) {
      first.Run(std::string("alter table cmdsrv_runs drop column ") + column);
    }
    first.Run("insert or replace into cmdsrv_runs (job_id, attempt, reason) values (1, 3, 'it broke')");
    first.Run("pragma user_version = 1");
  }
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  const auto row = store->Find(JobId{1});
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->run.attempt, 3U);
  EXPECT_EQ(row->run.reason, "it broke");
  EXPECT_EQ(row->run.retry.wait, RetryWait::None);
  EXPECT_EQ(row->run.retry.tries, 0U);
  EXPECT_EQ(row->run.reason_code, "");
  EXPECT_EQ(row->run.progress, "");
}

TEST_F(StoreOpenTest, ANewerFileIsRefusedAndNotTouched) {
  MakeFile();
  Foreign(path).Run("pragma user_version = 99");
  const std::string before = ReadBytes(path);
  const auto opened = Open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::Newer);
  EXPECT_THAT(opened.error().message,
              AllOf(HasSubstr(path), HasSubstr("99"),
                    HasSubstr("install the newer program again, or move the file away to begin with an empty one")));
  EXPECT_EQ(ReadBytes(path), before);
  EXPECT_THAT(directory.Names(), ElementsAre("cmdsrv.0.3.db"));
}

TEST_F(StoreOpenTest, ANewerVersionIsSeenInTheWalToo) {
  MakeFile();
  Foreign newer(path);  // alive: the version stays in the -wal file
  newer.Run("pragma user_version = 99");
  const std::string before = ReadBytes(path);
  const std::string wal = ReadBytes(path + "-wal");
  const auto opened = Open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::Newer);
  EXPECT_EQ(ReadBytes(path), before);
  EXPECT_EQ(ReadBytes(path + "-wal"), wal);
}

TEST_F(StoreOpenTest, ALinkIsFollowedAndTheDamagedFileStaysBesideTheReal) {
  const std::string real = directory.File("real.db");
  ASSERT_EQ(::symlink(real.c_str(), path.c_str()), 0);
  EXPECT_EQ(ExpectWorks(), "");
  EXPECT_TRUE(std::filesystem::is_regular_file(real));
  WriteBytes(real, "rubbish");
  EXPECT_THAT(ExpectWorks(), StartsWith(real + ".corrupt-"));
  EXPECT_TRUE(std::filesystem::is_symlink(path));
}

TEST_F(StoreOpenTest, WhatCannotBeADatabaseIsNamed) {
  const std::string good = path;
  path = directory.File("missing/x.db");
  auto opened = Open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error(), (Error{ErrorCode::Io, "cannot open the database " + path + ": no such file or directory"}));
  path = directory.Path();
  opened = Open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error(), (Error{ErrorCode::Io, "cannot open the database " + path + ": is a directory"}));
  path = good;
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  opened = Open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::Io);
  EXPECT_THAT(directory.Names(), Not(Contains(HasSubstr("corrupt"))));
}

}  // namespace
}  // namespace cmdsrv
