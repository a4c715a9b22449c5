#include "store/store_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace cmdsrv {
namespace {

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNewest = 200;

// The columns of ReadRow, in its order.
#define CMDSRV_COLUMNS                                                                                                \
  "select j.rowid, j.cmd_rowid, j.cmd_step_no, j.depend_on_job_id, j.has_dependent, j.job_command, j.opt_args_json,"  \
  " j.job_pid, j.job_output, j.job_status, j.create_datetime, j.last_update_datetime, c.rowid, c.cmd_msg, r.attempt," \
  " r.boot_id, r.start_ticks, r.started_us, r.ended_us, r.exit, r.reason, r.cancel_wanted, r.output_total,"           \
  " r.restarts_without_progress, r.retry_wait, r.retry_tries, r.retry_doublings, r.retry_pause_ms, r.retry_next_us,"  \
  " r.retry_waited_ms, r.progress, r.reason_code "

constexpr std::string_view kUnfinished =
    "with unfinished (id) as (select rowid from jobs where job_status in ('SCHEDULED', 'STARTED', "
    "'RESTARTED')) " CMDSRV_COLUMNS
    "from jobs as j left join commands as c on c.rowid = j.cmd_rowid left join cmdsrv_runs as r on r.job_id = j.rowid"
    " where j.rowid in (select id from unfinished"
    " union select p.depend_on_job_id from jobs as p where p.rowid in (select id from unfinished)) order by j.rowid";

constexpr std::string_view kList = CMDSRV_COLUMNS
    "from jobs as j cross join commands as c on c.rowid = j.cmd_rowid left join cmdsrv_runs as r on r.job_id = j.rowid"
    " where j.rowid < ?1 order by j.rowid desc limit ?2";

// Which jobs are young enough? Nearly always the newest ones, so the kNewest newest are looked at first. Only when they
// do not fill the answer, the index tells the ids (all of the window, to be sorted): then no row, and no long output,
// is read merely to learn its age.
constexpr std::string_view kFloor = "select rowid from jobs where rowid < ?1 order by rowid desc limit 1 offset ?2";

constexpr std::string_view kListNewest = CMDSRV_COLUMNS
    "from jobs as j cross join commands as c on c.rowid = j.cmd_rowid left join cmdsrv_runs as r on r.job_id = j.rowid"
    " where j.rowid < ?1 and j.rowid > ?4 and j.create_datetime >= ?3 order by j.rowid desc limit ?2";

constexpr std::string_view kListSince = CMDSRV_COLUMNS
    "from jobs as j join commands as c on c.rowid = j.cmd_rowid left join cmdsrv_runs as r on r.job_id = j.rowid"
    " where j.rowid in (select rowid from jobs indexed by cmdsrv_jobs_created where create_datetime >= ?3 and rowid < "
    "?1"
    "  and exists (select 1 from commands where commands.rowid = cmd_rowid) order by rowid desc limit ?2)"
    " order by j.rowid desc";

constexpr std::string_view kListGroup = CMDSRV_COLUMNS
    "from jobs as j cross join commands as c on c.rowid = j.cmd_rowid left join cmdsrv_runs as r on r.job_id = j.rowid"
    " where j.cmd_rowid = ?4 and j.rowid < ?1 and (?3 is null or j.create_datetime >= ?3) order by j.rowid desc limit "
    "?2";

constexpr std::string_view kFind = CMDSRV_COLUMNS
    "from jobs as j left join commands as c on c.rowid = j.cmd_rowid left join cmdsrv_runs as r on r.job_id = j.rowid"
    " where j.rowid = ?1";

constexpr std::string_view kGroup = CMDSRV_COLUMNS
    "from jobs as j left join commands as c on c.rowid = j.cmd_rowid left join cmdsrv_runs as r on r.job_id = j.rowid"
    " where j.cmd_rowid = ?1 order by j.rowid";

#undef CMDSRV_COLUMNS

std::optional<WallTime> ReadTime(const sqlite::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return WallTime(std::chrono::microseconds(row.Integer(column)));
}

RetryRow ReadRetry(const sqlite::Statement& row, int first) {
  RetryRow retry;
  const std::int64_t wait = row.Integer(first);
  if (wait == static_cast<std::int64_t>(RetryWait::Network)) retry.wait = RetryWait::Network;
  if (wait == static_cast<std::int64_t>(RetryWait::Time)) retry.wait = RetryWait::Time;
  retry.tries = static_cast<std::uint32_t>(row.Integer(first + 1));
  retry.doublings = static_cast<std::uint32_t>(row.Integer(first + 2));
  retry.pause_ms = row.Integer(first + 3);
  retry.next = ReadTime(row, first + 4);
  retry.waited_ms = row.Integer(first + 5);
  return retry;
}

RunRow ReadRun(const sqlite::Statement& row, int first) {
  RunRow run;
  run.attempt = static_cast<std::uint32_t>(row.Integer(first));
  run.boot_id = ToUtf8(row.Text(first + 1));
  run.start_ticks = row.Integer(first + 2);
  run.started = ReadTime(row, first + 3);
  run.ended = ReadTime(row, first + 4);
  run.exit = ToUtf8(row.Text(first + 5));
  run.reason = ToUtf8(row.Text(first + 6));
  run.cancel_wanted = row.Integer(first + 7) != 0;
  run.output_total = static_cast<std::uint64_t>(row.Integer(first + 8));
  run.restarts_without_progress = static_cast<std::uint32_t>(row.Integer(first + 9));
  run.retry = ReadRetry(row, first + 10);
  run.progress = ToUtf8(row.Text(first + 16));
  run.reason_code = ToUtf8(row.Text(first + 17));
  return run;
}

JobRow ReadRow(const sqlite::Statement& row) {
  JobRow job;
  job.id = JobId{row.Integer(0)};
  job.command = CommandId{row.Integer(1)};
  job.step_no = static_cast<int>(row.Integer(2));
  job.depends_on = JobId{std::max<std::int64_t>(row.Integer(3), 0)};  // -1 in the file
  job.has_dependent = row.Text(4) == "Y";
  job.job_command = ToUtf8(row.Text(5));
  job.options_json = ToUtf8(row.Text(6));
  job.pid = row.Integer(7);
  job.output = ToUtf8(row.Text(8));
  job.status = ToUtf8(row.Text(9));
  job.created_text = ToUtf8(row.Text(10));
  job.updated_text = ToUtf8(row.Text(11));
  if (!row.IsNull(12)) job.command_message = ToUtf8(row.Text(13));
  job.run = ReadRun(row, 14);
  return job;
}

}  // namespace

