#include "jobs/recovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint32_t kAttempt = 2;

JobRow Row(std::int64_t id, std::string status, std::int64_t after = 0, std::int64_t command = 1) {
  JobRow row;
  row.id = JobId{id};
  row.command = CommandId{command};
  row.depends_on = JobId{after};
  row.step_no = after != 0 ? 2 : 1;
  row.status = std::move(status);
  JobOptions options;
  options.argv = {"/bin/true"};
  row.options_json = PrintJobOptions(options);
  if (row.status == "STARTED" || row.status == "RESTARTED") {
    row.pid = 100 + id;
    row.run.attempt = kAttempt;
  }
  return row;
}

JobRow WithOptions(JobRow row, const std::function<void(JobOptions&)>& change) {
  JobOptions options = ParseJobOptions(row.options_json).value();
  change(options);
  row.options_json = PrintJobOptions(options);
  return row;
}

RunRecord Record(RunPhase phase, bool cancelled = false, std::uint32_t attempt = kAttempt) {
  RunRecord record{};
  std::memcpy(record.magic, kRunMagic, sizeof kRunMagic);
  record.attempt = attempt;
  record.phase = phase;
  record.cancelled = cancelled ? 1 : 0;
  record.checksum = RunChecksum(record);
  return record;
}

struct Case {
  const char* what;
  JobRow row;
  RunFacts facts;
  Fate fate;
  const char* reason = "";
  bool cancel = false;
};

JobRow CancelWanted(JobRow row) {
  row.run.cancel_wanted = true;
  return row;
}
JobRow Restarted(std::uint32_t times) {
  JobRow row = Row(1, "RESTARTED");
  row.run.restarts_without_progress = times;
  return row;
}
JobRow NotRestartable(JobRow row) {
  return WithOptions(std::move(row), [](JobOptions& options) { options.restartable = false; });
}
JobRow OldProgram(std::string status) {
  JobRow row = Row(1, std::move(status));
  row.options_json = R"({"extra_vars": null, "service_required": ["kiwix", "active"]})";
  return row;
}
JobRow Broken() {
  JobRow row = Row(1, "SCHEDULED");
  row.options_json = "{";
  return row;
}

TEST(Recovery, AStepThatFailedForNowWaitsOnUnlessSomethingForbidsIt) {
  JobRow waits = Row(1, "SCHEDULED");
  waits.run.attempt = 3;
  waits.run.retry.wait = RetryWait::Time;
  const auto decide = [](std::vector<JobRow> rows) { return PlanRecovery(rows, {}, {}).decisions.back(); };
  EXPECT_EQ(decide({waits}), (Decision{JobId{1}, Fate::WaitForRetry}));
  JobRow cancelled = waits;
  cancelled.run.cancel_wanted = true;
  EXPECT_EQ(decide({cancelled}).fate, Fate::Cancel);
  JobRow dependent = waits;
  dependent.id = JobId{2};
  dependent.depends_on = JobId{1};
  dependent.step_no = 2;
  EXPECT_EQ(decide({Row(1, "FAILED"), dependent}).fate, Fate::Cancel);
  JobRow again = Row(1, "RESTARTED");  // it runs once more: what the last wait was for does not matter
  again.run.retry.wait = RetryWait::Network;
  EXPECT_EQ(decide({again}).fate, Fate::StartAgain);
}

void Expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto plan = PlanRecovery({&c.row, 1}, {{c.row.id, c.facts}}, {});
    ASSERT_EQ(plan.decisions.size(), 1U) << c.what;
    EXPECT_EQ(plan.decisions[0].fate, c.fate) << c.what;
    EXPECT_THAT(plan.decisions[0].reason, HasSubstr(c.reason)) << c.what;
    EXPECT_EQ(plan.decisions[0].cancel, c.cancel) << c.what;
  }
}

