#include "jobs/group_retry.hpp"

#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

JobRow Row(std::int64_t id, std::string status, std::int64_t after = 0) {
  JobOptions options;
  options.argv = {"/usr/bin/step", fmt::format("{}", id)};
  options.canonical = "INST-X {}";
  options.locks = {"lock"};
  options.cwd = "/opt/iiab";
  options.service = {"kiwix", "active"};
  options.full_log = true;
  JobRow row;
  row.id = JobId{id};
  row.command = CommandId{1};
  row.depends_on = JobId{after};
  row.job_command = fmt::format("step {}", id);
  row.options_json = PrintJobOptions(options);
  row.status = std::move(status);
  return row;
}

TEST(PlanGroupRetry, OnlyWhatDidNotSucceedInItsOrder) {
  const std::vector<JobRow> group = {Row(10, "SUCCEEDED"), Row(11, "FAILED", 10), Row(12, "CANCELLED", 11),
                                     Row(13, "SUCCEEDED"), Row(14, "FAILED")};
  const auto retry = PlanGroupRetry(group);
  ASSERT_TRUE(retry) << retry.error().message;
  const JobPlan& plan = retry->plan;
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_THAT(plan.steps[0].argv, ElementsAre("/usr/bin/step", "11"));
  EXPECT_EQ(plan.steps[0].display, "step 11");
  EXPECT_EQ(plan.steps[0].after, std::nullopt) << "what it depended on is done";
  EXPECT_EQ(plan.steps[1].after, 0U);
  EXPECT_EQ(plan.steps[2].after, std::nullopt);
  EXPECT_THAT(plan.steps[1].locks, ElementsAre("lock"));
  EXPECT_EQ(retry->canonical, "INST-X {}");
  EXPECT_EQ(plan.cwd, "/opt/iiab");
  EXPECT_TRUE(plan.steps[0].full_log);
  EXPECT_EQ(plan.steps[0].service->first, "kiwix");
}

TEST(PlanGroupRetry, NoOptionOfAStepIsLost) {
  JobOptions options;
  options.extra_vars = R"({"a":1})";
  options.service = {"kalite", "enabled"};
  options.argv = {"/usr/bin/step", "-x"};
  options.cwd = "/opt/iiab";
  options.locks = {"menus"};
  options.merge = "kiwix-index";
  options.canonical = "INST-Y {}";
  options.ansible = options.full_log = true;
  options.restartable = false;
  options.retry = RetryPolicy::Temporary;
  JobRow row = Row(1, "FAILED");
  row.options_json = PrintJobOptions(options);
  const auto retry = PlanGroupRetry(std::vector{row});
  ASSERT_TRUE(retry);
  const auto rows = RowsOfPlan(retry->plan, CommandId{2}, std::vector{JobId{2}},
                               OptionsOfPlan(retry->plan, retry->canonical), WallTime{});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->at(0).options_json, row.options_json);
  EXPECT_EQ(rows->at(0).job_command, row.job_command);
}

TEST(PlanGroupRetry, WhatCannotBeRetriedSaysWhy) {
  JobRow old = Row(1, "FAILED");
  old.options_json = R"({"extra_vars": null, "service_required": null})";
  JobRow broken = Row(1, "FAILED");
  broken.options_json = "{";
  const struct {
    std::vector<JobRow> group;
    const char* says;
  } rows[] = {
      {{Row(1, "FAILED"), Row(2, "STARTED")}, "Job  2 has not ended; cancel it first, or wait for its end."},
      {{Row(1, "SCHEDULED")}, "Job  1 has not ended; cancel it first, or wait for its end."},
      {{Row(1, "SUCCEEDED"), Row(2, "SUCCEEDED")}, "nothing to retry"},
      {{old}, "was made by an older version of the server; send its Command again."},
      {{broken}, "was made by an older version of the server; send its Command again."},
  };
  for (const auto& row : rows) {
    const auto retry = PlanGroupRetry(row.group);
    ASSERT_FALSE(retry) << row.says;
    EXPECT_EQ(retry.error().code, ErrorCode::Stated);
    EXPECT_THAT(retry.error().message, HasSubstr(row.says));
  }
}

class GroupRetryTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }
  Result<std::vector<JobId>> Retry(JobId id) {
    auto ids = board->Retry(id);
    loop->Drain();
    return ids;
  }
};

TEST_F(GroupRetryTest, AFailedChainGoesOnWhereItFailed) {
  const auto ids = Submit(Chain(3), "TEST-JOB {\"steps\":[1,2,3]}");
  End(ids[0]);
  EXPECT_THAT(Retry(ids[0]).error().message, HasSubstr("has not ended"));
  End(ids[1], 1);
  const auto again = Retry(ids[2]);
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->size(), 2U);
  EXPECT_EQ(StatusOf(ids[1]), "FAILED") << "what happened stays as it was";
  EXPECT_TRUE(Began(again->at(0)));
  EXPECT_EQ(StatusOf(again->at(1)), "SCHEDULED");
  EXPECT_EQ(board->Find(again->at(1))->message, "TEST-JOB {}") << "the Command, not the retry of it";
  EXPECT_NE(board->Find(again->at(1))->group, board->Find(ids[0])->group);
  EXPECT_FALSE(board->Reserve("TEST-JOB {\"steps\":[1,2,3]}")) << "it is active again";
  EXPECT_THAT(Retry(ids[1]).error().message, HasSubstr("was sent again meanwhile; the same Command is active."));
  End(again->at(0));
  End(again->at(1));
  EXPECT_EQ(StatusOf(again->at(1)), "SUCCEEDED");
  EXPECT_THAT(Retry(again->at(0)).error().message, HasSubstr("nothing to retry"));
  EXPECT_EQ(Retry(JobId{99}).error().code, ErrorCode::NotFound);
}

TEST_F(GroupRetryTest, ACancelledGroupIsRunAgain) {
  const auto ids = Submit(Chain(2), "X");
  Cancel(ids[0]);
  runner.EndBySignal(ids[0], 2, true);
  loop->Drain();
  const auto again = Retry(ids[0]);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->size(), 2U);
  EXPECT_TRUE(Began(again->at(0)));
}

TEST_F(GroupRetryTest, WhatCannotBeRecordedIsNotRetried) {
  const JobId id = Submit(Chain(1), "X").at(0);
  End(id, 1);
  store.refuse_groups = true;
  EXPECT_EQ(Retry(id).error().code, ErrorCode::NoSpace);
  EXPECT_EQ(runner.started.size(), 1U);
  store.refuse_groups = false;
  EXPECT_TRUE(Retry(id));
}

}  // namespace
}  // namespace cmdsrv
