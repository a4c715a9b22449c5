#include "store/migrations.hpp"

#include <array>
#include <span>
#include <string>

namespace cmdsrv {
namespace {

constexpr const char* kSchema =
#include "store/schema.inc"
    ;
constexpr const char* kRetries =
#include "store/schema_2.inc"
    ;

constexpr const char* kReasonCodes =
#include "store/schema_3.inc"
    ;

/// kSteps[n] makes version n + 1 out of version n. Append only.
constexpr std::array kSteps = {kSchema, kRetries, kReasonCodes};

Result<void> RunStep(sqlite::Database& database, std::size_t step) {
  auto transaction = sqlite::Transaction::Begin(database);
  if (!transaction) return Failure(transaction.error());
  if (auto done = database.Execute("make the tables", kSteps[step]); !done) return done;
  const std::string mark = fmt::format("pragma user_version = {}", step + 1);
  if (auto done = database.Execute("write the version", mark.c_str()); !done) return done;
  return transaction->Commit();
}

Result<void> CheckSelects(sqlite::Database& database, std::span<const char* const> selects) {
  for (const char* select : selects) {
    auto statement = database.Prepare("find the expected tables and columns", select);
    if (statement) continue;
    Error error = std::move(statement).error();
    if (error.code == ErrorCode::Internal) error.code = ErrorCode::Corrupt;
    return Failure(std::move(error));
  }
  return {};
}

constexpr const char* kOurSelects[] = {
    "select key, value from cmdsrv_meta",
    "select job_id, attempt, boot_id, start_ticks, started_us, ended_us, exit, reason, cancel_wanted, output_total,"
    " restarts_without_progress, retry_wait, retry_tries, retry_doublings, retry_pause_ms, retry_next_us,"
    " retry_waited_ms, progress, reason_code from cmdsrv_runs",
};

/// No statement of ours would work on other columns.
Result<void> CheckColumns(sqlite::Database& database) {
  if (auto old = CheckOldTables(database); !old) return old;
  return CheckSelects(database, kOurSelects);
}

}  // namespace

Result<void> CheckOldTables(sqlite::Database& database) {
  constexpr const char* kSelects[] = {
      "select rowid, cmd_msg, create_datetime from commands",
      "select rowid, cmd_rowid, cmd_step_no, depend_on_job_id, has_dependent, job_command, opt_args_json, job_pid,"
      " job_output, job_status, create_datetime, last_update_datetime from jobs",
  };
  return CheckSelects(database, kSelects);
}

std::int64_t StoreVersion() { return static_cast<std::int64_t>(kSteps.size()); }

Result<void> Migrate(sqlite::Database& database, std::int64_t from) {
  for (auto step = static_cast<std::size_t>(from); step < kSteps.size(); ++step) {
    auto done = RunStep(database, step);
    if (done) continue;
    // "no such column", "there is already an index named": the tables are somebody else's.
    if (done.error().code == ErrorCode::Internal) return Fail(ErrorCode::Corrupt, "{}", done.error().message);
    return done;
  }
  return CheckColumns(database);
}

}  // namespace cmdsrv