TEST(Recovery, OneRowAndTheRecordOfItsRun) {
  Expect({
      {"waiting", Row(1, "SCHEDULED"), {}, Fate::Wait},
      {"still running", Row(1, "STARTED"), {.same_boot = true, .shim_alive = true}, Fate::Adopt},
      {"still running, cancel wanted",
       CancelWanted(Row(1, "STARTED")),
       {.same_boot = true, .shim_alive = true},
       Fate::Adopt,
       "",
       true},
      {"ended meanwhile", Row(1, "STARTED"), {.record = Record(RunPhase::Ended)}, Fate::Settle},
      {"ended before the power cut", Row(1, "RESTARTED"), {.record = Record(RunPhase::Ended)}, Fate::Settle},
      {"could not be executed", Row(1, "STARTED"), {.record = Record(RunPhase::StartFailed)}, Fate::Settle},
      {"cancelled and ended", CancelWanted(Row(1, "STARTED")), {.record = Record(RunPhase::Ended, true)}, Fate::Settle},
      {"ended when the server stopped", Row(1, "STARTED"), {.record = Record(RunPhase::Ended, true)}, Fate::StartAgain},
      {"the same, not repeatable",
       NotRestartable(Row(1, "STARTED")),
       {.record = Record(RunPhase::Ended, true)},
       Fate::Fail,
       "the server was told to end it"},
      {"go never given",
       Row(1, "STARTED"),
       {.same_boot = true, .record = Record(RunPhase::NeverBegan)},
       Fate::StartFirst},
      {"shim killed before the go",
       Row(1, "STARTED"),
       {.same_boot = true, .record = Record(RunPhase::Waiting)},
       Fate::StartFirst},
      {"power cut, and the disk does not know of the go",
       Row(1, "STARTED"),
       {.record = Record(RunPhase::Waiting)},
       Fate::StartAgain},
      {"the same, not repeatable",
       NotRestartable(Row(1, "STARTED")),
       {.record = Record(RunPhase::Waiting)},
       Fate::Fail,
       "the machine was restarted"},
      {"go never given, not repeatable",
       NotRestartable(Row(1, "STARTED")),
       {.record = Record(RunPhase::NeverBegan)},
       Fate::StartFirst},
      {"go never given, cancel wanted",
       CancelWanted(Row(1, "STARTED")),
       {.record = Record(RunPhase::NeverBegan)},
       Fate::Cancel,
       "Cancelled on request"},
  });
}

TEST(Recovery, OneRowAndWhatIsLeftOfItsRun) {
  const RunFacts nothing;
  const RunFacts here{.same_boot = true};
  Expect({
      {"power cut", Row(1, "STARTED"), {.record = Record(RunPhase::Running)}, Fate::StartAgain},
      {"power cut, no record", Row(1, "STARTED"), nothing, Fate::StartAgain},
      {"power cut, cancel wanted", CancelWanted(Row(1, "STARTED")), nothing, Fate::Cancel, "Cancelled on request"},
      {"record of an older run", Row(1, "STARTED"), {.record = Record(RunPhase::Ended, false, 1)}, Fate::StartAgain},
      {"record of a newer run that never began",
       Row(1, "STARTED"),
       {.record = Record(RunPhase::NeverBegan, false, 3)},
       Fate::StartAgain},
      {"the same, not repeatable",
       NotRestartable(Row(1, "STARTED")),
       {.record = Record(RunPhase::NeverBegan, false, 3)},
       Fate::StartFirst},
      {"shim killed", Row(1, "STARTED"), here, Fate::StartAgain},
      {"shim killed, not repeatable", NotRestartable(Row(1, "STARTED")), here, Fate::Fail, "its supervisor was killed"},
      {"shim killed, leftovers", Row(1, "STARTED"), {.same_boot = true, .leftovers = true}, Fate::EndLeftovers},
      {"shim killed, leftovers, cancel wanted",
       CancelWanted(Row(1, "STARTED")),
       {.same_boot = true, .leftovers = true},
       Fate::EndLeftovers,
       "",
       true},
      {"third time", Restarted(2), nothing, Fate::StartAgain},
      {"fourth time", Restarted(3), nothing, Fate::Fail,
       "the machine was restarted) after 3 restarts without progress"},
      {"fourth time with progress", Restarted(3), {.progressed = true}, Fate::StartAgain},
      {"old program, waiting", OldProgram("SCHEDULED"), nothing, Fate::Cancel, "older version of the server"},
      {"old program, running", OldProgram("STARTED"), nothing, Fate::Cancel, "older version of the server"},
      {"unreadable options", Broken(), nothing, Fate::Cancel, "older version of the server"},
      {"unreadable status", Row(1, "PAUSED"), nothing, Fate::Cancel, "older version of the server"},
  });
}

std::vector<Fate> Fates(const std::vector<JobRow>& rows, const LiveFacts& live = {}, const RecoveryRules& rules = {}) {
  std::vector<Fate> fates;
  for (const Decision& decision : PlanRecovery(rows, live, rules).decisions) fates.push_back(decision.fate);
  return fates;
}

