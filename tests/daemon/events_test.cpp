// The real daemon: news of jobs as clients at its socket get them, retries, and the same Command from many at once.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "daemon/raw_client.hpp"
#include "support/ask.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class Events : public testing::Test {
 protected:
  json::value Told(const std::string& command) {
    return Ask(box.Socket(), command, seconds(30)).value_or(json::value("no reply"));
  }

  /// Waits for the next events and remembers where to go on.
  std::vector<json::object> Next(double timeout = 20) {
    const json::value reply =
        Told(seq_ ? fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": {}}})", *seq_, timeout) : "WAIT-EVENTS"s);
    if (!reply.is_object() || !reply.get_object().contains("seq")) {
      ADD_FAILURE() << PrintJson(reply);
      return {};
    }
    seq_ = reply.at("seq").to_number<std::uint64_t>();
    snapshot_ = reply.at("snapshot").as_bool();
    std::vector<json::object> events;
    for (const json::value& event : reply.at("events").as_array()) events.push_back(event.as_object());
    return events;
  }

  /// Follows until the job is final: its statuses in order, each once, and reasons of the waits.
  std::vector<std::string> Follow(std::int64_t id) {
    std::vector<std::string> seen;
    for (int rounds = 0; rounds < 100; ++rounds) {
      for (const json::object& event : Next()) {
        if (event.at("job_id") != id || event.contains("size")) continue;
        seen.emplace_back(event.at("job_status").as_string());
        if (seen.back() == "SUCCEEDED" || seen.back() == "FAILED" || seen.back() == "CANCELLED") return seen;
      }
    }
    return seen;
  }

  std::int64_t Submit(const std::string& steps) {
    const std::string reply = PrintJson(Told("TEST-JOB {\"steps\": " + steps + "}"));
    const std::size_t at = reply.find_first_of("0123456789");
    EXPECT_NE(at, std::string::npos) << reply;
    return at == std::string::npos ? 0 : std::stoll(reply.substr(at));
  }

  TestBox box;
  Daemon daemon = box.StartDaemon();
  std::optional<std::uint64_t> seq_;
  bool snapshot_ = false;
};

TEST_F(Events, AChainIsToldFromItsBeginningToItsEnd) {
  EXPECT_TRUE(Next().empty());
  EXPECT_TRUE(snapshot_);
  const std::int64_t last = Submit("[0.1, 0]");
  const std::vector<std::string> seen = Follow(last);
  EXPECT_FALSE(snapshot_);
  EXPECT_THAT(seen, ElementsAre("SCHEDULED", "SCHEDULED", "STARTED", "SUCCEEDED"))
      << "waits for the first step, is about to start, runs, ends";
  EXPECT_TRUE(Next(0).empty()) << "nothing is told twice";
  EXPECT_TRUE(Next(0.1).empty()) << "and a wait without news ends";
}

TEST_F(Events, ASnapshotTellsWhyEachJobWaits) {
  const std::int64_t last = Submit("[60, 0]");
  std::map<std::int64_t, json::object> jobs;
  ASSERT_TRUE(WaitUntil(
      [&] {
        seq_.reset();
        jobs.clear();
        for (json::object& event : Next()) jobs.emplace(event.at("job_id").to_number<std::int64_t>(), std::move(event));
        return jobs.contains(last - 1) && jobs.at(last - 1).at("job_status") == "STARTED";
      },
      seconds(10)));
  EXPECT_EQ(PrintJson(jobs.at(last).at("reason")),
            fmt::format(R"({{"code":"job","text":"Waiting for job {}"}})", last - 1));
  Told(fmt::format("CANCEL-JOB {{\"job_id\": {}}}", last));
  EXPECT_THAT(Follow(last - 1), testing::Contains("CANCELLED"));
}

TEST_F(Events, ANumberOfBeforeARestartGivesASnapshot) {
  Next();
  const std::int64_t job = Submit("[60]");
  ASSERT_TRUE(WaitForStatus(box.Socket(), "STARTED", seconds(10)));
  const std::uint64_t before = *seq_;
  daemon.Kill9();
  ASSERT_TRUE(daemon.Restart());
  const auto jobs = Next();
  EXPECT_TRUE(snapshot_);
  EXPECT_NE(*seq_, before);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].at("job_id"), job);
  Told(fmt::format("CANCEL-JOB {{\"job_id\": {}}}", job));
}

TEST_F(Events, TwoHundredClientsWaitWithoutAWorkerAndAreWokenByOneChange) {
  Next();
  std::vector<RawClient> clients;
  const std::string wait = fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": 60}})", *seq_);
  for (int i = 0; i < 200; ++i) {
    auto client = RawClient::Connect(box.Socket());
    ASSERT_TRUE(client) << i;
    ASSERT_TRUE(client->Send({wait}));
    clients.push_back(std::move(*client));
  }
  clients.erase(clients.begin() + 180, clients.end());  // twenty go away
  EXPECT_THAT(PrintJson(Told("TEST")), HasSubstr("success")) << "others are served meanwhile";
  const std::int64_t job = Submit("[0]");
  for (RawClient& client : clients) {
    const auto reply = client.Receive();
    ASSERT_EQ(reply.size(), 1U);
    const auto value = ParseJson(reply[0]);
    ASSERT_TRUE(value) << reply[0];
    EXPECT_EQ(value->at("events").at(0).at("job_id"), job) << reply[0];
  }
  EXPECT_TRUE(daemon.IsRunning());
}

