#include "store/row_writer.hpp"

#include <array>

#include "base/time_text.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kInsertCommand =
    "insert into commands (rowid, cmd_msg, create_datetime) values (?1, ?2, ?3)";

std::string InsertCommandsSql() {
  std::string sql = "insert into commands (rowid, cmd_msg, create_datetime) values (?, ?, ?)";
  for (std::size_t i = 1; i < RowWriter::kTogether; ++i) sql += ", (?, ?, ?)";
  return sql;
}

constexpr std::string_view kInsertJob =
    "insert into jobs (rowid, cmd_rowid, cmd_step_no, depend_on_job_id, has_dependent, job_command, opt_args_json, "
    "job_pid,"
    " job_output, job_status, create_datetime, last_update_datetime)"
    " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

constexpr std::string_view kUpdateJob =
    "update jobs set job_status = coalesce(?2, job_status), last_update_datetime = coalesce(?3, last_update_datetime),"
    " job_pid = coalesce(?4, job_pid), job_output = coalesce(?5, job_output) where rowid = ?1";

constexpr std::string_view kWriteRun =
    "insert or replace into cmdsrv_runs (job_id, attempt, boot_id, start_ticks, started_us, ended_us, exit, reason,"
    " cancel_wanted, output_total, restarts_without_progress, retry_wait, retry_tries, retry_doublings,"
    " retry_pause_ms, retry_next_us, retry_waited_ms, progress, reason_code)"
    " select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19"
    " where exists (select 1 from jobs where rowid = ?1)";

constexpr std::string_view kRaiseMeta =
    "insert into cmdsrv_meta (key, value) values (?1, ?2)"
    " on conflict (key) do update set value = max(coalesce(value, 0), excluded.value)";

// The lower bound keeps rows whose date is missing or no date: nobody knows how old they are.
constexpr std::string_view kFindOldJobs =
    "select rowid from jobs as old where create_datetime between '1970' and ?1 and last_update_datetime between '1970' "
    "and ?1"
    " and job_status in ('SUCCEEDED', 'FAILED', 'CANCELLED') and not exists (select 1 from jobs where cmd_rowid = "
    "old.cmd_rowid"
    " and job_status in ('SCHEDULED', 'STARTED', 'RESTARTED')) limit ?2";

constexpr std::string_view kFindCommands =
    "select max(id) from (select rowid as id from commands where rowid > ?1 order by rowid limit ?2)";

constexpr std::string_view kDeleteCommands =
    "delete from commands where rowid > ?1 and rowid <= ?2 and create_datetime between '1970' and ?3"
    " and not exists (select 1 from jobs where cmd_rowid = commands.rowid)";

void BindTime(sqlite::Statement& statement, int index, const std::optional<WallTime>& time) {
  if (!time) return statement.BindNull(index);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time->time_since_epoch());
  statement.Bind(index, std::int64_t{micros.count()});
}

/// Most jobs are inserted before anything is known of a run.
bool HasContent(const RunRow& run) {
  return run.attempt != 0 || run.started || run.ended || run.cancel_wanted || !run.exit.empty() ||
         !run.reason.empty() || !run.boot_id.empty() || run.output_total != 0 || run.restarts_without_progress != 0 ||
         run.retry.tries != 0 || !run.progress.empty();
}

}  // namespace

Result<RowWriter> RowWriter::Prepare(sqlite::Database& database) {
  RowWriter writer;
  writer.database_ = &database;
  const std::string insert_commands = InsertCommandsSql();
  const struct {
    sqlite::Statement& statement;
    const char* what;
    std::string_view sql;
  } all[] = {
      {writer.insert_command_, "record a Command", kInsertCommand},
      {writer.insert_commands_, "record Commands", insert_commands},
      {writer.insert_job_, "record a job", kInsertJob},
      {writer.update_job_, "change a job", kUpdateJob},
      {writer.write_run_, "record the run of a job", kWriteRun},
      {writer.raise_meta_, "record the highest ids", kRaiseMeta},
      {writer.find_old_jobs_, "find old jobs", kFindOldJobs},
      {writer.delete_job_, "delete an old job", "delete from jobs where rowid = ?1"},
      {writer.delete_run_, "delete the run of an old job", "delete from cmdsrv_runs where job_id = ?1"},
      {writer.find_commands_, "find old Commands", kFindCommands},
      {writer.delete_commands_, "delete old Commands", kDeleteCommands},
  };
  for (const auto& [statement, what, sql] : all) {
    auto prepared = database.Prepare(what, sql);
    if (!prepared) return Failure(std::move(prepared).error());
    statement = std::move(*prepared);
  }
  return writer;
}

std::string_view RowWriter::D1(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (d1_second_ != second) {
    d1_prefix_ = ToD1(second);
    d1_second_ = second;
  }
  d1_ = d1_prefix_;
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - second).count();
  if (micros == 0) return d1_;
  std::array<char, 7> fraction{'.'};  // by hand: one for each Command
  for (std::size_t i = fraction.size() - 1; i > 0; --i, micros /= 10)
    fraction[i] = static_cast<char>('0' + micros % 10);
  return d1_.append(fraction.data(), fraction.size());
}

Result<void> RowWriter::InsertCommand(const CommandRow& row) {
  insert_command_.Bind(1, row.id.value);
  insert_command_.Bind(2, row.message);
  insert_command_.Bind(3, D1(row.created));
  return insert_command_.Run();
}

