#include "store/store.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StoreTest, AGroupComesBackAsItWasWritten) {
  Group group = MakeGroup(*store, 2, "INST-ZIMS {\"zim_id\": \"x\"}");
  group.jobs[0].job_command = "iiab-cmdsrv-step zim-fetch 'a b'";
  group.jobs[0].options_json = R"({"extra_vars":null,"service_required":["kiwix","active"]})";
  group.jobs[0].run.reason = "waits for a free slot";
  ASSERT_TRUE(Insert(*store, group));
  const auto rows = store->Group(group.command.id);
  ASSERT_TRUE(rows.has_value());
  ASSERT_THAT(*rows, SizeIs(2));
  const JobRow& first = rows->front();
  EXPECT_EQ(first.id, group.jobs[0].id);
  EXPECT_EQ(first.command, group.command.id);
  EXPECT_EQ(first.step_no, 1);
  EXPECT_EQ(first.depends_on, JobId{});
  EXPECT_TRUE(first.has_dependent);
  EXPECT_EQ(first.job_command, group.jobs[0].job_command);
  EXPECT_EQ(first.options_json, group.jobs[0].options_json);
  EXPECT_EQ(first.pid, 0);
  EXPECT_EQ(first.output, "");
  EXPECT_EQ(first.status, "SCHEDULED");
  EXPECT_EQ(first.created_text, "2026-05-01T12:34:56.123456");
  EXPECT_EQ(first.updated_text, "2026-05-01T12:34:56.123456");
  EXPECT_EQ(first.command_message, "INST-ZIMS {\"zim_id\": \"x\"}");
  EXPECT_EQ(first.run.reason, "waits for a free slot");
  EXPECT_EQ(rows->back().depends_on, group.jobs[0].id);
  EXPECT_FALSE(rows->back().has_dependent);
  EXPECT_EQ(rows->back().run.attempt, 0U);
}

TEST_F(StoreTest, ThePythonProgramReadsWhatWeWrite) {
  Group group = MakeGroup(*store, 2);
  group.command.created = clock.wall + std::chrono::microseconds(42);
  ASSERT_TRUE(Insert(*store, group));
  Foreign python(path);
  EXPECT_EQ(
      python.Text("select depend_on_job_id || has_dependent || job_pid || job_output || typeof(job_output) from jobs"
                  " where rowid = 1"),
      "-1Y0text");
  EXPECT_EQ(python.Text("select depend_on_job_id || has_dependent from jobs where rowid = 2"), "1N");
  EXPECT_EQ(python.Text("select create_datetime from commands"), ToD1(group.command.created));
  EXPECT_EQ(python.Text("pragma integrity_check"), "ok");
}

TEST_F(StoreTest, IdsCountOnAfterAnotherStart) {
  Submit(3);
  EXPECT_EQ(store->NextCommandId().value, 2);
  Reopen();
  EXPECT_EQ(store->NextCommandId().value, 3) << "given out before, though never written";
  EXPECT_EQ(store->NextJobIds(2), (std::vector<JobId>{JobId{4}, JobId{5}}));
  EXPECT_THAT(store->NextJobIds(0), IsEmpty());
}

TEST_F(StoreTest, AGroupIsWrittenWholeOrNotAtAll) {
  const Group first = Submit(2);
  Group second = MakeGroup(*store, 3);
  second.jobs[2].id = first.jobs[0].id;  // exists already
  const auto done = Insert(*store, second);
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message, HasSubstr(path));
  EXPECT_EQ(store->Group(second.command.id).error().code, ErrorCode::NotFound);
  Foreign foreign(path);
  EXPECT_EQ(foreign.Number("select count(*) from commands"), 1);
  EXPECT_EQ(foreign.Number("select count(*) from jobs"), 2);
}

