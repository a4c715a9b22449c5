#include <gmock/gmock.h>

#include <thread>

#include "store/store.hpp"
#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class StorePruneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Reopen({});
    Prune();  // of a file that is new: from now on it knows the time
  }
  void Reopen(StoreOptions options) {
    store.reset();
    store = OpenStore(path, clock, options);
    ASSERT_NE(store, nullptr);
  }
  WallTime DaysAgo(int days) const { return clock.wall - std::chrono::days(days); }
  /// A Command of that age with one job in each of these statuses.
  Group Add(int days, const std::vector<std::string>& statuses) {
    Group group = MakeGroup(*store, statuses.size());
    group.command.created = DaysAgo(days);
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      group.jobs[i].status = statuses[i];
      group.jobs[i].created_text = group.jobs[i].updated_text = ToD1(DaysAgo(days));
      group.jobs[i].run.attempt = 1;
    }
    EXPECT_TRUE(Insert(*store, group));
    return group;
  }
  void AddCommand(int days) { store->LogCommand(MakeCommand(store->NextCommandId(), "GET-JOB-STAT", DaysAgo(days))); }
  std::vector<JobId> Prune() {
    const auto deleted = PruneNow(*store);
    EXPECT_TRUE(deleted.has_value()) << deleted.error().message;
    return deleted.value_or(std::vector<JobId>());
  }
  /// Commands go in the background. Bounded: 20 s.
  bool CommandsBecome(long long count) {
    Foreign foreign(path);
    for (int i = 0; i < 2000; ++i) {
      if (foreign.Number("select count(*) from commands") == count) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  TempDirectory directory;
  const std::string path = directory.File("cmdsrv.0.3.db");
  ManualClock clock;
  std::unique_ptr<Store> store;
};

TEST_F(StorePruneTest, OldEndedJobsGoWithTheirRuns) {
  const Group old = Add(366, {"SUCCEEDED", "FAILED", "CANCELLED"});
  const Group young = Add(364, {"SUCCEEDED"});
  EXPECT_THAT(Prune(), UnorderedElementsAre(old.jobs[0].id, old.jobs[1].id, old.jobs[2].id));
  EXPECT_EQ(store->Find(old.jobs[0].id).error().code, ErrorCode::NotFound);
  EXPECT_TRUE(store->Find(young.jobs[0].id).has_value());
  EXPECT_EQ(Foreign(path).Number("select count(*) from cmdsrv_runs"), 1);
  EXPECT_TRUE(CommandsBecome(1)) << "its Command went, too";
  EXPECT_THAT(Prune(), IsEmpty());
}

TEST_F(StorePruneTest, AClockThatJumpsAheadDeletesOneRowAfterTheOther) {
  Add(300, {"SUCCEEDED"});
  AddCommand(60);
  const Group old = Add(364, {"FAILED"});
  clock.wall += std::chrono::days(3650);
  Add(0, {"SUCCEEDED"});  // of the wrong time
  EXPECT_THAT(Prune(), ElementsAre(old.jobs[0].id)) << "two days are believed";
  Reopen({});
  EXPECT_THAT(Prune(), IsEmpty());
  clock.wall -= std::chrono::days(3650);
  EXPECT_THAT(Prune(), IsEmpty());
  EXPECT_EQ(Foreign(path).Number("select count(*) from jobs"), 2);
}

TEST_F(StorePruneTest, AFileThatIsPrunedForTheFirstTimeKnowsTheTimeByItsRows) {
  Add(300, {"SUCCEEDED"});
  AddCommand(0);
  store->Close();
  Foreign(path).Run("delete from cmdsrv_meta where key = 'retention_time_s'");
  clock.wall += std::chrono::days(3650);
  Reopen({});
  EXPECT_THAT(Prune(), IsEmpty());
}

TEST_F(StorePruneTest, AGroupWithAnUnfinishedJobStaysWhole) {
  for (const char* status : {"SCHEDULED", "STARTED", "RESTARTED"}) Add(400, {"SUCCEEDED", status});
  Add(400, {"SOMETHING-ELSE"});
  EXPECT_THAT(Prune(), IsEmpty());
}

TEST_F(StorePruneTest, AJobThatEndedLatelyIsNotOld) {
  const Group group = Add(400, {"STARTED"});
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{group.jobs[0].id, "SUCCEEDED", {}, {}, {}, DaysAgo(10)}}));
  EXPECT_THAT(Prune(), IsEmpty());
}

