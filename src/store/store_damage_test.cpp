#include <gmock/gmock.h>

#include "store/store.hpp"
#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(StoreOpenTest, GarbageIsSetAside) {
  const std::string garbage(10000, 'x');
  WriteBytes(path, garbage);
  ExpectSetAside(garbage);
}

/// Of SQLite's header: the format to be written (its answer: the file is for reading only) and that of the schema (an
/// error of no particular kind).
class FormatThatNobodyKnows : public StoreOpenTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(FormatThatNobodyKnows, IsSetAside) {
  MakeFile();
  std::string bytes = ReadBytes(path);
  bytes[GetParam()] = 9;
  WriteBytes(path, bytes);
  ExpectSetAside(bytes);
}

INSTANTIATE_TEST_SUITE_P(InTheHeader, FormatThatNobodyKnows, ::testing::Values(18U, 47U));

TEST_F(StoreOpenTest, ATruncatedFileIsSetAside) {
  MakeFile();
  for (const std::size_t size :
       {std::size_t{20000}, std::size_t{4096}, std::size_t{5000}, std::size_t{600}, std::size_t{50}}) {
    std::filesystem::resize_file(path, size);
    const std::string damaged = ReadBytes(path);
    ExpectSetAside(damaged);
    clock.Advance(std::chrono::seconds(1));
    std::filesystem::remove(path);
    MakeFile();
  }
}

TEST_F(StoreOpenTest, APageOfRubbishIsSetAside) {
  MakeFile();
  std::string bytes = ReadBytes(path);
  const auto root =
      static_cast<std::size_t>(Foreign(path).Number("select rootpage from sqlite_schema where name = 'jobs'"));
  for (std::size_t i = 0; i < 4096; ++i) bytes[(root - 1) * 4096 + i] = static_cast<char>(i * 37 + 11);
  WriteBytes(path, bytes);
  std::filesystem::remove(path + "-wal");
  ExpectSetAside(bytes);
}

TEST_F(StoreOpenTest, IdsOfADamagedFileStayUsed) {
  MakeFile();
  std::string bytes = ReadBytes(path);
  const auto page = static_cast<std::size_t>(
      Foreign(path).Number("select rootpage from sqlite_schema where name = 'cmdsrv_jobs_created'"));
  bytes.replace((page - 1) * 4096, 100, 100, '\xee');
  WriteBytes(path, bytes);
  auto opened = Open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_THAT(opened->set_aside, StartsWith(path + ".corrupt-"));
  EXPECT_EQ(opened->store->NextCommandId().value, 101);
  EXPECT_EQ(opened->store->NextJobIds(1)[0].value, 201);
}

TEST_F(StoreOpenTest, TheWalOfADamagedFileGoesWithIt) {
  const std::string garbage(10000, 'x');
  WriteBytes(path, garbage);
  WriteBytes(path + "-wal", "wal");
  WriteBytes(path + "-shm", "shm");
  ExpectSetAside(garbage);
  const std::string name = "cmdsrv.0.3.db.corrupt-" + ToFileStamp(clock.wall);
  EXPECT_THAT(directory.Names(), AllOf(Contains(name + "-wal"), Contains(name + "-shm")));
  EXPECT_EQ(ReadBytes(directory.File(name + "-wal")), "wal");
}

TEST_F(StoreOpenTest, WhatCannotBeSetAsideStays) {
  const std::string target = path + ".corrupt-" + ToFileStamp(clock.wall);
  WriteBytes(path, "garbage");
  WriteBytes(path + "-wal", "wal");
  std::filesystem::create_directory(target + "-wal");
  StoreOptions options;
  options.path = path;
  EXPECT_EQ(Store::Open(options, clock).error().message,
            fmt::format("cannot move the damaged {}-wal: {}", path, Reason(EISDIR)));
  WriteBytes(path, "garbage");
  for (int i = 2; i <= 101; ++i) WriteBytes(fmt::format("{}-{}", target, i), "");
  EXPECT_EQ(Store::Open(options, clock).error().message,
            fmt::format("cannot move the damaged {} to {}-100: {}", path, target, Reason(EEXIST)));
  EXPECT_EQ(ReadBytes(path), "garbage");
}

TEST_F(StoreOpenTest, TwoDamagedFilesInOneSecondAreBothKept) {
  std::string first;
  for (const char* garbage : {"first damaged file", "second damaged file"}) {
    WriteBytes(path, garbage);
    const std::string set_aside = ExpectWorks();
    EXPECT_EQ(ReadBytes(set_aside), garbage);
    EXPECT_NE(set_aside, first);
    first = set_aside;
  }
}

TEST_F(StoreOpenTest, ADatabaseOfSomebodyElseIsSetAside) {
  Foreign(path).Run("create table jobs (company text, salary integer)");
  const std::string set_aside = ExpectWorks();
  EXPECT_THAT(set_aside, HasSubstr(".corrupt-"));
  EXPECT_EQ(Foreign(set_aside).Number("select count(*) from jobs"), 0);
}

/// More than is checked at each start, closed cleanly, with damage in an index that a start does not read.
class LargeDamagedFile : public StoreOpenTest {
 protected:
  void SetUp() override {
    MakeFile(20);
    std::string bytes;
    {
      Foreign foreign(path);
      foreign.Run("insert into jobs (rowid, job_output) values (1000, hex(randomblob(10000000)))");
      page_ = static_cast<std::size_t>(
          foreign.Number("select rootpage from sqlite_schema where name = 'cmdsrv_jobs_group'"));
    }
    bytes = ReadBytes(path);
    bytes.replace((page_ - 1) * 4096, 100, 100, '\xee');
    WriteBytes(path, bytes);
  }
  std::size_t page_ = 0;
};

TEST_F(LargeDamagedFile, IsNotReadAtAStartAfterACleanEnd) { EXPECT_NE(OpenStore(path, clock), nullptr); }

TEST_F(LargeDamagedFile, IsFoundAfterAnUncleanEnd) {
  Foreign(path).Run("update cmdsrv_meta set value = 0 where key = 'closed_cleanly'");
  EXPECT_THAT(ExpectWorks(), HasSubstr(".corrupt-"));
}

TEST_F(LargeDamagedFile, IsFoundAtTheNextStartWhenSomebodyMetTheDamage) {
  {
    auto store = OpenStore(path, clock);
    ASSERT_NE(store, nullptr);
    const auto group = store->Group(CommandId{1});
    ASSERT_FALSE(group.has_value());
    EXPECT_EQ(group.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(group.error().message, HasSubstr(path));
  }
  EXPECT_THAT(ExpectWorks(), HasSubstr(".corrupt-"));
}

TEST_F(StoreOpenTest, RowidsBeyondAllReasonDoNotBreakTheCounters) {
  MakeFile(1);
  Foreign(path).Run("insert into jobs (rowid) values (9223372036854775807); insert into commands (rowid) values (-5)");
  auto store = OpenStore(path, clock);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->NextJobIds(1)[0].value, 3);
  EXPECT_EQ(store->NextCommandId().value, 2);
}

}  // namespace
}  // namespace cmdsrv
