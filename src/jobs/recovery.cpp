#include "jobs/recovery.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "jobs/job_status.hpp"
#include "jobs/reasons.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kOlderVersion = "was scheduled by an older version of the server; send the command again";

struct Row {
  const JobRow* row = nullptr;
  JobStatus status = JobStatus::Scheduled;
  std::optional<JobOptions> options;  ///< nothing when the row cannot be read
};

/// The decisions made so far, and what they were made from.
struct Planner {
  const LiveFacts& live;
  const RecoveryRules& rules;
  std::map<JobId, Row> rows;
  std::set<JobId> older_duplicates;
  std::map<JobId, Fate> fates;
};

Row ReadRow(const JobRow& row) {
  // An unknown status is one of a job that must not run by mistake: it is treated like a row that cannot be read.
  const auto status = StatusFromName(row.status);
  Row read{&row, status.value_or(JobStatus::Scheduled), {}};
  if (auto options = ParseJobOptions(row.options_json); options && status) read.options = *std::move(options);
  return read;
}

std::string CanonicalOf(const Row& row, const RecoveryRules& rules) {
  if (row.options && !row.options->canonical.empty()) return row.options->canonical;
  if (!rules.canonical_of || !row.row->command_message) return {};
  return rules.canonical_of(*row.row->command_message).value_or("");
}

/// Jobs that are also jobs of a newer Command, step by step, and everything linked with them.
std::set<JobId> FindOlderDuplicates(const std::map<JobId, Row>& rows, const RecoveryRules& rules) {
  std::map<std::pair<std::string, int>, CommandId> newest;
  std::map<JobId, std::pair<std::string, int>> keys;
  for (const auto& [id, row] : rows) {
    if (IsFinal(row.status)) continue;
    auto key = std::pair(CanonicalOf(row, rules), row.row->step_no);
    if (key.first.empty()) continue;
    CommandId& command = newest[key];
    command = std::max(command, row.row->command);
    keys.emplace(id, std::move(key));
  }
  // A chain lies within one Command, so the older Command's linked jobs are found by it and their dependencies.
  std::set<JobId> older;
  for (const auto& [id, key] : keys) {
    if (rows.at(id).row->command < newest.at(key)) older.insert(id);
  }
  const auto linked = [&](const JobRow& row) { return row.depends_on && older.contains(row.depends_on); };
  for (const auto& [id, row] : rows) {  // towards the end of the chain: ids ascend
    if (linked(*row.row)) older.insert(id);
  }
  for (auto at = rows.rbegin(); at != rows.rend(); ++at) {  // and towards its beginning
    if (older.contains(at->first) && at->second.row->depends_on) older.insert(at->second.row->depends_on);
  }
  return older;
}

/// Empty when the predecessor (if any) does not forbid the job.
std::optional<Decision> BlockedByPredecessor(const Row& row, const Planner& planner) {
  const JobId before = row.row->depends_on;
  if (!before) return std::nullopt;
  const auto found = planner.rows.find(before);
  if (found == planner.rows.end() || before >= row.row->id) {
    return Decision{row.row->id, Fate::Cancel,
                    fmt::format("Cancelled because its predecessor, job {}, is not recorded", before), false,
                    reason::kJob};
  }
  const JobStatus status = found->second.status;
  const auto fate = planner.fates.find(before);
  const bool failed = status == JobStatus::Failed || (fate != planner.fates.end() && fate->second == Fate::Fail);
  const bool cancelled =
      status == JobStatus::Cancelled || (fate != planner.fates.end() && fate->second == Fate::Cancel);
  if (!failed && !cancelled) return std::nullopt;
  return Decision{row.row->id, Fate::Cancel, CascadeReason(found->second.row->step_no, before, failed), false,
                  reason::kJob};
}

