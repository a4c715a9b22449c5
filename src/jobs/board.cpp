#include "jobs/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "jobs/group_retry.hpp"
#include "jobs/job_views.hpp"
#include "platform/shim_process.hpp"

namespace cmdsrv {
namespace {

JobRecord RecordOf(const JobRow& row, JobOptions options, const CommandRow& command, int step_count) {
  JobRecord job;
  job.id = row.id;
  job.group = row.command;
  job.step_no = row.step_no;
  job.step_count = step_count;
  job.depends_on = row.depends_on;
  job.command = row.job_command;
  job.message = command.message;
  job.options = std::move(options);
  job.created = command.created;
  return job;
}

JobOptions OptionsOf(const JobPlan& plan, const StepPlan& step, const std::string& canonical,
                     std::vector<SpaceClaim> space) {
  JobOptions options;
  options.space = std::move(space);
  options.extra_vars = plan.extra_vars;
  options.service = step.service ? step.service : plan.service;
  options.argv = step.argv;
  options.cwd = plan.cwd;
  options.locks = step.locks;
  options.merge = step.merge;
  options.canonical = canonical;
  options.ansible = plan.ansible || step.ansible;
  options.full_log = plan.full_log || step.full_log;
  options.restartable = step.restartable;
  options.retry = step.retry;
  return options;
}

/// Each step of a chain has the claims of its first one. Those of the plan belong to the first chain, unless the chains
/// have their own.
std::vector<std::vector<SpaceClaim>> ClaimsOf(const JobPlan& plan) {
  const bool own = std::ranges::any_of(plan.steps, [](const StepPlan& step) { return !step.space.empty(); });
  std::vector<std::vector<SpaceClaim>> claims;
  for (const StepPlan& step : plan.steps) {
    claims.push_back(step.after && *step.after < claims.size() ? claims[*step.after] : step.space);
    if (claims.size() > 1 || own) continue;
    for (const SpaceUse& use : plan.space) claims.back().push_back(use.claim);
  }
  return claims;
}

constexpr std::chrono::seconds kChainIsRemembered{60};

OutputPiece PieceOf(const std::string& text, std::uint64_t offset, std::size_t limit) {
  const auto begin = static_cast<std::size_t>(std::min<std::uint64_t>(offset, text.size()));
  OutputPiece piece;
  piece.text = text.substr(begin, limit);
  piece.offset = begin;
  piece.next_offset = begin + piece.text.size();
  piece.total = text.size();
  return piece;
}

}  // namespace

std::vector<JobOptions> OptionsOfPlan(const JobPlan& plan, const std::string& canonical) {
  std::vector<JobOptions> options;
  auto claims = ClaimsOf(plan);
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    options.push_back(OptionsOf(plan, plan.steps[i], canonical, std::move(claims[i])));
  return options;
}

Result<std::vector<JobRow>> RowsOfPlan(const JobPlan& plan, CommandId command, std::span<const JobId> ids,
                                       std::span<const JobOptions> options, WallTime now) {
  std::vector<JobRow> rows;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const StepPlan& step = plan.steps[i];
    if (step.argv.empty() || !step.argv.front().starts_with('/')) {
      return Fail(ErrorCode::Internal, "step {} of the plan has no program with an absolute path", i + 1);
    }
    if (step.after && *step.after >= i)
      return Fail(ErrorCode::Internal, "step {} of the plan comes before what it depends on", i + 1);
    JobRow row;
    row.id = ids[i];
    row.command = command;
    row.step_no = step.after ? rows[*step.after].step_no + 1 : 1;
    if (step.after) {
      row.depends_on = ids[*step.after];
      rows[*step.after].has_dependent = true;
    }
    row.job_command = step.display.empty() ? MaskUrlCredentials(QuoteForDisplay(step.argv)) : step.display;
    row.options_json = PrintJobOptions(options[i]);
    row.status = NameOf(JobStatus::Scheduled);
    row.created_text = row.updated_text = ToD1(now);
    rows.push_back(std::move(row));
  }
  return rows;
}

Board::Board(Store& store, const Clock& clock, const MinderOptions& options, std::shared_ptr<JobTable> table,
             MinderCore& core)
    : store_(store),
      clock_(clock),
      options_(options),
      paths_{options.state_directory, options.output_directory},
      table_(std::move(table)),
      core_(core) {}

Result<Reservation> Board::Reserve(std::string canonical) {
  if (!table_->Reserve(canonical)) return Fail(ErrorCode::Duplicate, "the same command is still active");
  return Reservation([table = table_, canonical] { table->Release(canonical); }, canonical);
}

