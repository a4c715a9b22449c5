#include "ctl/job_rows.hpp"

#include <gmock/gmock.h>

#include "ctl/fakes.hpp"

namespace cmdsrv::ctl {
namespace {

using fakes::Row;
using fakes::Rows;
using fakes::World;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(JobRows, TimesWithZoneAreRead) {
  const WallTime noon{seconds{1777636800}};  // 2026-05-01T12:00:00Z
  EXPECT_EQ(ReadIso8601("2026-05-01T12:00:00Z"), noon);
  EXPECT_EQ(ReadIso8601("2026-05-01T14:00:00.123+02:00"), noon);
  EXPECT_EQ(ReadIso8601("2026-05-01T06:30:00-05:30"), noon);
  for (const char* bad : {"", "2026-05-01", "2026-05-01T12:00:00", "2026-05-01 12:00:00Z", "2026-05-01T12:00:00+2",
                          "2026-05-01T12:00:00+02x00", "2026-0a-01T12:00:00Z", "2026-05-01T12:00:00.5"}) {
    EXPECT_FALSE(ReadIso8601(bad)) << bad;
  }
}

TEST(JobRows, HostileTextsAreCleanAndUnescaped) {
  const auto value =
      ParseJson(R"({"job_id": 5, "job_command": "zim &lt;x&gt; \u001b[2J", "job_output": "a &amp; b\rc\u0007\n",
                                   "job_status": "FAILED\n", "cmd_msg": "TEST\u009b", "reason": "line\nbreak"})");
  const JobRow row = ReadJobRow(value->get_object());
  EXPECT_EQ(row.command, "zim <x> [2J");
  EXPECT_EQ(row.output, "a & b\nc\n");
  EXPECT_EQ(row.status, "FAILED");
  EXPECT_EQ(row.message, "TEST");
  EXPECT_EQ(row.reason, "line break");
}

TEST(JobRows, MissingAndWrongMembersKeepDefaults) {
  const auto value =
      ParseJson(R"({"job_id": "x", "step_no": null, "progress": 5, "started_at": null, "elapsed_sec": 1e300})");
  const JobRow row = ReadJobRow(value->get_object());
  EXPECT_EQ(row.id, 0);
  EXPECT_EQ(row.step_no, 1);
  EXPECT_EQ(row.elapsed_sec, 0);
  EXPECT_FALSE(row.progress);
  EXPECT_FALSE(row.started);
}

TEST(JobRows, AReasonIsASentenceOrACodeAndASentence) {
  const auto reason = [](const char* text) { return ReadJobRow(ParseJson(text)->get_object()).reason; };
  EXPECT_EQ(reason(R"({"reason": "no space left"})"), "no space left");
  EXPECT_EQ(reason(R"({"reason": {"code": "slot", "text": "waits for\na place"}})"), "waits for a place");
  EXPECT_EQ(ReadJobRow(ParseJson(R"({"reason": {"code": "slot"}})")->get_object()).reason_code, "slot");
  EXPECT_EQ(reason(R"({"reason": null})"), "");
  EXPECT_EQ(reason(R"({"reason": {"text": 5}})"), "");
}

TEST(JobRows, ProgressNumbersMayBeUnknown) {
  const auto value =
      ParseJson(R"({"progress": {"phase": "download", "bytes": 10, "total": null, "percent": 250, "rate": 2.5}})");
  const JobRow row = ReadJobRow(value->get_object());
  ASSERT_TRUE(row.progress);
  EXPECT_EQ(*row.progress, (JobProgress{.phase = "download", .bytes = 10, .rate = 2, .percent = 100}));
}

TEST(JobRows, RunningTimeIsFromStartToEnd) {
  const WallTime start{seconds{1000}};
  JobRow row{.status = "STARTED", .elapsed_sec = 50, .started = start};
  EXPECT_EQ(RunningSeconds(row, start + seconds{7}), 7);
  EXPECT_EQ(RunningSeconds(row, start - seconds{7}), 0);  // the clock was set back
  row.ended = start + seconds{3};
  EXPECT_EQ(RunningSeconds(row, start + seconds{7}), 3);
  EXPECT_EQ(RunningSeconds({.status = "SCHEDULED", .elapsed_sec = 50}, start), std::nullopt);
  EXPECT_EQ(RunningSeconds({.status = "SUCCEEDED", .elapsed_sec = 50}, start), 50);
}

TEST(JobRows, PagesAreAskedUntilOneIsNotFull) {
  World world;
  std::vector<std::string> first, second;
  for (int id = 120; id > 70; --id) first.push_back(Row(id, "SUCCEEDED"));
  for (int id = 70; id > 60; --id) second.push_back(Row(id, "SUCCEEDED"));
  world.server.Say("GET-JOB-STAT", Rows(first));
  world.server.Say("GET-JOB-STAT", Rows(second));
  Session session = world.Begin();
  const auto all = AskAllPages(session, {.group = 7});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->rows.size(), 60U);
  EXPECT_THAT(world.server.asked,
              testing::ElementsAre(R"(GET-JOB-STAT {"group_id":7})", R"(GET-JOB-STAT {"last_rowid":71,"group_id":7})"));
  const auto raw = ParseJson(all->raw);
  ASSERT_TRUE(raw) << all->raw;
  EXPECT_EQ(raw->get_array().size(), 60U);
}

TEST(JobRows, AFullPageMayBeTheLast) {
  World world;
  std::vector<std::string> full;
  for (int id = 50; id > 0; --id) full.push_back(Row(id, "SUCCEEDED"));
  world.server.Say("GET-JOB-STAT", Rows(full));
  Session session = world.Begin();
  const auto all = AskAllPages(session, {});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->rows.size(), 50U);
  EXPECT_EQ(world.server.asked.size(), 1U);  // last_rowid 1 would mean "from the beginning" again
  EXPECT_EQ(all->raw, Rows(full));           // one page is shown as it came
}