Result<std::unique_ptr<StoreReader>> StoreReader::Open(const std::string& path, sqlite::Database::Locking locking) {
  auto database = sqlite::Database::Open(path, locking);
  if (!database) return Failure(std::move(database).error());
  auto configured =
      database->Execute("configure the reading connection", "pragma query_only = on; pragma cache_size = -256");
  if (!configured) return Failure(std::move(configured).error());
  std::unique_ptr<StoreReader> reader(new StoreReader(std::move(*database)));
  const struct {
    sqlite::Statement& statement;
    const char* what;
    std::string_view sql;
  } all[] = {
      {reader->unfinished_, "read the unfinished jobs", kUnfinished},
      {reader->list_, "list jobs", kList},
      {reader->floor_, "list jobs", kFloor},
      {reader->list_newest_, "list jobs", kListNewest},
      {reader->list_since_, "list jobs", kListSince},
      {reader->list_group_, "list jobs", kListGroup},
      {reader->find_, "find a job", kFind},
      {reader->group_, "find the jobs of a Command", kGroup},
  };
  for (const auto& [statement, what, sql] : all) {
    auto prepared = reader->database_.Prepare(what, sql);
    if (!prepared) return Failure(std::move(prepared).error());
    statement = std::move(*prepared);
  }
  return reader;
}

Result<std::vector<JobRow>> StoreReader::ReadAll(sqlite::Statement& statement) {
  std::vector<JobRow> rows;
  for (;;) {
    const auto more = statement.Step();
    if (!more) return Failure(more.error());
    if (!*more) return rows;
    rows.push_back(ReadRow(statement));
  }
}

Result<std::vector<JobRow>> StoreReader::Unfinished() {
  const std::lock_guard lock(mutex_);
  return ReadAll(unfinished_);
}

Result<std::vector<JobRow>> StoreReader::List(const Store::ListQuery& query) {
  const std::int64_t below = query.below ? query.below.value : kMax;
  const std::int64_t limit = static_cast<std::int64_t>(std::min<std::uint64_t>(query.limit, kMax));
  const std::string since = query.since ? ToD1(*query.since) : std::string();
  const std::lock_guard lock(mutex_);
  if (!query.group && query.since) return ListSince(below, limit, since);
  sqlite::Statement& statement = query.group ? list_group_ : list_;
  statement.Bind(1, below);
  statement.Bind(2, limit);
  if (!query.group) return ReadAll(statement);
  statement.BindNull(3);
  if (query.since) statement.Bind(3, since);
  statement.Bind(4, query.group.value);
  return ReadAll(statement);
}

Result<std::vector<JobRow>> StoreReader::ListSince(std::int64_t below, std::int64_t limit, std::string_view since) {
  floor_.Bind(1, below);
  floor_.Bind(2, kNewest);
  const auto more_below = floor_.Step();
  if (!more_below) return Failure(more_below.error());
  const std::int64_t floor = *more_below ? floor_.Integer(0) : std::numeric_limits<std::int64_t>::min();
  floor_.Reset();
  for (sqlite::Statement* statement : {&list_newest_, &list_since_}) {
    statement->Bind(1, below);
    statement->Bind(2, limit);
    statement->Bind(3, since);
  }
  list_newest_.Bind(4, floor);
  auto rows = ReadAll(list_newest_);
  if (!rows || !*more_below || std::cmp_greater_equal(rows->size(), limit)) return rows;
  return ReadAll(list_since_);
}

Result<std::vector<JobRow>> StoreReader::Find(JobId id) {
  const std::lock_guard lock(mutex_);
  find_.Bind(1, id.value);
  return ReadAll(find_);
}

Result<std::vector<JobRow>> StoreReader::Group(CommandId id) {
  const std::lock_guard lock(mutex_);
  group_.Bind(1, id.value);
  return ReadAll(group_);
}

}  // namespace cmdsrv
