#include "store/store.hpp"

#include <gmock/gmock.h>

#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StoreTest, UnfinishedJobsComeWithThoseTheyDependOn) {
  const Group ended = Submit(2);
  const Group half = Submit(3);
  const Group waiting = Submit(1);
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{ended.jobs[0].id, "SUCCEEDED", {}, {}, {}, clock.wall},
                                 JobUpdate{ended.jobs[1].id, "FAILED", {}, {}, {}, clock.wall},
                                 JobUpdate{half.jobs[0].id, "SUCCEEDED", {}, {}, {}, clock.wall},
                                 JobUpdate{half.jobs[1].id, "SUCCEEDED", {}, {}, {}, clock.wall},
                                 JobUpdate{waiting.jobs[0].id, "RESTARTED", {}, {}, {}, clock.wall}}));
  EXPECT_THAT(IdsOf(store->Unfinished()), ElementsAre(4, 5, 6));
}

TEST_F(StoreTest, NothingIsUnfinishedInAnEmptyStore) { EXPECT_THAT(IdsOf(store->Unfinished()), IsEmpty()); }

TEST_F(StoreTest, ListIsNewestFirstAndBounded) {
  for (int i = 0; i < 60; ++i) Submit(1);
  EXPECT_THAT(*store->List({}), SizeIs(50));
  EXPECT_THAT(IdsOf(store->List({{}, {}, {}, 3})), ElementsAre(60, 59, 58));
  EXPECT_THAT(IdsOf(store->List({JobId{3}, {}, {}, 50})), ElementsAre(2, 1));
  EXPECT_THAT(IdsOf(store->List({JobId{1}, {}, {}, 50})), IsEmpty());
  EXPECT_THAT(IdsOf(store->List({{}, {}, {}, 0})), IsEmpty());
}

TEST_F(StoreTest, ListKnowsTheAgeToTheMicrosecond) {
  Group group = MakeGroup(*store, 5);
  const char* created[] = {"2026-05-01T23:59:59.999999", "2026-05-02T10:00:00", "2026-05-02T10:00:00.000001",
                           "2026-05-02T09:59:59.999999", "2027-01-01T00:00:00"};
  for (std::size_t i = 0; i < 5; ++i) group.jobs[i].created_text = created[i];
  ASSERT_TRUE(Insert(*store, group));
  const WallTime since = FromD1("2026-05-02T10:00:00").value();
  EXPECT_THAT(IdsOf(store->List({{}, since, {}, 50})), ElementsAre(5, 3, 2));
  EXPECT_THAT(IdsOf(store->List({JobId{5}, since, {}, 1})), ElementsAre(3));
  EXPECT_THAT(IdsOf(store->List({{}, since + std::chrono::microseconds(1), {}, 50})), ElementsAre(5, 3));
}

TEST_F(StoreTest, ListFindsYoungJobsAlsoFarBelowTheNewest) {
  Group group = MakeGroup(*store, 1000);  // a clock that was wrong for a while: the newest ids look old
  for (std::size_t i = 0; i < 1000; ++i)
    group.jobs[i].created_text = i < 300 ? "2026-05-02T00:00:00" : "2020-01-01T00:00:00";
  group.jobs[990].created_text = "2026-05-02T00:00:00";
  ASSERT_TRUE(Insert(*store, group));
  const auto since = FromD1("2026-05-01T00:00:00");
  EXPECT_THAT(IdsOf(store->List({{}, since, {}, 3})), ElementsAre(991, 300, 299));
  EXPECT_THAT(IdsOf(store->List({JobId{991}, since, {}, 2})), ElementsAre(300, 299));
  EXPECT_THAT(*store->List({{}, since, {}, 5000}), SizeIs(301));
}