TEST(JobRows, AnEmptySecondPageKeepsTheListValid) {
  World world;
  std::vector<std::string> full;
  for (int id = 90; id > 40; --id) full.push_back(Row(id, "SUCCEEDED"));
  world.server.Say("GET-JOB-STAT", Rows(full));
  world.server.Say("GET-JOB-STAT", "[ ]");
  Session session = world.Begin();
  const auto all = AskAllPages(session, {});
  ASSERT_TRUE(all);
  EXPECT_TRUE(ParseJson(all->raw)) << all->raw;
}

TEST(JobRows, AServerThatRepeatsItselfDoesNotKeepUs) {
  World world;
  std::vector<std::string> full;
  for (int id = 90; id > 40; --id) full.push_back(Row(id, "SUCCEEDED"));
  world.server.Say("GET-JOB-STAT", Rows(full));  // whatever last_rowid is
  Session session = world.Begin();
  EXPECT_TRUE(AskAllPages(session, {}));
  EXPECT_LE(world.server.asked.size(), 3U);
}

TEST(JobRows, RowsOfOtherGroupsAreDropped) {
  World world;
  world.server.Say("GET-JOB-STAT", R"([{"job_id": 3, "group_id": 8}, {"job_id": 2, "group_id": 7}])");
  Session session = world.Begin();
  const auto all = AskAllPages(session, {.group = 7});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->rows.size(), 1U);
  EXPECT_EQ(all->rows[0].id, 2);
}

TEST(JobRows, OneJobIsFoundByTheBoundAboveIt) {
  World world;
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "STARTED"), Row(40, "STARTED")}));
  Session session = world.Begin();
  EXPECT_EQ(AskJob(session, 41)->id, 41);
  EXPECT_EQ(world.server.asked.at(0), R"(GET-JOB-STAT {"last_rowid":42})");
  EXPECT_EQ(AskJob(session, 43).error().code, ErrorCode::NotFound);
}

TEST(JobRows, AReplyThatIsNoListIsAnError) {
  World world;
  world.server.Say("GET-JOB-STAT", R"({"rows": []})");
  Session session = world.Begin();
  EXPECT_EQ(AskPage(session, {}).error().message, "cannot read the list of jobs: the reply to GET-JOB-STAT is no list");
  world.server.replies.clear();
  world.server.Say("GET-JOB-STAT", "no JSON");
  EXPECT_THAT(AskPage(session, {}).error().message, testing::StartsWith("cannot read the server's reply: "));
}

}  // namespace
}  // namespace cmdsrv::ctl