TEST_F(Events, StatisticsCountWhatHappened) {
  Follow(Submit("[-1]"));
  auto client = RawClient::Connect(box.Socket());
  ASSERT_TRUE(client && client->Send({fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": 60}})", *seq_)}));
  json::value stats;
  EXPECT_TRUE(WaitUntil(
      [&] {
        stats = Told("GET-STATS");
        return stats.at("queues").at("waiting_clients") == 1;
      },
      seconds(10)))
      << PrintJson(stats);
  EXPECT_EQ(stats.at("jobs").at("FAILED"), 1);
  EXPECT_EQ(stats.at("commands").at("verbs").at("TEST-JOB"), 1);
  EXPECT_GT(stats.at("latency_ms").at("quick").at("count").to_number<std::int64_t>(), 0);
  EXPECT_GT(stats.at("memory").at("resident_k").to_number<std::int64_t>(), 1000);
}

TEST_F(Events, AStopAnswersWhoeverWaits) {
  Next();
  auto client = RawClient::Connect(box.Socket());
  ASSERT_TRUE(client && client->Send({fmt::format(R"(WAIT-EVENTS {{"since": {}, "timeout": 200}})", *seq_)}));
  EXPECT_THAT(PrintJson(Told("TEST")), HasSubstr("success"));
  const auto end = daemon.Terminate();
  ASSERT_TRUE(end && end->exited) << "it does not wait for its clients";
  const auto reply = client->Receive();
  ASSERT_EQ(reply.size(), 1U);
  EXPECT_THAT(reply[0], HasSubstr("\"events\":[]"));
}

TEST_F(Events, ARetryRunsWhatDidNotSucceedAndNothingElse) {
  Next();
  const std::int64_t last = Submit("[0, -3, 0]");
  EXPECT_THAT(Follow(last), testing::Contains("CANCELLED"));
  const json::value reply = Told(fmt::format("RETRY-JOB {{\"job_id\": {}}}", last));
  EXPECT_EQ(PrintJson(reply), fmt::format(R"({{"Success":"Job  {} Scheduled."}})", last + 2)) << "two of three steps";
  EXPECT_THAT(Follow(last + 2), testing::Contains("CANCELLED")) << "the step fails again";
  EXPECT_THAT(PrintJson(Told("RETRY-JOB {\"job_id\": 999999}")), HasSubstr("There is no Job  999999."));
  const std::int64_t good = Submit("[0]");
  Follow(good);
  EXPECT_THAT(PrintJson(Told(fmt::format("RETRY-JOB {{\"job_id\": {}}}", good))), HasSubstr("nothing to retry"));
}

TEST_F(Events, OfManyEqualCommandsAtOneInstantOneIsAccepted) {
  constexpr int kClients = 24;
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) {
    auto client = RawClient::Connect(box.Socket());
    ASSERT_TRUE(client);
    clients.push_back(std::move(*client));
  }
  for (RawClient& client : clients) ASSERT_TRUE(client.Send({R"(TEST-JOB {"steps": [30]})"}));
  int accepted = 0;
  for (RawClient& client : clients) {
    const auto reply = client.Receive();
    ASSERT_EQ(reply.size(), 1U);
    if (reply[0].find("Scheduled.") != std::string::npos) {
      ++accepted;
    } else {
      EXPECT_EQ(reply[0], R"({"Error": "TEST-JOB {steps: [30]} duplicates an Active Command"})");
    }
  }
  EXPECT_EQ(accepted, 1);
  Told("CANCEL-JOB {\"job_id\": 1}");
}

TEST(MergedIndex, ManyRequestsThatWaitAreDoneByOneRun) {
  TestBox box;
  box.Configure({{"cmdsrv_max_concurrent_jobs", 1}});
  const Daemon daemon = box.StartDaemon();
  const auto tell = [&](const std::string& command) {
    return AskText(box.Socket(), command, seconds(30)).value_or("no reply");
  };
  EXPECT_THAT(tell(R"(TEST-JOB {"steps": [1]})"), HasSubstr("Scheduled"));
  constexpr int kRequests = 5;
  const std::string content = box.Path("/library/zims/content/");
  for (int i = 0; i < kRequests; ++i) {
    std::ofstream(content + fmt::format("gone_{}.zim", i)) << "no longer wanted";
    EXPECT_THAT(tell(fmt::format(R"(DEL-CONTENT {{"device": "internal", "content": {{"zims": ["gone_{}"]}}}})", i)),
                HasSubstr("\"Success\""));
  }
  const auto jobs = WaitForJobs(box.Socket(), kRequests + 1, seconds(60));
  ASSERT_TRUE(jobs) << jobs.error().message;
  int runs = 0, merged = 0;
  for (const JobRow& job : *jobs) {
    EXPECT_EQ(job.status, "SUCCEEDED") << Describe(*jobs);
    runs += job.all.at("started_at").is_null() ? 0 : 1;
    merged += job.all.at("reason").at("code") == "merged" ? 1 : 0;
  }
  EXPECT_EQ(runs, 2) << "the first job, and one index for all\n" << Describe(*jobs);
  EXPECT_EQ(merged, kRequests - 1);
}

}  // namespace
}  // namespace cmdsrv::test