TEST_F(StorePruneTest, OldCommandsWithoutJobsGo) {
  for (int i = 0; i < 5000; ++i) AddCommand(91);
  Add(100, {"SUCCEEDED"});
  for (int i = 0; i < 10; ++i) AddCommand(89);
  for (int i = 0; i < 5000; ++i) AddCommand(91);
  EXPECT_THAT(Prune(), IsEmpty());
  EXPECT_TRUE(CommandsBecome(11));
}

TEST_F(StorePruneTest, WhatHasNoDateStays) {
  Foreign(path).Run(
      "insert into commands (cmd_msg, create_datetime) values ('A', NULL), ('B', ''), ('C', 'yesterday');"
      "insert into jobs (job_status, create_datetime, last_update_datetime) values ('FAILED', NULL, NULL),"
      " ('FAILED', 'long ago', 'long ago')");
  AddCommand(91);
  EXPECT_THAT(Prune(), IsEmpty());
  EXPECT_TRUE(CommandsBecome(3));
}

TEST_F(StorePruneTest, ZeroDaysKeepsEverything) {
  StoreOptions options;
  options.keep_commands_days = 0;
  options.keep_jobs_days = 0;
  Reopen(options);
  Add(4000, {"SUCCEEDED"});
  AddCommand(4000);
  EXPECT_THAT(Prune(), IsEmpty());
  EXPECT_THAT(Prune(), IsEmpty());
  store->Close();
  EXPECT_EQ(Foreign(path).Number("select count(*) from commands"), 2);
}

TEST_F(StorePruneTest, IdsAreNeverUsedAgain) {
  Add(10, {"SUCCEEDED"});
  const Group newest = Add(400, {"SUCCEEDED", "SUCCEEDED"});
  ASSERT_THAT(Prune(), SizeIs(2));
  ASSERT_TRUE(CommandsBecome(1));
  // As after a kill: what the clean end writes does not count.
  std::filesystem::copy(path, path + ".copy");
  if (std::filesystem::exists(path + "-wal")) std::filesystem::copy(path + "-wal", path + ".copy-wal");
  store = OpenStore(path + ".copy", clock);
  ASSERT_NE(store, nullptr);
  EXPECT_GT(store->NextCommandId(), newest.command.id);
  EXPECT_GT(store->NextJobIds(1)[0], newest.jobs[1].id);
}

TEST_F(StorePruneTest, ManyJobsGoWhileOthersAreWritten) {
  for (int i = 0; i < 100; ++i) Add(400, std::vector<std::string>(10, "FAILED"));
  auto pruned = std::async(std::launch::async, [this] { return Prune(); });
  for (int i = 0; i < 50; ++i) Add(1, {"SCHEDULED"});
  EXPECT_THAT(pruned.get(), SizeIs(1000));
  EXPECT_TRUE(CommandsBecome(50));
  EXPECT_THAT(*store->Unfinished(), SizeIs(50));
}

TEST_F(StorePruneTest, CloseInTheMiddleIsFine) {
  for (int i = 0; i < 100; ++i) Add(400, std::vector<std::string>(10, "FAILED"));
  auto pruned = std::async(std::launch::async, [this] { return PruneNow(*store); });
  store->Close();
  const auto result = pruned.get();
  EXPECT_TRUE(result.has_value() || result.error().code == ErrorCode::Unavailable);
  Reopen({});
  Prune();
  EXPECT_TRUE(CommandsBecome(0));
}

}  // namespace
}  // namespace cmdsrv
