// How long jobs take through the real daemon, and how many a second, beside what nobody can beat: posix_spawn and wait
// of the same step program, and synced SQLite commits on the same file system (one per submit, one per end).
//   bench_jobs [--rounds 30] [--jobs 1000] [--clients 4]
#include <fmt/format.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/time_text.hpp"
#include "client/client.hpp"
#include "load.hpp"
#include "measure.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::bench {
namespace {

double WallMs(WallTime time) { return std::chrono::duration<double, std::milli>(time.time_since_epoch()).count(); }

std::string_view Text(const json::value& row, std::string_view key) { return TextMember(row.get_object(), key); }

/// "2026-05-01T12:34:56.123+02:00" → milliseconds; the zone is ours.
double WallMsOf(const json::value& row, std::string_view key) {
  const auto time = FromD1(std::string(Text(row, key).substr(0, 23)) + "000");
  if (!time) CannotMeasure(fmt::format("a job that ended has no {}", key));
  return WallMs(*time);
}

/// One connection for many questions.
class Server {
 public:
  explicit Server(const std::string& socket) : client_(Connect(socket)) {}

  std::string Ask(const std::string& command) {
    auto reply = client_.Ask(command, std::chrono::seconds{20});
    if (!reply) CannotMeasure(reply.error().message);
    return std::move(*reply);
  }

  /// Rows of GET-JOB-STAT, newest first.
  json::array Rows(long long below = 0) {
    auto reply =
        ParseJson(Ask(below > 0 ? fmt::format(R"(GET-JOB-STAT {{"last_rowid": {}}})", below) : "GET-JOB-STAT"));
    if (!reply || !reply->is_array()) CannotMeasure("GET-JOB-STAT gave no list");
    return std::move(reply->get_array());
  }

  /// The job that the reply names.
  long long Submit(const std::string& command) {
    const std::string reply = Ask(command);
    const std::size_t at = reply.find_first_of("0123456789");
    if (!reply.starts_with(R"({"Success")") || at == std::string::npos) CannotMeasure("refused: " + reply);
    return std::strtoll(reply.c_str() + at, nullptr, 10);
  }

