#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "server/router_fixture.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

TEST_F(RouterTest, AnswersBareVerbsOfTheInstantLaneItself) {
  hooks_.instant = [router = std::this_thread::get_id()](const Request& request) {
    EXPECT_EQ(std::this_thread::get_id(), router);
    if (request.text == "LIST-COMMANDS") throw std::runtime_error("a bug");
    return Executed{"at once " + request.text};
  };
  Incoming("bare", kWeb, {"", "GET-HEALTH"});
  Incoming("arguments", kWeb, {"GET-HEALTH {}"});
  Incoming("blank", kWeb, {"GET-HEALTH "});
  Incoming("quick", kWeb, {"GET-JOB-STAT"});
  Incoming("throws", kWeb, {"LIST-COMMANDS"});
  Incoming("stranger", {1000, 1000, 1}, {"GET-HEALTH"});
  StopWhenSent(6);
  Run();
  EXPECT_EQ(To("bare"), "|at once GET-HEALTH");
  EXPECT_EQ(To("arguments"), "did GET-HEALTH {}");
  EXPECT_EQ(To("blank"), "did GET-HEALTH ");
  EXPECT_EQ(To("quick"), "did GET-JOB-STAT");
  EXPECT_EQ(To("throws"), R"({"Error": "Unexpected error in Command LIST-COMMANDS"})");
  EXPECT_EQ(To("stranger"), R"({"Error": "You may not use this socket. GET-HEALTH."})");
}

TEST_F(RouterTest, EveryEnvelopeGetsItsAnswer) {
  Incoming("dealer", kWeb, {"TEST"});
  Incoming("req", kWeb, {"", "TEST"});
  Incoming("none", kWeb, {});
  Incoming("empty", kWeb, {""});
  Incoming("two", kWeb, {"TEST", "x"});
  Incoming("five", kWeb, {"", "1", "2", "3", "4"});
  Incoming("bytes", kWeb, {"\xff"});
  Incoming("long", kWeb, {std::string(1001, 'A')});
  StopWhenSent(7);
  EXPECT_TRUE(Run().all_answered);
  EXPECT_EQ(To("dealer"), "did TEST");
  EXPECT_EQ(To("req"), "|did TEST");
  EXPECT_EQ(To("none"), "");
  EXPECT_EQ(To("empty"), "did ");
  EXPECT_EQ(To("two"), R"({"Error": "Malformed Command ."})");
  EXPECT_EQ(To("five"), R"(|{"Error": "Malformed Command ."})");
  EXPECT_EQ(To("bytes"), R"({"Error": "Malformed Command ."})");
  EXPECT_EQ(To("long"), R"({"Error": "Malformed Command ."})");
  EXPECT_EQ(To("stop"), R"({"Status": "Stopping"})");
}

TEST_F(RouterTest, StrangersGetNothingDone) {
  Incoming("stranger", kStranger, {"TEST"});
  Incoming("stranger stops", kStranger, {"STOP"});
  socket_.incoming.push_back({"unknown", std::nullopt, {"TEST {}"}});
  StopWhenSent(3);
  Run();
  EXPECT_EQ(To("stranger"), R"({"Error": "You may not use this socket. TEST."})");
  EXPECT_EQ(To("stranger stops"), R"({"Error": "You may not use this socket. STOP."})");
  EXPECT_EQ(To("unknown"), R"({"Error": "You may not use this socket. TEST."})");
}

TEST_F(RouterTest, TooManyRequestsAreRefusedAtOnce) {
  std::atomic<bool> go{false};
  for (int i = 0; i < 300; ++i) Incoming("c" + std::to_string(i), kWeb, {"TEST"});
  std::size_t busy = 0;
  socket_.on_idle = [&] {
    if (busy == 0) busy = socket_.sent.size();
    go = true;
    go.notify_all();
    if (socket_.sent.size() == 300) Incoming("stop", kRoot, {"STOP"});
  };
  Run(true, [&](const Request& request) {
    go.wait(false);
    return Executed{"did " + request.text};
  });
  EXPECT_GE(busy, 300U - 256U - 3U);
  EXPECT_LE(busy, 300U - 256U);
  std::size_t refused = 0;
  for (const auto& [identity, text] : socket_.sent) {
    if (text == R"({"Error": "Command Server is too busy. TEST."})") ++refused;
  }
  EXPECT_EQ(refused, busy);
  EXPECT_EQ(socket_.sent.size(), 301U);
}

TEST_F(RouterTest, DelayedRepliesWaitAndOthersPassThem) {
  Incoming("wrong", kWeb, {"DELAY"});
  Incoming("right", kWeb, {"TEST"});
  StopWhenSent(2);
  const auto before = std::chrono::steady_clock::now();
  Run(true, [](const Request& request) { return Executed{request.text, request.text == "DELAY" ? 200ms : 0ms}; });
  EXPECT_GE(std::chrono::steady_clock::now() - before, 200ms);
  EXPECT_EQ(socket_.order, (std::vector<std::string>{"right", "wrong", "stop"}));
}

/// What a test says about jobs.
struct FakeEvents {
  std::atomic<std::uint64_t> latest{10};
  std::atomic<bool> waiting{false};
  std::atomic<int> texts{0};

  EventHooks Hooks() {
    return {.latest = [this] { return latest.load(); },
            .reply =
                [this](std::uint64_t since) {
                  ++texts;
                  return fmt::format("{}..{}", since, latest.load());
                },
            .waiting = [this](std::size_t clients) { waiting = clients > 0; }};
  }
};