Result<void> RowWriter::InsertCommands(const std::deque<CommandRow>& rows, std::size_t from) {
  int index = 0;
  for (std::size_t i = 0; i < kTogether; ++i) {
    const CommandRow& row = rows[from + i];
    d1s_[i] = D1(row.created);
    insert_commands_.Bind(++index, row.id.value);
    insert_commands_.Bind(++index, row.message);
    insert_commands_.Bind(++index, d1s_[i]);
  }
  return insert_commands_.Run();
}

Result<void> RowWriter::InsertJob(const JobRow& row) {
  insert_job_.Bind(1, row.id.value);
  insert_job_.Bind(2, row.command.value);
  insert_job_.Bind(3, std::int64_t{row.step_no});
  insert_job_.Bind(4, row.depends_on ? row.depends_on.value : std::int64_t{-1});
  insert_job_.Bind(5, row.has_dependent ? "Y" : "N");
  insert_job_.Bind(6, row.job_command);
  insert_job_.Bind(7, row.options_json);
  insert_job_.Bind(8, row.pid);
  insert_job_.Bind(9, row.output);
  insert_job_.Bind(10, row.status);
  insert_job_.Bind(11, row.created_text);
  insert_job_.Bind(12, row.updated_text);
  if (auto done = insert_job_.Run(); !done) return done;
  return HasContent(row.run) ? WriteRun(row.id, row.run) : Result<void>();
}

Result<void> RowWriter::WriteRun(JobId id, const RunRow& run) {
  write_run_.Bind(1, id.value);
  write_run_.Bind(2, std::int64_t{run.attempt});
  write_run_.Bind(3, run.boot_id);
  write_run_.Bind(4, run.start_ticks);
  BindTime(write_run_, 5, run.started);
  BindTime(write_run_, 6, run.ended);
  write_run_.Bind(7, run.exit);
  write_run_.Bind(8, run.reason);
  write_run_.Bind(9, std::int64_t{run.cancel_wanted});
  write_run_.Bind(10, static_cast<std::int64_t>(run.output_total));
  write_run_.Bind(11, std::int64_t{run.restarts_without_progress});
  write_run_.Bind(12, static_cast<std::int64_t>(run.retry.wait));
  write_run_.Bind(13, std::int64_t{run.retry.tries});
  write_run_.Bind(14, std::int64_t{run.retry.doublings});
  write_run_.Bind(15, run.retry.pause_ms);
  BindTime(write_run_, 16, run.retry.next);
  write_run_.Bind(17, run.retry.waited_ms);
  write_run_.Bind(18, run.progress);
  write_run_.Bind(19, run.reason_code);
  if (auto done = write_run_.Run(); !done) return done;
  if (database_->Changes() == 0) return Fail(ErrorCode::NotFound, "cannot record the run of job {}: no such job", id);
  return {};
}

Result<void> RowWriter::Apply(const JobUpdate& update) {
  if (update.status || update.pid || update.output) {
    for (int i = 2; i <= 5; ++i) update_job_.BindNull(i);
    update_job_.Bind(1, update.id.value);
    if (update.status) {
      update_job_.Bind(2, *update.status);
      update_job_.Bind(3, D1(update.now));
    }
    if (update.pid) update_job_.Bind(4, *update.pid);
    if (update.output) update_job_.Bind(5, *update.output);
    if (auto done = update_job_.Run(); !done) return done;
    if (database_->Changes() == 0) return Fail(ErrorCode::NotFound, "cannot change job {}: no such job", update.id);
  }
  return update.run ? WriteRun(update.id, *update.run) : Result<void>();
}

Result<void> RowWriter::RaiseMeta(std::string_view key, std::int64_t value) {
  raise_meta_.Bind(1, key);
  raise_meta_.Bind(2, value);
  return raise_meta_.Run();
}

Result<std::vector<JobId>> RowWriter::DeleteJobs(std::string_view cutoff, std::int64_t limit) {
  std::vector<JobId> ids;
  find_old_jobs_.Bind(1, cutoff);
  find_old_jobs_.Bind(2, limit);
  for (;;) {
    const auto row = find_old_jobs_.Step();
    if (!row) return Failure(row.error());
    if (!*row) break;
    ids.push_back(JobId{find_old_jobs_.Integer(0)});
  }
  for (const JobId id : ids) {
    delete_job_.Bind(1, id.value);
    if (auto done = delete_job_.Run(); !done) return Failure(done.error());
    delete_run_.Bind(1, id.value);
    if (auto done = delete_run_.Run(); !done) return Failure(done.error());
  }
  return ids;
}

Result<std::optional<CommandId>> RowWriter::DeleteCommands(CommandId after, std::string_view cutoff,
                                                           std::int64_t limit) {
  find_commands_.Bind(1, after.value);
  find_commands_.Bind(2, limit);
  const auto row = find_commands_.Step();
  if (!row) return Failure(row.error());
  const bool none = !*row || find_commands_.IsNull(0);
  const CommandId last{find_commands_.Integer(0)};
  find_commands_.Reset();
  if (none) return std::optional<CommandId>();
  delete_commands_.Bind(1, after.value);
  delete_commands_.Bind(2, last.value);
  delete_commands_.Bind(3, cutoff);
  if (auto done = delete_commands_.Run(); !done) return Failure(done.error());
  return std::optional(last);
}

}  // namespace cmdsrv
