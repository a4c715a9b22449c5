// kill -9 of the daemon, again and again, while seven downloads run: no download is started again or lost, every end is
// recorded once, the limit of running jobs holds.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <random>
#include <set>

#include "support/ask.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

constexpr int kDownloads = 9;  // two more than may run at once
constexpr int kLimit = 7;
constexpr int kKills = 20;

std::string FileRef(int number) { return fmt::format("kill{}_en_all_maxi_2026-01", number); }
std::string PathOf(int number) { return fmt::format("/zim/other/{}.zim", FileRef(number)); }

BoxOptions BoxOfDownloads() {
  std::vector<ZimSpec> mirrored;
  for (int i = 1; i <= kDownloads; ++i) {
    mirrored.push_back({.file_ref = FileRef(i), .payload_bytes = 3U << 20U, .seed = static_cast<std::uint64_t>(i)});
  }
  return SmallBox(std::move(mirrored));
}

/// One row a job, as the database has it when nobody writes any more.
struct Stored {
  std::string status;
  long long attempts = 0;
};

std::map<long long, Stored> ReadDatabase(const std::string& path) {
  std::map<long long, Stored> rows;
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  const char* sql = "select jobs.rowid, job_status, attempt from jobs join cmdsrv_runs on job_id = jobs.rowid";
  EXPECT_EQ(sqlite3_prepare_v2(database, sql, -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* status = reinterpret_cast<const char*>(sqlite3_column_text(statement, 1));
    rows[sqlite3_column_int64(statement, 0)] = {status == nullptr ? "" : status, sqlite3_column_int64(statement, 2)};
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return rows;
}

long long Running(const std::string& socket) {
  const auto sum = Ask(socket, "GET-JOB-ACTIVE-SUM");
  if (!sum) return -1;
  const json::value* started = sum->get_object().if_contains("STARTED");
  EXPECT_EQ(sum->get_object().if_contains("RESTARTED"), nullptr) << "a download was started again";
  return started == nullptr ? 0 : started->to_number<long long>();
}

class Kill9 : public testing::Test {
 protected:
  void SubmitAll(const std::string& socket) {
    for (int i = 1; i <= kDownloads; ++i) {
      const std::string command = fmt::format(R"(INST-ZIMS {{"zim_id": "{}"}})", UuidOf(i));
      const auto reply = Ask(socket, command);
      ASSERT_TRUE(reply) << reply.error().message;
      ASSERT_TRUE(reply->get_object().contains("Success")) << PrintJson(*reply);
    }
  }

  std::string UuidOf(int number) {
    const auto facts = ReadZimFacts(fmt::format("{}/internet/zim/other/{}.zim", box_.Root(), FileRef(number)));
    return facts ? facts->uuid : facts.error().message;
  }

  TestBox box_{BoxOfDownloads()};
};

TEST_F(Kill9, LosesAndRepeatsNothing) {
  BoxServer& internet = box_.Internet();
  box_.Configure({{"cmdsrv_max_concurrent_jobs", kLimit}});
  internet.Set({.fault = Fault::Slow, .path = "/zim/other/*", .rate = 320U << 10U});
  Daemon daemon = box_.StartDaemon();
  SubmitAll(daemon.Socket());
  ASSERT_TRUE(WaitUntil([&] { return Running(daemon.Socket()) == kLimit; }, seconds(10)));

  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> moment(0, 250);
  for (int kill = 0; kill < kKills; ++kill) {
    // The moment of the kill is what varies: some time after the start, with whatever is under way then.
    const auto until = std::chrono::steady_clock::now() + milliseconds(moment(random));
    while (std::chrono::steady_clock::now() < until) EXPECT_LE(Running(daemon.Socket()), kLimit);
    daemon.Kill9();
    const auto restarted = daemon.Restart();
    ASSERT_TRUE(restarted) << restarted.error().message;
  }
  internet.Clear();  // full speed from here on

  const auto jobs = WaitForJobs(daemon.Socket(), 2 * kDownloads, seconds(240));
  ASSERT_TRUE(jobs) << jobs.error().message;
  for (const JobRow& job : *jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe({job});
  ASSERT_EQ(jobs->size(), 2U * kDownloads);
  const auto ended = daemon.Terminate();
  ASSERT_TRUE(ended && ended->exited && ended->status == 0);

  const auto rows = ReadDatabase(box_.Path("/opt/admin/cmdsrv/cmdsrv.0.3.db"));
  EXPECT_EQ(rows.size(), 2U * kDownloads);
  for (const auto& [id, row] : rows) {
    EXPECT_EQ(row.status, "SUCCEEDED") << "job " << id;
    EXPECT_EQ(row.attempts, 1) << "job " << id;
  }
  for (int i = 1; i <= kDownloads; ++i) {
    const auto facts = ReadZimFacts(fmt::format("{}/internet/zim/other/{}.zim", box_.Root(), FileRef(i)));
    ASSERT_TRUE(facts);
    const PathTraffic traffic = internet.TrafficOf(PathOf(i));
    EXPECT_LE(traffic.bytes_sent, facts->bytes + facts->bytes / 10) << PathOf(i) << " was fetched more than once";
    EXPECT_TRUE(IsSoundZim(fmt::format("{}/library/zims/content/{}.zim", box_.Root(), FileRef(i))));
  }
}

}  // namespace
}  // namespace cmdsrv::test