TEST_F(StoreTest, ABadOperationDoesNotHarmOthersOfItsBatch) {
  const Group group = Submit(1);
  // The writer is held up by the first callback until everything else is queued: one batch.
  std::promise<void> go;
  std::promise<void> held;
  store->Update({JobUpdate{group.jobs[0].id, {}, 5, {}, {}, {}}}, Store::Durability::Kept, [&](const Result<void>&) {
    held.set_value();
    go.get_future().wait();
  });
  held.get_future().wait();
  std::vector<std::promise<Result<void>>> answers(3);
  const JobId ids[] = {group.jobs[0].id, JobId{999}, group.jobs[0].id};
  for (std::size_t i = 0; i < 3; ++i) {
    JobUpdate update{ids[i], i == 2 ? "FAILED" : "STARTED", {}, {}, {}, clock.wall};
    store->Update({update}, Store::Durability::Kept, [&, i](Result<void> r) { answers[i].set_value(std::move(r)); });
  }
  store->LogCommand(MakeCommand(group.command.id, "same id again"));
  store->LogCommand(MakeCommand(store->NextCommandId(), "fine"));
  go.set_value();
  EXPECT_TRUE(answers[0].get_future().get().has_value());
  const auto refused = answers[1].get_future().get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, testing::MatchesRegex("cannot change job [0-9]+: no such job"));
  EXPECT_TRUE(answers[2].get_future().get().has_value());
  EXPECT_EQ(store->Find(group.jobs[0].id)->status, "FAILED") << "in the order of the calls";
  store->Close();
  EXPECT_EQ(Foreign(path).Text("select cmd_msg from commands order by rowid desc limit 1"), "fine");
}

TEST_F(StoreTest, AnUpdateChangesOnlyWhatItNames) {
  const Group group = Submit(1);
  const JobId id = group.jobs[0].id;
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{id, {}, 1234, {}, {}, clock.wall}}));
  JobRow row = store->Find(id).value();
  EXPECT_EQ(row.pid, 1234);
  EXPECT_EQ(row.status, "SCHEDULED");
  EXPECT_EQ(row.updated_text, "2026-05-01T12:34:56.123456") << "only a change of status counts";
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{id, "STARTED", {}, {}, {}, clock.wall}}));
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{id, {}, {}, "out\nput", {}, clock.wall}}));
  row = store->Find(id).value();
  EXPECT_EQ(row.pid, 1234);
  EXPECT_EQ(row.status, "STARTED");
  EXPECT_EQ(row.output, "out\nput");
  EXPECT_EQ(row.updated_text, ToD1(clock.wall));
}

TEST_F(StoreTest, ARunComesBackAsItWasWritten) {
  const JobId id = Submit(1).jobs[0].id;
  RunRow run{2,
             "boot",
             77,
             clock.wall,
             clock.wall + std::chrono::microseconds(1500001),
             "exit status 3",
             "it did not work",
             true,
             std::uint64_t{5} << 40U,
             3,
             {RetryWait::Network, 4, 2, 20'000, clock.wall + std::chrono::seconds(20), 35'000},
             "@progress phase=download bytes=7",
             "exit"};
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{id, {}, {}, {}, run, {}}}));
  const RunRow read = store->Find(id)->run;
  EXPECT_EQ(read.attempt, run.attempt);
  EXPECT_EQ(read.boot_id, run.boot_id);
  EXPECT_EQ(read.start_ticks, run.start_ticks);
  EXPECT_EQ(read.started, run.started);
  EXPECT_EQ(read.ended, run.ended);
  EXPECT_EQ(read.exit, run.exit);
  EXPECT_EQ(read.reason, run.reason);
  EXPECT_TRUE(read.cancel_wanted);
  EXPECT_EQ(read.output_total, run.output_total);
  EXPECT_EQ(read.restarts_without_progress, 3U);
  EXPECT_EQ(read.retry.wait, RetryWait::Network);
  EXPECT_EQ(read.retry.tries, 4U);
  EXPECT_EQ(read.retry.doublings, 2U);
  EXPECT_EQ(read.retry.pause_ms, 20'000);
  EXPECT_EQ(read.retry.next, run.retry.next);
  EXPECT_EQ(read.retry.waited_ms, 35'000);
  EXPECT_EQ(read.progress, run.progress);
  EXPECT_EQ(read.reason_code, "exit");
  run = RunRow{};
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{id, {}, {}, {}, run, {}}}));
  EXPECT_EQ(store->Find(id)->run.ended, std::nullopt);
}