Executed WaitFor(const Request& request) {
  Executed executed;
  executed.wait = EventWait{10, request.text == "SHORT" ? 30ms : 1h};
  return executed;
}

TEST_F(RouterTest, OneChangeAnswersAllWhoWait) {
  FakeEvents events;
  hooks_.events = events.Hooks();
  for (int i = 0; i < 200; ++i) Incoming("c" + std::to_string(i), kWeb, {"WAIT-EVENTS"});
  Incoming("other", kWeb, {"TEST"});
  socket_.gone.insert("c7");
  std::atomic<int> done{0};
  socket_.on_idle = [&] {
    if (done == 201 && events.latest == 10) {
      events.latest = 11;
      box_->Wake();
    }
    if (socket_.sent.size() == 200) {
      EXPECT_FALSE(events.waiting) << "nobody waits any more";
      Incoming("stop", kRoot, {"STOP"});
      socket_.on_idle = nullptr;
    }
  };
  Run(true, [&](const Request& request) {
    ++done;
    return request.text == "TEST" ? Executed{"did TEST"} : WaitFor(request);
  });
  EXPECT_EQ(To("c0"), "10..11");
  EXPECT_EQ(To("c199"), "10..11");
  EXPECT_EQ(To("c7"), "") << "it went away, and nobody minds";
  EXPECT_EQ(To("other"), "did TEST") << "the workers were free meanwhile";
  EXPECT_LT(events.texts, 10) << "equal replies are made once";
}

TEST_F(RouterTest, AChangeBeforeTheClientWasParkedIsNotMissed) {
  FakeEvents events;
  events.latest = 11;
  hooks_.events = events.Hooks();
  Incoming("late", kWeb, {"", "WAIT-EVENTS"});
  StopWhenSent(1);
  Run(true, WaitFor);
  EXPECT_EQ(To("late"), "|10..11");
}

TEST_F(RouterTest, WhoWaitedLongEnoughIsToldSo) {
  FakeEvents events;
  hooks_.events = events.Hooks();
  Incoming("long", kWeb, {"LONG"});
  Incoming("short", kWeb, {"SHORT"});
  StopWhenSent(1);
  Run(true, WaitFor);
  EXPECT_EQ(socket_.order.front(), "short");
  EXPECT_EQ(To("short"), "10..10");
  EXPECT_EQ(To("long"), "10..10") << "a stop lets nobody wait";
}

TEST_F(RouterTest, MoreThanTheLimitDoNotWait) {
  FakeEvents events;
  hooks_.events = events.Hooks();
  int asked = 0;
  std::atomic<int> done{0};
  socket_.on_idle = [&] {
    if (done < asked) return;  // in pieces, because the queue before the workers is shorter
    if (!socket_.sent.empty()) Incoming("stop", kRoot, {"STOP"});
    for (int i = 0; i < 100; ++i) Incoming(fmt::format("c{}", asked++), kWeb, {"WAIT-EVENTS"});
  };
  Run(true, [&](const Request& request) {
    ++done;
    return WaitFor(request);
  });
  EXPECT_GT(asked, static_cast<int>(ParkedRequests::kMost));
  EXPECT_EQ(To("c1024"), R"({"Error": "Command Server is too busy. WAIT-EVENTS."})");
  EXPECT_EQ(To("c1023"), "10..10");
}

TEST_F(RouterTest, OneClientDoesNotTakeThePlaceOfAllOthers) {
  FakeEvents events;
  hooks_.events = events.Hooks();
  const int most = ParkedRequests::kMostOfOne;
  for (int i = 0; i < most + 3; ++i) Incoming("greedy", kWeb, {"WAIT-EVENTS"});
  Incoming("modest", kWeb, {"WAIT-EVENTS"});
  std::atomic<int> done{0};
  socket_.on_idle = [&] {
    if (done == most + 4 && socket_.sent.size() >= 3) Incoming("stop", kRoot, {"STOP"});
  };
  Run(true, [&](const Request& request) {
    ++done;
    return WaitFor(request);
  });
  const auto [first, last] = socket_.sent.equal_range("greedy");
  const auto refused = std::count_if(first, last, [](const auto& reply) {
    return reply.second == R"({"Error": "Command Server is too busy. WAIT-EVENTS."})";
  });
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(To("modest"), "10..10");
}

TEST_F(RouterTest, ClientsThatReadLateGetTheirReply) {
  socket_.full["late"] = 3;
  socket_.gone.insert("gone");
  Incoming("gone", kWeb, {"TEST"});
  Incoming("late", kWeb, {"TEST"});
  Incoming("other", kWeb, {"TEST"});
  StopWhenSent(2);
  Run();
  EXPECT_EQ(To("late"), "did TEST");
  EXPECT_EQ(socket_.order.front(), "other");
}

TEST_F(RouterTest, ClientsThatNeverReadAreGivenUp) {
  socket_.full["never"] = 1'000'000;
  Incoming("never", kWeb, {"TEST"});
  Incoming("stop", kRoot, {"STOP"});
  EXPECT_TRUE(Run().all_answered);
  EXPECT_EQ(To("never"), "");
  EXPECT_EQ(To("stop"), R"({"Status": "Stopping"})");
}

}  // namespace
}  // namespace cmdsrv