TEST_F(StoreTest, ListOfOneCommand) {
  Submit(2);
  Group group = MakeGroup(*store, 3);
  group.jobs[1].created_text = "2027-01-01T00:00:00";
  ASSERT_TRUE(Insert(*store, group));
  Submit(1);
  EXPECT_THAT(IdsOf(store->List({{}, {}, group.command.id, 50})), ElementsAre(5, 4, 3));
  EXPECT_THAT(IdsOf(store->List({JobId{5}, {}, group.command.id, 1})), ElementsAre(4));
  EXPECT_THAT(IdsOf(store->List({{}, FromD1("2027-01-01T00:00:00"), group.command.id, 50})), ElementsAre(4));
  EXPECT_THAT(IdsOf(store->List({{}, {}, CommandId{77}, 50})), IsEmpty());
}

TEST_F(StoreTest, ListLeavesOutJobsWithoutCommand) {
  Submit(1);
  Foreign(path).Run(
      "insert into jobs (rowid, cmd_rowid, job_status, create_datetime) values (7, 99, 'FAILED', "
      "'2026-05-02T10:00:00')");
  EXPECT_THAT(IdsOf(store->List({})), ElementsAre(1));
  EXPECT_THAT(IdsOf(store->List({{}, FromD1("2020-01-01T00:00:00"), {}, 50})), ElementsAre(1));
  EXPECT_EQ(store->Find(JobId{7})->command_message, std::nullopt);
}

TEST_F(StoreTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(store->Find(JobId{1}).error(), (Error{ErrorCode::NotFound, "cannot find job 1"}));
  EXPECT_EQ(store->Group(CommandId{3}).error(), (Error{ErrorCode::NotFound, "cannot find a job of Command 3"}));
}

TEST_F(StoreTest, OddRowsOfOthersAreReadAsWellAsPossible) {
  Foreign foreign(path);
  foreign.Run("insert into commands (rowid) values (5)");
  foreign.Run("insert into jobs (rowid) values (1)");
  foreign.Run(
      "insert into jobs (rowid, cmd_rowid, cmd_step_no, depend_on_job_id, has_dependent, job_command, opt_args_json,"
      " job_pid, job_output, job_status, create_datetime, last_update_datetime) values (2, 5, 'two', -1, 'maybe',"
      " x'66ff6f', '{', 'pid', x'00fe41', 'HALF-DONE', 'yesterday', '2026-05-01 10:00:00')");
  JobRow row = store->Find(JobId{1}).value();
  EXPECT_EQ(row.command, CommandId{});
  EXPECT_EQ(row.status, "");
  EXPECT_EQ(row.output, "");
  EXPECT_EQ(row.command_message, std::nullopt);
  row = store->Find(JobId{2}).value();
  EXPECT_EQ(row.command_message, "") << "the Command is there, its text is NULL";
  EXPECT_EQ(row.step_no, 0);
  EXPECT_EQ(row.depends_on, JobId{});
  EXPECT_FALSE(row.has_dependent);
  EXPECT_EQ(row.job_command, "f\ufffdo");
  EXPECT_EQ(row.output, std::string("\0\ufffd"
                                    "A",
                                    5));
  EXPECT_EQ(row.status, "HALF-DONE");
  EXPECT_EQ(row.created_text, "yesterday");
  EXPECT_THAT(IdsOf(store->List({})), ElementsAre(2));
  EXPECT_THAT(IdsOf(store->Unfinished()), IsEmpty());
  EXPECT_TRUE(PruneNow(*store).has_value());
}

TEST_F(StoreTest, OtherProgramsMayReadAndWriteMeanwhile) {
  Foreign foreign(path);
  foreign.Run("begin");
  EXPECT_EQ(foreign.Number("select count(*) from jobs"), 0);  // holds a read transaction
  Submit(1);
  EXPECT_EQ(foreign.Number("select count(*) from jobs"), 0);
  foreign.Run("commit");
  EXPECT_EQ(foreign.Number("select count(*) from jobs"), 1);
  foreign.Run("begin immediate");
  foreign.Run("update jobs set job_status = 'FAILED'");
  auto waiting = std::async(std::launch::async, [this] { return Submit(1); });
  foreign.Run("commit");  // within the 5 s that the writer waits
  EXPECT_EQ(waiting.get().jobs[0].id.value, 2);
  EXPECT_EQ(store->Find(JobId{1})->status, "FAILED");
}

}  // namespace
}  // namespace cmdsrv