TEST_F(StoreTest, UpdatesOfOneCallAreAllOrNothing) {
  const Group group = Submit(1);
  RunRow run;
  run.attempt = 1;
  const auto done = UpdateNow(*store, {JobUpdate{group.jobs[0].id, "STARTED", 7, {}, run, clock.wall},
                                       JobUpdate{JobId{999}, {}, {}, {}, run, clock.wall}});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::NotFound);
  const JobRow row = store->Find(group.jobs[0].id).value();
  EXPECT_EQ(row.status, "SCHEDULED");
  EXPECT_EQ(row.run.attempt, 0U);
  EXPECT_EQ(Foreign(path).Number("select count(*) from cmdsrv_runs"), 0);
}

TEST_F(StoreTest, LoggedCommandsAreThereWithTheNextOtherWrite) {
  StoreOptions patient;
  patient.log_batch = std::chrono::hours(1);
  Reopen(patient);
  for (int i = 0; i < 100; ++i) store->LogCommand(MakeCommand(store->NextCommandId(), "GET-JOB-STAT"));
  Submit(1);
  EXPECT_EQ(Foreign(path).Number("select count(*) from commands where cmd_msg = 'GET-JOB-STAT'"), 100);
}

TEST_F(StoreTest, CloseWritesWhatIsQueued) {
  StoreOptions patient;
  patient.log_batch = std::chrono::hours(1);
  Reopen(patient);
  for (int i = 0; i < 100; ++i) store->LogCommand(MakeCommand(store->NextCommandId(), std::string("a\0b", 3)));
  store->Close();
  EXPECT_EQ(Foreign(path).Number("select count(*) from commands where length(cast(cmd_msg as blob)) = 3"), 100);
  EXPECT_THAT(directory.Names(), ElementsAre("cmdsrv.0.3.db")) << "no -wal file stays after a clean end";
}

/// Rows of the log are written many at a time.
TEST_F(StoreTest, OneLoggedCommandThatCannotBeWrittenTakesNoOtherWithIt) {
  StoreOptions patient;
  patient.log_batch = std::chrono::hours(1);
  Reopen(patient);
  const CommandId first = store->NextCommandId();
  store->LogCommand(MakeCommand(first, "GET-JOB-STAT"));
  for (int i = 1; i < 50; ++i) {
    store->LogCommand(MakeCommand(store->NextCommandId(), fmt::format("GET-JOB-STAT {}", i)));
    if (i % 20 == 0) store->LogCommand(MakeCommand(first, "same id again"));
  }
  store->Close();
  EXPECT_EQ(Foreign(path).Number("select count(*) from commands where cmd_msg like 'GET-JOB-STAT%'"), 50);
  EXPECT_EQ(Foreign(path).Number("select count(distinct cmd_msg) from commands where cmd_msg like 'GET-JOB%'"), 50);
  EXPECT_EQ(Foreign(path).Number("select count(*) from commands where cmd_msg = 'same id again'"), 0);
}

TEST_F(StoreTest, AfterCloseEverythingIsUnavailable) {
  const Group group = Submit(1);
  store->Close();
  store->Close();
  store->LogCommand(MakeCommand(CommandId{9}));
  EXPECT_EQ(Insert(*store, group).error().message, "the database of Commands and jobs is closed");
  EXPECT_EQ(UpdateNow(*store, {}).error().code, ErrorCode::Unavailable);
  EXPECT_EQ(store->Unfinished().error().code, ErrorCode::Unavailable);
  EXPECT_EQ(store->List({}).error().code, ErrorCode::Unavailable);
  EXPECT_EQ(store->Find(JobId{1}).error().code, ErrorCode::Unavailable);
  EXPECT_EQ(store->Group(CommandId{1}).error().code, ErrorCode::Unavailable);
  EXPECT_EQ(PruneNow(*store).error().code, ErrorCode::Unavailable);
}

TEST_F(StoreTest, LargeOutputsComeBack) {
  const JobId id = Submit(1).jobs[0].id;
  const std::string output(3U << 20U, 'x');
  ASSERT_TRUE(UpdateNow(*store, {JobUpdate{id, "SUCCEEDED", {}, output, {}, clock.wall}}));
  EXPECT_EQ(store->Find(id)->output, output);
}

}  // namespace
}  // namespace cmdsrv