 private:
  static Client Connect(const std::string& socket) {
    auto client = Client::Connect(socket);
    if (!client) CannotMeasure(client.error().message);
    return std::move(*client);
  }
  Client client_;
};

bool IsFinal(const json::value& row) {
  const std::string_view status = Text(row, "job_status");
  return status != "SCHEDULED" && status != "STARTED" && status != "RESTARTED";
}

void MustSucceed(const json::value& row) {
  if (Text(row, "job_status") != "SUCCEEDED") CannotMeasure(fmt::format("a job did not succeed: {}", PrintJson(row)));
}

struct Times {
  double started_ms = 0;  ///< from sending to the recorded start, at most: the record has whole milliseconds
  double ended_ms = 0;    ///< from sending until GET-JOB-STAT says that the last job has ended
};

Times RunChain(Server& server, const std::string& steps) {
  const double wall = WallMs(std::chrono::system_clock::now());
  const auto begin = SteadyClock::now();
  const long long last = server.Submit(fmt::format(R"(TEST-JOB {{"steps": {}}})", steps));
  for (;;) {
    const json::array rows = server.Rows(last + 1);
    const double elapsed = Since(begin);
    if (!rows.empty() && IsFinal(rows[0])) {
      MustSucceed(rows[0]);
      return {.started_ms = WallMsOf(rows[0], "started_at") + 1 - wall, .ended_ms = elapsed};
    }
    if (elapsed > 20'000) CannotMeasure("a job did not end within 20 s");
    std::this_thread::sleep_for(
        std::chrono::milliseconds{1});  // between two looks, so that the daemon is not disturbed
  }
}

Times MedianOf(Server& server, const std::string& steps, long rounds) {
  std::vector<double> started, ended;
  for (long round = 0; round < rounds; ++round) {
    const Times times = RunChain(server, steps);
    started.push_back(times.started_ms);
    ended.push_back(times.ended_ms);
  }
  return {.started_ms = Median(started), .ended_ms = Median(ended)};
}

double SpawnOnce() {
  std::string program = test::BuiltProgram("libexec/iiab-cmdsrv-step"), verb = "test-job", seconds = "0";
  char* const argv[] = {program.data(), verb.data(), seconds.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", 1, 0);
  const auto begin = SteadyClock::now();
  pid_t pid = 0;
  int status = -1;
  if (posix_spawn(&pid, program.c_str(), &quiet, nullptr, argv, environ) == 0) waitpid(pid, &status, 0);
  posix_spawn_file_actions_destroy(&quiet);
  if (status != 0) CannotMeasure(program + " test-job 0 failed");
  return Since(begin);
}

/// Milliseconds of `count` runs of the step, on all cores.
double SpawnMany(long count) {
  std::atomic<long> left = count;
  std::vector<std::thread> threads;
  threads.reserve(std::size_t{2} * std::max(1U, std::thread::hardware_concurrency()));
  const auto begin = SteadyClock::now();
  for (unsigned i = 0; i < 2 * std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&left] {
      while (left.fetch_sub(1) > 0) SpawnOnce();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return Since(begin);
}

/// Milliseconds of `count` synced commits of one small row each, one after the other.
double CommitMany(const std::string& path, long count) {
  sqlite3* database = nullptr;
  const auto run = [&](const char* sql) {
    if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) CannotMeasure(sqlite3_errmsg(database));
  };
  sqlite3_open(path.c_str(), &database);
  run("pragma journal_mode=wal; pragma synchronous=full; create table t (a text)");
  const auto begin = SteadyClock::now();
  for (long i = 0; i < count; ++i)
    run("insert into t values ('a row about as long as the row of a job with its times')");
  const double elapsed = Since(begin);
  sqlite3_close(database);
  return elapsed;
}

/// Milliseconds from the first submit to the last recorded end of `count` lone jobs, all of which succeeded.
double RunMany(const std::string& socket, long count, long clients) {
  Server server(socket);
  const long long before = server.Submit(R"(TEST-JOB {"steps": [0]})");
  std::atomic<long> next = 0;
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(clients));
  const double begin = WallMs(std::chrono::system_clock::now());
  for (long client = 0; client < clients; ++client) {
    threads.emplace_back([&] {
      Server own(socket);
      // Each sleeps a nanosecond longer, so that no two are the same Command.
      for (long n = next++; n < count; n = next++) own.Submit(fmt::format(R"(TEST-JOB {{"steps": [{}e-9]}})", n + 1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  fmt::print("  all {} submitted (each synced) after {:.0f} ms\n", count,
             WallMs(std::chrono::system_clock::now()) - begin);
  const bool ended = test::WaitUntil(
      [&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        // The newest page alone says nothing about an older job that still runs.
        return std::ranges::all_of(server.Rows(), IsFinal) &&
               server.Ask("GET-JOB-ACTIVE-SUM").find("STARTED") == std::string::npos;
      },
      test::seconds(120));
  if (!ended) CannotMeasure("not all jobs ended within 120 s");
  double last = 0;
  long found = 0;
  for (long long below = 0;;) {
    const json::array rows = server.Rows(below);
    for (const json::value& row : rows) {
      below = row.get_object().at("job_id").to_number<long long>();
      if (below <= before) break;
      MustSucceed(row);
      last = std::max(last, WallMsOf(row, "ended_at"));
      ++found;
    }
    if (rows.empty() || below <= before) break;
  }
  if (found != count) CannotMeasure(fmt::format("{} of {} jobs are in the list", found, count));
  return last - begin;
}

int Main(int argc, char** argv) {
  const long rounds = NumberOption(argc, argv, "--rounds", 30);
  const long jobs = NumberOption(argc, argv, "--jobs", 1000);
  const long clients = NumberOption(argc, argv, "--clients", 4);
  PrintHead("bench_jobs", "jobs of the daemon beside bare posix_spawn of the same step and bare synced SQLite commits");
  test::TestBox box;
  const test::Daemon daemon = box.StartDaemon();

  std::vector<double> spawns;
  spawns.reserve(static_cast<std::size_t>(rounds));
  for (long round = 0; round < rounds; ++round) spawns.push_back(SpawnOnce());
  const double spawn = Median(spawns);
  const double commit = CommitMany(box.Path("/limit1.db"), 200) / 200;
  const double bare = spawn + 2 * commit;
  Server server(box.Socket());
  MedianOf(server, "[0]", 3);  // warms the caches of both
  const Times lone = MedianOf(server, "[0]", rounds);
  const Times chain = MedianOf(server, "[0, 0, 0]", rounds);
  fmt::print("{:<40} {:>10} {:>10} {:>6}\n", fmt::format("median of {}", rounds), "daemon", "limit", "ratio");
  fmt::print("{:<40} {:>7.2f} ms {:>7.2f} ms {:>6.1f}\n", "lone job, submit to started (at most)", lone.started_ms,
             commit, lone.started_ms / commit);
  fmt::print("{:<40} {:>7.2f} ms {:>7.2f} ms {:>6.1f}\n", "lone job, submit to ended", lone.ended_ms, bare,
             lone.ended_ms / bare);
  fmt::print("{:<40} {:>7.2f} ms {:>7.2f} ms {:>6.1f}\n", "chain of 3, submit to ended", chain.ended_ms,
             3 * spawn + 4 * commit, chain.ended_ms / (3 * spawn + 4 * commit));
  fmt::print("  (limit: one spawn of the step {:.2f} ms, one commit {:.2f} ms)\n\n", spawn, commit);

  const double spawn_ms = SpawnMany(jobs), commit_ms = CommitMany(box.Path("/limit2.db"), 2 * jobs);
  const double limit = 1000.0 * static_cast<double>(jobs) / (spawn_ms + commit_ms);
  const double rate = 1000.0 * static_cast<double>(jobs) / RunMany(box.Socket(), jobs, clients);
  fmt::print("{:<40} {:>8.0f}/s {:>8.0f}/s {:>6.2f}\n", fmt::format("{} jobs, {} clients", jobs, clients), rate, limit,
             rate / limit);
  fmt::print("  (limit: {:.0f} ms of spawns on all cores and {:.0f} ms of commits)\n\n", spawn_ms, commit_ms);

  GoalAtMost("lone job, submit to started", lone.started_ms, 5, " ms");
  GoalAtMost("lone job, submit to ended", lone.ended_ms, 15, " ms");
  GoalAtMost("chain of 3, submit to ended", chain.ended_ms, 30, " ms");
  GoalAtLeast(fmt::format("{} jobs", jobs), rate, 300, " jobs/s");
  GoalAtLeast(fmt::format("{} jobs, part of the limit", jobs), rate / limit, 0.3);
  return 0;
}

}  // namespace
}  // namespace cmdsrv::bench

int main(int argc, char** argv) { return cmdsrv::bench::Main(argc, argv); }
