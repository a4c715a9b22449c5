#include "store/pruner.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/time_text.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kStore{"store"};
constexpr std::int64_t kJobsAtOnce = 100;  // each may drag a MiB of output along
constexpr std::int64_t kCommandsAtOnce = 2000;

}  // namespace

void Pruner::Begin(PruneRequest request, WallTime now, int jobs_days, int commands_days) {
  const auto before = [now](int days) { return days > 0 ? ToD1(now - std::chrono::days(days)) : std::string(); };
  waiting_.push_back(std::move(request));
  now_ = now;
  jobs_before_ = before(jobs_days);
  commands_before_ = before(commands_days);
  last_command_ = CommandId{};
  phase_ = Phase::Jobs;
}

void Pruner::Step(sqlite::Database& database, RowWriter& rows, const HighestIds& ids) {
  const std::size_t deleted_before = deleted_jobs_.size();
  const auto piece = [&]() -> Result<void> {
    auto transaction = sqlite::Transaction::Begin(database);
    if (!transaction) return Failure(transaction.error());
    if (auto done = rows.RaiseMeta("last_command_id", ids.command); !done) return done;
    if (auto done = rows.RaiseMeta("last_job_id", ids.job); !done) return done;
    auto done = phase_ == Phase::Jobs ? DeleteSomeJobs(rows) : DeleteSomeCommands(rows);
    return done ? transaction->Commit() : done;
  };
  if (auto done = piece(); !done) {
    deleted_jobs_.resize(deleted_before);
    log::Error(kStore, "cannot delete old rows: {}; tried again with the next daily round", done.error().message);
    return Abandon(done.error());
  }
  if (!phase_ends_) return;
  if (phase_ == Phase::Jobs) {
    AnswerAll();
    phase_ = Phase::Commands;
  } else {
    phase_ = Phase::Nothing;
  }
}

Result<void> Pruner::DeleteSomeJobs(RowWriter& rows) {
  phase_ends_ = true;
  if (jobs_before_.empty()) return {};
  auto deleted = rows.DeleteJobs(jobs_before_, kJobsAtOnce);
  if (!deleted) return Failure(std::move(deleted).error());
  phase_ends_ = std::cmp_less(deleted->size(), kJobsAtOnce);
  deleted_jobs_.insert(deleted_jobs_.end(), deleted->begin(), deleted->end());
  return {};
}

Result<void> Pruner::DeleteSomeCommands(RowWriter& rows) {
  phase_ends_ = true;
  if (commands_before_.empty()) return {};
  auto last = rows.DeleteCommands(last_command_, commands_before_, kCommandsAtOnce);
  if (!last) return Failure(std::move(last).error());
  phase_ends_ = !last->has_value();
  if (last->has_value()) last_command_ = **last;
  return {};
}

void Pruner::AnswerAll() {
  for (const PruneRequest& request : std::exchange(waiting_, {})) request.done(PrunedRows{deleted_jobs_, now_});
  deleted_jobs_.clear();
}

void Pruner::Abandon(const Error& error) {
  for (const PruneRequest& request : std::exchange(waiting_, {})) request.done(Failure(error));
  deleted_jobs_.clear();
  phase_ = Phase::Nothing;
}

}  // namespace cmdsrv