Result<std::vector<JobId>> Board::Submit(CommandRow command, JobPlan plan, Reservation reservation) {
  if (closed_) return Fail(ErrorCode::Unavailable, "the server is stopping");
  if (plan.steps.empty()) return Fail(ErrorCode::Internal, "the plan has no step");
  const std::size_t unfinished = table_->With([](JobTable::Jobs& jobs) { return jobs.size(); });
  if (unfinished + plan.steps.size() > options_.max_unfinished) {
    return Fail(ErrorCode::Refused,
                "{} jobs are not finished, and no more than {} may be; wait for some, or cancel them", unfinished,
                options_.max_unfinished);
  }
  const std::vector<JobId> ids = store_.NextJobIds(plan.steps.size());
  auto options = OptionsOfPlan(plan, reservation.Canonical());
  auto rows = RowsOfPlan(plan, command.id, ids, options, command.created);
  if (!rows) return tl::unexpected(rows.error());

  int step_count = 0;
  for (const JobRow& row : *rows) step_count = std::max(step_count, row.step_no);
  std::vector<JobRecord> jobs;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const ServiceWait service = core_.FirstServiceState(options[i], (*rows)[i].depends_on);
    const SpaceWait space = core_.FirstSpaceState(options[i], (*rows)[i].depends_on);
    jobs.push_back(RecordOf((*rows)[i], std::move(options[i]), command, step_count));
    jobs.back().stage = Waiting{.service = service};
    jobs.back().space = space;
  }
  if (auto written = store_.InsertGroup(std::move(command), std::move(*rows)); !written)
    return tl::unexpected(written.error());
  table_->Add(std::move(jobs));
  core_.Wake();
  return ids;
}

Result<CancelAnswer> Board::Cancel(JobId id) {
  if (closed_) return Fail(ErrorCode::Unavailable, "the server is stopping");
  std::optional<CancelAnswer> answer;
  std::vector<JobId> chain;
  table_->With([&](JobTable::Jobs& jobs) {
    const auto job = jobs.find(id);
    if (job == jobs.end() || std::holds_alternative<Ending>(job->second.stage)) return;
    // It will never start and is as good as ended: only the Minder has not come to it yet.
    if (job->second.cancel_wanted && std::holds_alternative<Waiting>(job->second.stage)) return;
    answer = IsActive(job->second) ? CancelAnswer::WasRunning : CancelAnswer::WasScheduled;
    chain = ChainOf(id, ListOf(jobs));
    std::vector<JobId> taken_along;
    for (const JobId member : chain) {
      if (!std::exchange(jobs.at(member).cancel_wanted, true) && member != id) taken_along.push_back(member);
    }
    RememberChain(id, taken_along);  // before anybody else can see the mark
  });
  if (!answer && WentWithItsChain(id)) return CancelAnswer::WasScheduled;
  if (!answer) return Fail(ErrorCode::NotFound, "job {} is not running or scheduled", id);
  core_.Cancel(id, std::move(chain));
  return *answer;
}

void Board::RememberChain(JobId asked, const std::vector<JobId>& taken_along) {
  const SteadyTime now = clock_.Steady();
  const std::lock_guard lock(chains_mutex_);
  std::erase_if(cancelled_, [&](const auto& entry) { return entry.second + kChainIsRemembered < now; });
  cancelled_.erase(asked);
  for (const JobId member : taken_along) cancelled_[member] = now;
}

/// Whoever ticks all steps of a Command and cancels them gets one answer a step, and each of them is what he wanted.
/// One, not more: after that the job is one that has ended.
bool Board::WentWithItsChain(JobId id) {
  {
    const std::lock_guard lock(chains_mutex_);
    const auto at = cancelled_.find(id);
    if (at == cancelled_.end()) return false;
    const bool lately = at->second + kChainIsRemembered >= clock_.Steady();
    cancelled_.erase(at);
    if (!lately) return false;
  }
  const auto row = store_.Find(id);
  if (!row) return false;
  const auto status = StatusFromName(row->status);  // it may have come to its own end before it could be told
  return status != JobStatus::Succeeded && status != JobStatus::Failed;
}

Result<std::vector<JobId>> Board::Retry(JobId id) {
  const auto job = store_.Find(id);
  if (!job) return Failure(job.error());
  auto group = store_.Group(job->command);
  if (!group) return Failure(group.error());
  auto retry = PlanGroupRetry(*group);
  if (!retry) return Failure(retry.error());
  auto reservation = Reserve(std::move(retry->canonical));
  if (!reservation) return Fail(ErrorCode::Stated, "Job  {} was sent again meanwhile; the same Command is active.", id);
  CommandRow command{store_.NextCommandId(), job->command_message.value_or(""), clock_.Wall()};
  return Submit(std::move(command), std::move(retry->plan), std::move(*reservation));
}

std::vector<SpaceClaim> Board::SpaceClaims() const {
  std::vector<SpaceClaim> claims;
  table_->With([&](JobTable::Jobs& jobs) {
    for (const JobId id : SpaceClaimants(ListOf(jobs))) {
      const JobRecord& job = jobs.at(id);
      if (job.space == SpaceWait::Short) continue;
      claims.insert(claims.end(), job.options.space.begin(), job.options.space.end());
    }
  });
  return claims;
}

