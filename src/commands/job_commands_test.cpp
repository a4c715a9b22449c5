#include <gtest/gtest.h>

#include "commands/fake_box.hpp"

namespace cmdsrv {
namespace {

class JobCommands : public testing::Test {
 protected:
  /// A running job, created 90 s before now.
  JobView Running() {
    JobView job;
    job.id = JobId{42};
    job.group = CommandId{7};
    job.command = "iiab-cmdsrv-step zim-fetch --url 'a&b'";
    job.output = "<b>10%</b>\n";
    job.status = JobStatus::Started;
    job.message = R"(INST-ZIMS {"zim_id":"x"})";
    job.created = job.updated = box_.clock.wall - std::chrono::seconds(90);
    return job;
  }
  json::object RowOf(const JobView& job) {
    box_.board.rows = {job};
    return ParseJson(TextOf(box_.Ask("GET-JOB-STAT")))->get_array().at(0).get_object();
  }
  FakeBox box_;
};

TEST_F(JobCommands, RowsHaveWhatTheConsoleReads) {
  const json::object row = RowOf(Running());
  EXPECT_EQ(row.at("job_id"), 42);
  EXPECT_EQ(row.at("job_command"), "iiab-cmdsrv-step zim-fetch --url 'a&amp;b'");
  EXPECT_EQ(row.at("job_output"), "&lt;b&gt;10%&lt;/b&gt;\n");
  EXPECT_EQ(row.at("job_status"), "STARTED");
  EXPECT_EQ(row.at("elapsed_sec"), 90);
  EXPECT_EQ(row.at("group_id"), 7);
  EXPECT_EQ(row.at("progress"), nullptr);
}

TEST_F(JobCommands, ElapsedIsNeverNegativeAndZeroWhileWaiting) {
  JobView job = Running();
  job.created = box_.clock.wall + std::chrono::hours(24 * 365);
  EXPECT_EQ(RowOf(job).at("elapsed_sec"), 0) << "the clock was set back";
  job = Running();
  job.status = JobStatus::Scheduled;
  EXPECT_EQ(RowOf(job).at("elapsed_sec"), 0);
  job.created.reset();
  EXPECT_EQ(RowOf(job).at("create_datetime"), "");
}

TEST_F(JobCommands, UnknownProgressNumbersAreNull) {
  JobView job = Running();
  job.progress = Progress{.phase = "download", .bytes = 10, .percent = 5};
  EXPECT_EQ(PrintJson(RowOf(job).at("progress")),
            R"({"phase":"download","bytes":10,"total":null,"percent":5,"rate":null,"eta":null})");
}

TEST_F(JobCommands, PagingTakesNumbersAndIgnoresNonsense) {
  ASSERT_TRUE(box_.Ask("GET-JOB-STAT", R"({"last_rowid": "120", "since_days": 3})"));
  EXPECT_EQ(box_.board.asked->below, JobId{120});
  EXPECT_EQ(box_.board.asked->since, box_.clock.wall - std::chrono::hours(72));
  for (const char* arguments : {"{}", R"({"last_rowid": 1, "since_days": 0})", R"({"last_rowid": "x", "since_days": []})",
                                R"({"last_rowid": null, "since_days": -1})", R"({"since_days": 1e300})"}) {
    ASSERT_TRUE(box_.Ask("GET-JOB-STAT", arguments)) << arguments;
    EXPECT_FALSE(box_.board.asked->below) << arguments;
    EXPECT_FALSE(box_.board.asked->since) << arguments;
  }
  EXPECT_EQ(TextOf(box_.Ask("GET-JOB-STAT")), "[]");
}

TEST_F(JobCommands, CancelAnswersBySituation) {
  EXPECT_EQ(TextOf(box_.Ask("CANCEL-JOB", R"({"job_id": "42"})")), "sentence: Running Job  42 Cancelled.");
  box_.board.cancel_answer = CancelAnswer::WasScheduled;
  EXPECT_EQ(TextOf(box_.Ask("CANCEL-JOB", R"({"job_id": 42})")), "sentence: Scheduled Job  42 Cancelled.");
  box_.board.cancel_answer = Fail(ErrorCode::NotFound, "no");
  EXPECT_EQ(TextOf(box_.Ask("CANCEL-JOB", R"({"job_id": 42})")), "error: Job  42 Not Running or Scheduled.");
  for (const char* bad : {"{}", R"({"job_id": "x"})", R"({"job_id": 0})", R"({"job_id": -1})", R"({"job_id": 1.5})", R"({"job_id": [1]})"}) {
    const auto outcome = box_.Ask("CANCEL-JOB", bad);
    ASSERT_FALSE(outcome) << bad;
    EXPECT_EQ(outcome.error().code, ErrorCode::Malformed) << bad;
  }
}

TEST_F(JobCommands, LogPiecesEndAtCharacters) {
  box_.board.log_piece = JobBoard::LogPiece{.piece = {.offset = 0, .next_offset = 6, .total = 9, .text = "abcd\xe2\x82"}, .ended = false};
  EXPECT_EQ(TextOf(box_.Ask("GET-JOB-LOG", R"({"job_id": 42})")),
            R"({"job_id":42,"offset":0,"next_offset":4,"size":9,"text":"abcd","ended":false})");
  box_.board.log_piece = Fail(ErrorCode::NotFound, "no");
  EXPECT_EQ(TextOf(box_.Ask("GET-JOB-LOG", R"({"job_id": 42})")), "error: There is no log of Job  42.");
}

TEST_F(JobCommands, SummaryCountsWhatRuns) {
  EXPECT_EQ(TextOf(box_.Ask("GET-JOB-ACTIVE-SUM")), R"({"active":false,"ansible_running_flag":false})");
  box_.board.active = {.active = true, .ansible = false, .started = 2, .restarted = 0};
  EXPECT_EQ(TextOf(box_.Ask("GET-JOB-ACTIVE-SUM")), R"({"active":true,"ansible_running_flag":false,"STARTED":2})");
}

TEST_F(JobCommands, TestJobMakesAChain) {
  const auto outcome = box_.Ask("TEST-JOB", R"({"steps": [1, "2", -3, 0.5]})");
  ASSERT_TRUE(outcome && std::holds_alternative<JobPlan>(*outcome));
  const auto& steps = std::get<JobPlan>(*outcome).steps;
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].display, "iiab-cmdsrv-step test-job 1");
  EXPECT_EQ(steps[2].display, "iiab-cmdsrv-step test-job -3");
  EXPECT_EQ(steps[3].after, 2U);
  for (const char* bad : {"{}", R"({"steps": []})", R"({"steps": [3601]})", R"({"steps": [-1.5]})", R"({"steps": [-126]})", R"({"steps": "1"})",
                          R"({"steps": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]})", R"({"steps": ["1; reboot"]})", R"({"steps": [null]})"}) {
    const auto refused = box_.Ask("TEST-JOB", bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::Malformed) << bad;
  }
}

