#include "commands/server_stats.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "commands/fake_box.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

TEST(Durations, PartsAreTheUpperEndsOfNarrowClasses) {
  Durations durations;
  EXPECT_EQ(durations.Describe().at("median"), nullptr);
  for (int i = 0; i < 90; ++i) durations.Add(1ms);
  for (int i = 0; i < 9; ++i) durations.Add(50ms);
  durations.Add(2s);
  const json::object parts = durations.Describe();
  EXPECT_EQ(parts.at("count"), 100);
  EXPECT_GE(parts.at("median").as_double(), 1.0);
  EXPECT_LE(parts.at("median").as_double(), 1.2);
  EXPECT_GE(parts.at("p95").as_double(), 50.0);
  EXPECT_LE(parts.at("p95").as_double(), 60.0);
  EXPECT_LE(parts.at("p99").as_double(), 60.0);
  EXPECT_EQ(parts.at("most").as_double(), 2000.0);
}

TEST(Durations, NothingIsTooShortOrTooLong) {
  Durations durations;
  for (const auto duration : {-1h, 0h, 10000h}) durations.Add(duration);
  EXPECT_EQ(durations.Describe().at("count"), 3);
  EXPECT_GT(durations.Describe().at("p99").as_double(), 1e6);
}

TEST(ServerStats, VerbsAreCountedFromManyThreads) {
  ServerStats stats;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) stats.Note(FindCommand("TEST"), ServerStats::End::Answered, 1us);
    });
  }
  for (std::thread& thread : threads) thread.join();
  stats.Note(FindCommand("INST-ZIMS"), ServerStats::End::Refused, 1s);
  stats.Note(nullptr, ServerStats::End::Refused, 1us);
  const json::object all = stats.Describe();
  EXPECT_EQ(PrintJson(all.at("commands").at("verbs")), R"({"INST-ZIMS":1,"TEST":4000})");
  EXPECT_EQ(all.at("commands").at("unknown"), 1);
  EXPECT_EQ(all.at("latency_ms").at("slow").at("count"), 1);
  EXPECT_EQ(all.at("latency_ms").at("quick").at("count"), 4001);
}

TEST(GetStats, HasAllItsParts) {
  FakeBox box;
  box.board.active = {.active = true, .ansible = false, .started = 2, .restarted = 0, .scheduled = 5};
  JobChange ended;
  ended.status = JobStatus::Failed;
  box.board.events.Push({ended, ended});
  box.stats.queues = [] { return ServerStats::Queues{3, 4}; };
  box.stats.waiting_clients = 7;
  const auto reply = ParseJson(TextOf(box.Ask("GET-STATS")));
  ASSERT_TRUE(reply);
  EXPECT_EQ(PrintJson(reply->at("jobs")),
            R"({"SCHEDULED":5,"STARTED":2,"RESTARTED":0,"SUCCEEDED":0,"FAILED":2,"CANCELLED":0})");
  EXPECT_EQ(PrintJson(reply->at("queues")), R"({"quick":3,"slow":4,"waiting_clients":7})");
  EXPECT_GT(reply->at("memory").at("resident_k").as_int64(), 100);
  EXPECT_GE(reply->at("memory").at("threads").as_int64(), 1);
  EXPECT_GT(reply->at("disk").at("library_free_k").to_number<std::int64_t>(), 0);
  EXPECT_EQ(reply->at("uptime_s"), 0);
}

}  // namespace
}  // namespace cmdsrv
