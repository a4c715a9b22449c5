// The start of the daemon: rows and processes are looked at, the plan is made, then it is carried out.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "jobs/minder_core.hpp"
#include "jobs/recovery.hpp"
#include "platform/process.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};

JobRecord FromRow(const JobRow& row) {
  JobRecord job;
  job.id = row.id;
  job.group = row.command;
  job.step_no = row.step_no;
  job.depends_on = row.depends_on;
  job.command = row.job_command;
  job.message = row.command_message.value_or("");
  if (auto options = ParseJobOptions(row.options_json)) job.options = std::move(*options);
  job.created = FromD1(row.created_text);
  job.status = StatusFromName(row.status).value_or(JobStatus::Scheduled);
  job.run = row.run;
  job.pid = row.pid;
  job.cancel_wanted = row.run.cancel_wanted;
  if (job.cancel_wanted && !row.run.reason.empty()) job.cancel_reason = row.run.reason;
  if (job.cancel_wanted && !row.run.reason_code.empty()) job.cancel_code = row.run.reason_code;
  return job;
}

/// Steps of a chain are numbered from 1, so the greatest number of a Command is how many there are.
void CountSteps(std::vector<JobRecord>& jobs, std::span<const JobRow> rows) {
  std::map<CommandId, int> counts;
  for (const JobRow& row : rows) counts[row.command] = std::max(counts[row.command], row.step_no);
  for (JobRecord& job : jobs) job.step_count = counts[job.group];
}

bool IsBegun(const JobRow& row) {
  const auto status = StatusFromName(row.status);
  return status == JobStatus::Started || status == JobStatus::Restarted;
}

}  // namespace

Result<void> MinderCore::Recover() {
  const auto rows = parts_.store.Unfinished();
  if (!rows) return tl::unexpected(rows.error());
  LiveFacts live;
  for (const JobRow& row : *rows) {
    if (IsBegun(row)) live.emplace(row.id, parts_.runner.Look(row.id, row.run, row.pid));
  }
  const RecoveryPlan plan = PlanRecovery(*rows, live, {options_.max_restarts_without_progress, options_.canonical_of});
  std::set<JobId> unfinished;
  for (const Decision& decision : plan.decisions) unfinished.insert(decision.id);
  const auto found = outputs_.Begin([&](JobId id) { return unfinished.contains(id); });
  if (!found) return tl::unexpected(found.error());
  parts_.store.PassOverJobIds(found->highest);
  EndUnknown(found->ended);

  std::vector<JobRecord> jobs;
  for (const JobRow& row : *rows) {
    if (!unfinished.contains(row.id)) continue;
    jobs.push_back(FromRow(row));
    JobRecord& job = jobs.back();
    // A start that was not recorded left its record. Its number is not used again: after a power cut the file may be
    // what it was before, and would then speak of another run.
    if (const auto record = parts_.runner.Record(row.id); record && !IsBegun(row))
      job.run.attempt = std::max(job.run.attempt, record->attempt);
    if (IsBegun(row)) job.stage = Running{};  // each decision says what becomes of it
    job.space = space_.FirstState(job.options, job.depends_on);
    // What has begun was promised its bytes.
    const bool begun = IsBegun(row) || row.run.retry.wait != RetryWait::None;
    if (begun && job.space == SpaceWait::Unknown) job.space = SpaceWait::Promised;
    if (!IsBegun(row)) job.stage = Waiting{.service = gate_.FirstState(job.options, job.depends_on)};
  }
  CountSteps(jobs, *rows);
  parts_.table.Add(std::move(jobs));
  for (const Decision& decision : plan.decisions) {
    Isolated(decision.id, "take up", [&] { Apply(decision, live[decision.id]); });
  }
  Prune();
  Wake();
  return {};
}

/// Runs that left a record and no unfinished row. Mostly their ends were just recorded; but when the database was lost
/// they may go on, and nobody knows what they use or would ever hear of their ends.
void MinderCore::EndUnknown(const std::vector<JobId>& ids) {
  for (const JobId id : ids) {
    parts_.runner.EndLeftovers(id, {BootId(), 0, 0}, [] {});
  }
}

void MinderCore::Apply(const Decision& decision, const RunFacts& facts) {
  const JobId id = decision.id;
  JobRecord* job = Find(id);
  if (job == nullptr || std::holds_alternative<Ending>(job->stage)) return;  // ended with its predecessor
  if (decision.cancel) {
    parts_.table.With([&](JobTable::Jobs&) { job->cancel_wanted = true; });
    if (!decision.reason.empty()) job->cancel_reason = decision.reason;
    if (!decision.code.empty()) job->cancel_code = decision.code;
  }
  switch (decision.fate) {
    case Fate::Wait: return;
    case Fate::WaitForRetry:
      return WaitForNextTry(id, LeftOf(job->run.retry, parts_.clock.Wall(), options_.retry), true);
    case Fate::StartFirst:
      parts_.table.With([&](JobTable::Jobs&) {
        if (facts.record) job->run.attempt = std::max(job->run.attempt, facts.record->attempt);  // used once, too
        job->status = Next(job->status, JobEvent::NeverBegan).value_or(job->status);
        job->stage = Waiting{.again = job->status == JobStatus::Restarted};
      });
      return;
    case Fate::StartAgain:
      log::Info(kJobs, "job {} was interrupted and is started again", id);
      parts_.table.With([&](JobTable::Jobs&) {
        job->run.restarts_without_progress = RestartsAfter(job->run, facts.progressed);
        if (facts.record) job->run.output_total = facts.record->output_total;
        job->stage = Waiting{.again = true};
      });
      return;
    case Fate::Adopt: return AdoptRun(id, decision.cancel);
    case Fate::EndLeftovers: return EndLeftovers(id);
    case Fate::Settle: return Settle(id);
    case Fate::Fail: {
      const std::uint64_t total = facts.record ? facts.record->output_total : job->run.output_total;
      return End(
          id,
          {JobEvent::EndedBadly, decision.code, decision.reason, {}, OutputOf(*job, total, decision.reason), total});
    }
    case Fate::Cancel:
      if (job->status != JobStatus::Scheduled && job->run.attempt == 0) {
        parts_.runner.EndOldProgram(id, job->pid, job->command);
      }
      return End(id, EndOfIdle(*job, JobEvent::Cancel, decision.code, decision.reason));
  }
}

void MinderCore::AdoptRun(JobId id, bool cancel) {
  const JobRecord* job = Find(id);
  auto run = parts_.runner.Adopt(ShimOf(job->run, job->pid), [this, id] { OnShimEnded(id); });
  if (!run) return Settle(id);  // it ended just now
  runs_[id] = std::move(*run);
  output_news_.Began(id);
  progress_.Began(id);
  log::Info(kJobs, "job {} still runs, shim {}", id, job->pid);
  if (cancel) TakeCancel(id, {id});
}

}  // namespace cmdsrv