TEST(Recovery, FinishedPredecessorsDecideAboutTheirSuccessors) {
  EXPECT_THAT(Fates({Row(1, "SUCCEEDED"), Row(2, "SCHEDULED", 1)}), ElementsAre(Fate::Wait));
  const std::vector<JobRow> failed = {Row(1, "FAILED"), Row(2, "SCHEDULED", 1), Row(3, "SCHEDULED", 2)};
  const auto plan = PlanRecovery(failed, {}, {});
  ASSERT_EQ(plan.decisions.size(), 2U);
  EXPECT_EQ(plan.decisions[0].reason, "Cancelled because job 1 failed (step 1)");
  EXPECT_EQ(plan.decisions[1].reason, "Cancelled because job 2 was cancelled (step 2)");
  EXPECT_THAT(Fates({Row(1, "CANCELLED"), Row(2, "SCHEDULED", 1)}), ElementsAre(Fate::Cancel));
  EXPECT_THAT(Fates({Row(2, "SCHEDULED", 1)}), ElementsAre(Fate::Cancel)) << "a predecessor that nobody knows";
  EXPECT_THAT(Fates({Row(2, "SCHEDULED", 2)}), ElementsAre(Fate::Cancel)) << "a job that waits for itself";
}

TEST(Recovery, AnUnfinishedPredecessorIsWaitedFor) {
  EXPECT_THAT(Fates({Row(1, "STARTED"), Row(2, "SCHEDULED", 1)}), ElementsAre(Fate::StartAgain, Fate::Wait));
  EXPECT_THAT(Fates({NotRestartable(Row(1, "STARTED")), Row(2, "SCHEDULED", 1)}),
              ElementsAre(Fate::Fail, Fate::Cancel));
}

JobRow Of(std::string canonical, JobRow row) {
  return WithOptions(std::move(row), [&](JobOptions& options) { options.canonical = canonical; });
}

TEST(Recovery, OfTheSameCommandTheNewestIsKept) {
  const std::vector<JobRow> rows = {
      Of("A", Row(1, "STARTED", 0, 1)),   Of("A", Row(2, "SCHEDULED", 1, 1)), Of("A", Row(3, "SCHEDULED", 0, 2)),
      Of("A", Row(4, "SCHEDULED", 3, 2)), Of("B", Row(5, "SCHEDULED", 0, 3)),
  };
  EXPECT_THAT(Fates(rows), ElementsAre(Fate::Cancel, Fate::Cancel, Fate::Wait, Fate::Wait, Fate::Wait));
  const auto alive = PlanRecovery(rows, {{JobId{1}, {.same_boot = true, .shim_alive = true}}}, {});
  EXPECT_EQ(alive.decisions[0].fate, Fate::Adopt);
  EXPECT_TRUE(alive.decisions[0].cancel);
  EXPECT_THAT(alive.decisions[1].reason, HasSubstr("sent again later"));
}

TEST(Recovery, TheWholeChainOfAnOlderDuplicateGoes) {
  // The newer one has only its last step left: the older one's earlier step must go all the same.
  const std::vector<JobRow> rows = {
      Of("A", Row(1, "SCHEDULED", 0, 1)),
      Of("A", Row(2, "SCHEDULED", 1, 1)),
      Of("A", Row(3, "SUCCEEDED", 0, 2)),
      Of("A", Row(4, "SCHEDULED", 3, 2)),
  };
  EXPECT_THAT(Fates(rows), ElementsAre(Fate::Cancel, Fate::Cancel, Fate::Wait));
}

TEST(Recovery, IndependentJobsOfOneCommandAreNoDuplicates) {
  EXPECT_THAT(Fates({Of("K", Row(1, "SCHEDULED", 0, 1)), Of("K", Row(2, "SCHEDULED", 0, 1))}),
              ElementsAre(Fate::Wait, Fate::Wait));
}

TEST(Recovery, CommandTextsAreComparedWhenRowsHaveNoCanonicalOne) {
  JobRow older = Row(1, "SCHEDULED", 0, 1);
  JobRow newer = Row(2, "SCHEDULED", 0, 2);
  older.command_message = "TEST-JOB {\"a\":1}";
  newer.command_message = "TEST-JOB { \"a\" : 1 }";
  RecoveryRules rules;
  EXPECT_THAT(Fates({older, newer}, {}, rules), ElementsAre(Fate::Wait, Fate::Wait));
  rules.canonical_of = [](std::string_view) { return std::optional<std::string>("TEST-JOB"); };
  EXPECT_THAT(Fates({older, newer}, {}, rules), ElementsAre(Fate::Cancel, Fate::Wait));
}

TEST(Recovery, ATornRecordTellsNothing) {
  RunRecord torn = Record(RunPhase::Ended);
  torn.exit_value = 7;  // after the checksum
  EXPECT_FALSE(TellsTheEnd(torn, kAttempt));
  EXPECT_THAT(Fates({Row(1, "STARTED")}, {{JobId{1}, {.record = torn}}}), ElementsAre(Fate::StartAgain));
}

}  // namespace
}  // namespace cmdsrv
