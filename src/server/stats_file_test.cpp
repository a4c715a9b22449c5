#include "server/stats_file.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>

#include "base/json.hpp"
#include "commands/stats_text.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using test::Eventually;
using test::Slurp;
using ::testing::HasSubstr;
using ::testing::Not;

class StatsFileTest : public ::testing::Test {
 protected:
  std::string Path() const { return scratch_ / "stats.prom"; }
  bool Becomes(const std::string& text) const {
    return Eventually([&] { return Slurp(Path()) == text; }, 30s);
  }
  std::function<std::string()> Count() {
    return [this] { return std::to_string(++written_); };
  }

  test::ScratchDirectory scratch_;
  std::atomic<int> written_{0};
};

TEST_F(StatsFileTest, IsWrittenAtTheStartAndAfterWhatHappened) {
  StatsFile file(Path(), Count(), 1ms);
  EXPECT_TRUE(Becomes("1"));
  file.Touch();
  EXPECT_TRUE(Becomes("2"));
}

TEST_F(StatsFileTest, ManyEventsMakeOneWrite) {
  StatsFile file(Path(), Count(), 1h);
  EXPECT_TRUE(Becomes("1"));
  for (int i = 0; i < 100'000; ++i) file.Touch();
  EXPECT_EQ(written_, 1) << "the next one comes in an hour";
}

TEST_F(StatsFileTest, IsGoneWhenTheServerHasStopped) {
  StatsFile file(Path(), Count(), 1ms);
  EXPECT_TRUE(Becomes("1"));
  file.Stop();
  EXPECT_FALSE(std::filesystem::exists(Path()));
  file.Touch();
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

TEST_F(StatsFileTest, OffMeansThatNothingIsWritten) {
  StatsFile file({}, Count(), 0ms);
  EXPECT_FALSE(file.IsOn());
  file.Touch();
  file.Stop();
  EXPECT_EQ(written_, 0);
}

TEST_F(StatsFileTest, AFolderThatIsNotThereIsSaidOnceAndTriedAgain) {
  const std::string folder = scratch_ / "later";
  StatsFile file(folder + "/stats.prom", Count(), 1ms);
  EXPECT_TRUE(Eventually([&] { return written_ == 1; }, 30s));
  std::filesystem::create_directory(folder);
  EXPECT_TRUE(Eventually(
      [&] {
        file.Touch();
        return !Slurp(folder + "/stats.prom").empty();
      },
      30s));
}

TEST_F(StatsFileTest, ThePathIsAKeyOfTheConfiguration) {
  const Root machine;
  const auto path_of = [&](const char* text) {
    const auto settings = ParseSettings(machine, "/x", text);
    return StatsPath(*settings, machine);
  };
  EXPECT_EQ(path_of("{}"), "");
  EXPECT_EQ(path_of(R"({"cmdsrv_conf": {"stats_file": ""}})"), "");
  EXPECT_EQ(path_of(R"({"cmdsrv_conf": {"stats_file": "/run/cmdsrv.prom"}})"), "/run/cmdsrv.prom");
  for (const char* wrong : {"7", R"("relative.prom")", R"("/")", R"("/run/")", R"("/run/\u0000")"}) {
    EXPECT_EQ(path_of((std::string(R"({"cmdsrv_conf": {"stats_file": )") + wrong + "}}").c_str()), "") << wrong;
  }
  const auto in_box = Root::At(scratch_.Path());
  ASSERT_TRUE(in_box);
  const auto settings = ParseSettings(*in_box, "/x", R"({"cmdsrv_conf": {"stats_file": "/run/cmdsrv.prom"}})");
  EXPECT_EQ(StatsPath(*settings, *in_box), scratch_ / "run/cmdsrv.prom");
}

TEST(StatsForPrometheus, SaysWhatTheReplySays) {
  const auto stats = ParseJson(R"({
    "commands": {"answered": 812, "refused": 3, "waited": 40, "unknown": 1, "verbs": {"GET-JOB-STAT": 640}},
    "latency_ms": {"quick": {"count": 815, "median": 0.5, "p95": 2, "p99": null, "most": 3000},
                   "slow": {"count": 0, "median": null}},
    "queues": {"quick": 2, "slow": 0, "waiting_clients": 5},
    "jobs": {"SCHEDULED": 4, "STARTED": 1, "RESTARTED": 0, "SUCCEEDED": 7, "FAILED": 0, "CANCELLED": 0},
    "memory": {"resident_k": 5120, "threads": 12}, "disk": {"database_k": 10, "library_free_k": null},
    "uptime_s": 86400})");
  ASSERT_TRUE(stats);
  const std::string text = StatsForPrometheus(stats->get_object());
  for (const char* line :
       {"# TYPE iiab_cmdsrv_commands_total counter\n", "iiab_cmdsrv_commands_total{result=\"answered\"} 812\n",
        "iiab_cmdsrv_unknown_commands_total 1\n", "iiab_cmdsrv_verb_commands_total{verb=\"GET-JOB-STAT\"} 640\n",
        "iiab_cmdsrv_latency_seconds{lane=\"quick\",part=\"most\"} 3\n", "iiab_cmdsrv_waiting_clients 5\n",
        "iiab_cmdsrv_jobs{status=\"SCHEDULED\"} 4\n", "iiab_cmdsrv_ended_jobs_total{status=\"SUCCEEDED\"} 7\n",
        "iiab_cmdsrv_resident_bytes 5242880\n", "iiab_cmdsrv_database_bytes 10240\n",
        "iiab_cmdsrv_uptime_seconds 86400\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("p99"))) << "null is no number";
  EXPECT_THAT(text, Not(HasSubstr("place=\"library\"")));
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace cmdsrv