TEST_F(JobCommands, RetryNamesTheLastNewJob) {
  EXPECT_EQ(TextOf(box_.Ask("RETRY-JOB", R"({"job_id": "42"})")), "sentence: Job  44 Scheduled.");
  box_.board.retried = Fail(ErrorCode::NotFound, "no");
  EXPECT_EQ(TextOf(box_.Ask("RETRY-JOB", R"({"job_id": 42})")), "error: There is no Job  42.");
  box_.board.retried = Fail(ErrorCode::Stated, "All steps of Job  42 succeeded; there is nothing to retry.");
  EXPECT_EQ(box_.Ask("RETRY-JOB", R"({"job_id": 42})").error().code, ErrorCode::Stated);
  EXPECT_EQ(box_.Ask("RETRY-JOB").error().code, ErrorCode::Malformed);
}

TEST_F(JobCommands, ChangesAreAnsweredAtOnce) {
  JobChange change;
  change.seq = 12;
  change.id = JobId{42};
  change.group = CommandId{7};
  change.step_count = 2;
  change.reason_code = "slot";
  change.reason = "Waiting for a free slot";
  JobChange printed = change;
  printed.seq = 13;
  printed.status = JobStatus::Started;
  printed.reason_code = printed.reason = "";
  printed.output_bytes = 500;
  printed.progress = Progress{.phase = "download", .percent = 5};
  box_.board.changes = {.seq = 13, .snapshot = false, .changes = {change, printed}};
  EXPECT_EQ(
      TextOf(box_.Ask("WAIT-EVENTS", R"({"since": 11})")),
      R"({"seq":13,"snapshot":false,"events":[)"
      R"({"seq":12,"job_id":42,"group_id":7,"step_no":1,"step_count":2,"job_status":"SCHEDULED",)"
      R"("reason":{"code":"slot","text":"Waiting for a free slot"}},)"
      R"({"seq":13,"job_id":42,"group_id":7,"step_no":1,"step_count":2,"job_status":"STARTED","reason":null,)"
      R"("size":500,"progress":{"phase":"download","bytes":null,"total":null,"percent":5,"rate":null,"eta":null}}]})");
  EXPECT_EQ(box_.board.asked_since, 11U);
}

TEST_F(JobCommands, WithoutChangesTheClientWaits) {
  box_.board.changes = {.seq = 13, .snapshot = false, .changes = {}};
  const auto wait = box_.Ask("WAIT-EVENTS", R"({"since": 13, "timeout": 0.5})");
  ASSERT_TRUE(wait && std::holds_alternative<EventWait>(*wait));
  EXPECT_EQ(std::get<EventWait>(*wait).since, 13U);
  EXPECT_EQ(std::get<EventWait>(*wait).timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(TextOf(box_.Ask("WAIT-EVENTS", R"({"since": 13, "timeout": 0})")),
            R"({"seq":13,"snapshot":false,"events":[]})");
  box_.board.changes.snapshot = true;
  EXPECT_EQ(TextOf(box_.Ask("WAIT-EVENTS")), R"({"seq":13,"snapshot":true,"events":[]})");
  EXPECT_FALSE(box_.board.asked_since);
  for (const char* bad : {R"({"since": -1})", R"({"timeout": -1})", R"({"timeout": 301})", R"({"since": 1.5})"}) {
    EXPECT_EQ(box_.Ask("WAIT-EVENTS", bad).error().code, ErrorCode::Malformed) << bad;
  }
}

TEST_F(JobCommands, SpaceIsTextInKilobytes) {
  const auto reply = ParseJson(TextOf(box_.Ask("GET-SPACE-AVAIL")));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->at("library_on_root"), true);
  EXPECT_EQ(reply->at("root").at("mount_point"), "/");
  EXPECT_NE(reply->at("root").at("avail_in_k").get_string(), "0");
}

}  // namespace
}  // namespace cmdsrv