Decision DecideBegun(const Row& row, const RunFacts& facts, const Planner& planner) {
  const JobId id = row.row->id;
  const RunRow& run = row.row->run;
  if (facts.shim_alive) return {id, Fate::Adopt, {}, run.cancel_wanted};
  const bool this_run = facts.record && facts.record->attempt == run.attempt;
  // What the disk has of an unfinished record after a power cut may be older than what the step did.
  const bool never_began = facts.record && facts.record->phase == RunPhase::NeverBegan;
  // A later start, itself not recorded, of what must not be repeated: so the recorded one had never begun either.
  const bool not_even_later = never_began && !row.options->restartable && facts.record->attempt > run.attempt;
  const bool never_ran =
      not_even_later || (this_run && (never_began || (facts.record->phase == RunPhase::Waiting && facts.same_boot)));
  if (TellsTheEnd(facts.record, run.attempt) && !never_ran) {
    const bool ended_from_outside = facts.record->cancelled != 0 && !run.cancel_wanted;
    if (!ended_from_outside) return {id, Fate::Settle};
    return AfterInterruption(id, run, row.options->restartable, facts.progressed,
                             planner.rules.max_restarts_without_progress, "the server was told to end it");
  }
  if (facts.leftovers) return {id, Fate::EndLeftovers, {}, run.cancel_wanted};
  if (run.cancel_wanted)
    return {id, Fate::Cancel, run.reason.empty() ? "Cancelled on request" : run.reason, false, reason::kRequest};
  if (never_ran) return {id, Fate::StartFirst};
  return AfterInterruption(id, run, row.options->restartable, facts.progressed,
                           planner.rules.max_restarts_without_progress,
                           facts.same_boot ? "its supervisor was killed" : "the machine was restarted");
}

/// A duplicate or unreadable job is cancelled; if something of it runs, that first.
Decision CancelOrEnd(const Row& row, const RunFacts& facts, std::string_view reason, std::string_view code) {
  Decision decision{row.row->id, Fate::Cancel, std::string(reason), false, std::string(code)};
  if (facts.shim_alive || facts.leftovers) {
    decision.fate = facts.shim_alive ? Fate::Adopt : Fate::EndLeftovers;
    decision.cancel = true;
  }
  return decision;
}

Decision Decide(const Row& row, const Planner& planner) {
  static const RunFacts kNothing;
  const auto found = planner.live.find(row.row->id);
  const RunFacts& facts = found == planner.live.end() ? kNothing : found->second;
  if (!row.options || row.options->argv.empty()) return CancelOrEnd(row, facts, kOlderVersion, reason::kOld);
  const bool begun = row.status != JobStatus::Scheduled;
  if (planner.older_duplicates.contains(row.row->id)) {
    if (begun && TellsTheEnd(facts.record, row.row->run.attempt) && facts.record->phase == RunPhase::Ended) {
      return {row.row->id, Fate::Settle};
    }
    return CancelOrEnd(row, facts, "Cancelled because the same command was sent again later", reason::kDuplicate);
  }
  if (begun) return DecideBegun(row, facts, planner);
  if (const auto blocked = BlockedByPredecessor(row, planner)) return *blocked;
  if (row.row->run.cancel_wanted) return {row.row->id, Fate::Cancel, "Cancelled on request", false, reason::kRequest};
  return {row.row->id, row.row->run.retry.wait == RetryWait::None ? Fate::Wait : Fate::WaitForRetry};
}

}  // namespace

bool TellsTheEnd(const std::optional<RunRecord>& record, std::uint32_t attempt) {
  return record && record->attempt == attempt && IsFinal(*record);
}

std::string CascadeReason(int step_no, JobId id, bool failed) {
  return fmt::format("Cancelled because job {} {} (step {})", id, failed ? "failed" : "was cancelled", step_no);
}

Decision AfterInterruption(JobId id, const RunRow& run, bool restartable, bool progressed, int max_restarts,
                           std::string_view what) {
  if (!restartable) {
    return {
        id, Fate::Fail,
        fmt::format(
            "was interrupted ({}) and must not be repeated blindly; look at the result, then send the command again",
            what),
        false, reason::kInterrupted};
  }
  if (!progressed && run.restarts_without_progress >= static_cast<std::uint32_t>(max_restarts)) {
    return {id, Fate::Fail,
            fmt::format("was interrupted ({}) after {} restarts without progress", what, run.restarts_without_progress),
            false, reason::kInterrupted};
  }
  return {id, Fate::StartAgain};
}

RecoveryPlan PlanRecovery(std::span<const JobRow> rows, const LiveFacts& live, const RecoveryRules& rules) {
  Planner planner{live, rules, {}, {}, {}};
  for (const JobRow& row : rows) planner.rows.emplace(row.id, ReadRow(row));
  planner.older_duplicates = FindOlderDuplicates(planner.rows, rules);
  RecoveryPlan plan;
  for (const auto& [id, row] : planner.rows) {  // by id, so that a predecessor is decided before its successor
    if (IsFinal(row.status)) continue;
    plan.decisions.push_back(Decide(row, planner));
    planner.fates.emplace(id, plan.decisions.back().fate);
  }
  return plan;
}

}  // namespace cmdsrv
