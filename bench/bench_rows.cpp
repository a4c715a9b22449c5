// The list of jobs with few and with many rows in the database, and what a waiting job costs.
//   bench_rows [--rows 100000] [--seconds 3] [--queued 1000]
#include <fmt/format.h>
#include <sqlite3.h>

#include "base/time_text.hpp"
#include "client/client.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "support/ask.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

/// Ended jobs as a busy year leaves them, two steps to a Command.
void AddRows(const std::string& path, long rows) {
  sqlite3* database = nullptr;
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) CannotMeasure("cannot open " + path);
  const std::string created = ToD1(std::chrono::system_clock::now() - std::chrono::hours(48));
  const std::string sql = fmt::format(
      "begin;"
      "with recursive n (i) as (select 1 union all select i + 1 from n where i < {0}) insert into commands"
      " (rowid, cmd_msg, create_datetime) select i, 'INST-ZIMS {{\"zim_id\":\"' || i || '\"}}', '{1}' from n;"
      "with recursive n (i) as (select 1 union all select i + 1 from n where i < {2}) insert into jobs"
      " (rowid, cmd_rowid, cmd_step_no, depend_on_job_id, has_dependent, job_command, opt_args_json, job_pid, "
      "job_output,"
      " job_status, create_datetime, last_update_datetime) select i, (i + 1) / 2, 2 - i % 2, -1, 'N',"
      " 'iiab-cmdsrv-step zim-fetch --file-ref wikipedia_en_' || i, "
      "'{{\"extra_vars\":null,\"service_required\":null}}',"
      " 4711, 'a line of output that a person may read' || char(10) || 'and a second one' || char(10), 'SUCCEEDED',"
      " '{1}', '{1}' from n;"
      "insert into cmdsrv_runs (job_id, attempt, boot_id, start_ticks, started_us, ended_us, exit, reason)"
      " select rowid, 1, 'boot', 1, 1, 2, 'exit status 0', '' from jobs;"
      "commit",
      (rows + 1) / 2, created, rows);
  char* message = nullptr;
  if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK) CannotMeasure(message);
  sqlite3_close(database);
}

/// Median microseconds of GET-JOB-STAT, one at a time, and of the newest page beside it in the same run.
double ListMicroseconds(long rows, long seconds) {
  test::TestBox box;
  {
    test::Daemon first = box.StartDaemon();  // makes the tables
    if (!first.Terminate()) CannotMeasure("the daemon does not stop");
  }
  AddRows(box.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db"), rows);
  const test::Daemon daemon = box.StartDaemon();
  const auto reply = test::Ask(daemon.Socket(), "GET-JOB-STAT");
  if (!reply || !reply->is_array() || reply->get_array().size() != 50)
    CannotMeasure("there are no 50 jobs in the list");
  LoadResult result = Load(daemon.Socket(), "GET-JOB-STAT", {1, 1}, std::chrono::seconds(seconds));
  return Median(std::move(result.latencies_us));
}

struct Queued {
  double kib = 0;        ///< a job
  double list_us = 0;    ///< GET-JOB-STAT meanwhile
  double cancel_ms = 0;  ///< from CANCEL-JOB of the last one to its reply
};

Queued MeasureQueued(long count, long seconds) {
  test::TestBox box;
  const test::Daemon daemon = box.StartDaemon();
  auto client = Client::Connect(daemon.Socket());
  if (!client) CannotMeasure(client.error().message);
  const auto submit = [&](long from, long to) {
    for (long n = from; n < to; ++n) {
      const auto reply =
          client->Ask(fmt::format(R"(TEST-JOB {{"steps": [{}]}})", 600 + n * 1e-3), std::chrono::seconds(20));
      if (!reply || reply->find("Scheduled") == std::string::npos) CannotMeasure("a job was refused");
    }
  };
  submit(0, 50);  // those that run, and whatever is needed once
  const double before = MemoryKib(daemon.Pid());
  submit(50, 50 + count);
  Queued queued;
  queued.kib = (MemoryKib(daemon.Pid()) - before) / static_cast<double>(count);
  queued.list_us = Median(Load(daemon.Socket(), "GET-JOB-STAT", {1, 1}, std::chrono::seconds(seconds)).latencies_us);
  const auto begin = SteadyClock::now();
  if (!client->Ask(fmt::format(R"(CANCEL-JOB {{"job_id": {}}})", 50 + count), std::chrono::seconds(20)))
    CannotMeasure("the cancel has no reply");
  queued.cancel_ms = Since(begin);
  return queued;
}

int Main(int argc, char** argv) {
  const long rows = NumberOption(argc, argv, "--rows", 100'000);
  const long seconds = NumberOption(argc, argv, "--seconds", 3);
  const long count = NumberOption(argc, argv, "--queued", 1000);
  PrintHead("bench_rows", "the list of jobs and the size of the database");
  test::TestBox scratch;
  const std::string echo_path = scratch.Path("/run/echo");
  const EchoServer echo(echo_path, 20'000);
  const double limit = Median(Load(echo_path, "GET-JOB-STAT", {1, 1}, std::chrono::seconds(seconds)).latencies_us);
  const double few = ListMicroseconds(1000, seconds);
  const double many = ListMicroseconds(rows, seconds);
  const Queued queued = MeasureQueued(count, seconds);
  fmt::print("{:<52} {:>8.0f} us\n", "bare ROUTER echo of 20 KB (limit)", limit);
  fmt::print("{:<52} {:>8.0f} us\n", "GET-JOB-STAT, 1,000 rows", few);
  fmt::print("{:<52} {:>8.0f} us\n", fmt::format("GET-JOB-STAT, {} rows", rows), many);
  fmt::print("{:<52} {:>8.0f} us\n", fmt::format("GET-JOB-STAT while {} jobs wait", count), queued.list_us);
  fmt::print("{:<52} {:>8.2f} KiB\n", "memory of a waiting job", queued.kib);
  fmt::print("{:<52} {:>8.2f} ms\n\n", "CANCEL-JOB of one of them", queued.cancel_ms);

  GoalAtMost(fmt::format("GET-JOB-STAT with {} rows", rows), many / 1000, 0.5, " ms");
  GoalAtMost(fmt::format("{} rows to 1,000 rows", rows), many / few, 1.2);
  GoalAtMost("memory of a waiting job", queued.kib, 8, " KiB");
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