ActiveSummary Board::Active() const {
  ActiveSummary summary;
  table_->With([&](JobTable::Jobs& jobs) {
    for (const auto& [id, job] : jobs) {
      if (!IsActive(job)) {
        ++summary.scheduled;
        summary.ansible_waiting = summary.ansible_waiting || job.options.ansible;
        continue;
      }
      summary.active = true;
      summary.ansible = summary.ansible || job.options.ansible;
      summary.started += job.status == JobStatus::Started ? 1 : 0;
      summary.restarted += job.status == JobStatus::Restarted ? 1 : 0;
    }
  });
  return summary;
}

std::vector<UnfinishedCommand> Board::Unfinished() const {
  std::map<CommandId, std::string> commands;
  table_->With([&](JobTable::Jobs& jobs) {
    for (const auto& [id, job] : jobs) commands.try_emplace(job.group, job.message);
  });
  std::vector<UnfinishedCommand> list;
  for (auto& [id, message] : commands) list.push_back({id, std::move(message)});
  return list;
}

Result<std::vector<JobView>> Board::List(const Store::ListQuery& query) {
  auto rows = store_.List(query);
  if (!rows) return tl::unexpected(rows.error());
  return ShowAll(std::move(*rows));
}

Result<JobView> Board::Find(JobId id) {
  auto row = store_.Find(id);
  if (!row) return tl::unexpected(row.error());
  std::vector<JobRow> rows;
  rows.push_back(std::move(*row));
  return ShowAll(std::move(rows)).front();
}

std::vector<JobView> Board::ShowAll(std::vector<JobRow> rows) {
  std::vector<JobView> views;
  std::map<JobId, LiveView> live;
  table_->With([&](JobTable::Jobs& jobs) {
    const auto list = ListOf(jobs);
    const Holdings held = HeldBy(list);
    for (const JobRow& row : rows) {
      if (const JobRecord* job = FindJob(row.id, list)) {
        live.emplace(row.id, LiveViewOf(*job, list, held, LimitsOf(options_), clock_.Steady()));
      }
    }
  });
  for (JobRow& row : rows) {
    const auto at = live.find(row.id);
    if (at == live.end() && !IsFinal(StatusFromName(row.status).value_or(JobStatus::Failed))) {
      if (auto fresh = store_.Find(row.id)) row = std::move(*fresh);  // it ended between the two looks
    }
    JobView view = ViewOf(row, at == live.end() ? nullptr : &at->second, paths_, options_.output_column_bytes);
    if (at == live.end()) view.step_count = StepCount(row, rows);
    views.push_back(std::move(view));
  }
  return views;
}

/// How many steps the chain of an ended job has. Mostly the page shows its last step; only otherwise the group is read.
int Board::StepCount(const JobRow& row, const std::vector<JobRow>& page) {
  int count = row.step_no;
  bool complete = !row.has_dependent;
  for (const JobRow& other : page) {
    if (other.command != row.command) continue;
    count = std::max(count, other.step_no);
    complete = complete || !other.has_dependent;
  }
  if (complete) return count;
  if (const auto group = store_.Group(row.command)) {
    for (const JobRow& other : *group) count = std::max(count, other.step_no);
  }
  return count;
}

JobChanges Board::Changes(std::optional<std::uint64_t> since) {
  core_.Listen();
  if (since) {
    if (auto after = Events().After(*since)) return std::move(*after);
  }
  JobChanges all{
      .seq = Events().Latest(), .snapshot = true, .changes = {}};  // first: what happens meanwhile is told again
  table_->With([&](JobTable::Jobs& jobs) {
    const auto list = ListOf(jobs);
    const Holdings held = HeldBy(list);
    const SteadyTime now = clock_.Steady();
    all.changes.reserve(list.size());
    for (const JobRecord* job : list) {
      all.changes.push_back(ChangeOf(*job, WhyNotRunning(*job, list, held, LimitsOf(options_), now)));
      all.changes.back().seq = all.seq;
    }
  });
  return all;
}

Result<JobBoard::LogPiece> Board::ReadLog(JobId id, std::uint64_t offset, std::size_t limit) {
  const auto row = store_.Find(id);
  if (!row) return tl::unexpected(row.error());
  LogPiece log;
  log.ended = IsFinal(StatusFromName(row->status).value_or(JobStatus::Failed));
  log.piece.offset = log.piece.next_offset = offset;
  std::uint64_t total = row->run.output_total;
  if (!log.ended) {
    const auto record = ReadRunRecord(paths_.Record(id));
    // Otherwise nothing was printed yet, or only by earlier tries, or it ends just now.
    if (record && record->attempt == row->run.attempt) total = record->output_total;
    if (total == 0) return log;
  }
  if (auto piece = ReadOutput(paths_.Output(id), total, offset, limit)) {
    log.piece = std::move(*piece);
  } else if (piece.error().code == ErrorCode::NotFound) {
    log.piece = PieceOf(row->output, offset, limit);  // it never ran, or the file had to make room: what the row has
  } else {
    return tl::unexpected(piece.error());
  }
  return log;
}

}  // namespace cmdsrv
