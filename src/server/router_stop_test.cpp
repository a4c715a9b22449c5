// How a server ends, and what it does while it only waits.
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "server/router_fixture.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

TEST_F(RouterTest, OnlyRootStops) {
  Incoming("web", kWeb, {"STOP"});
  Incoming("malformed", kRoot, {"STOP {\"jobs\": \"kill\"}"});
  StopWhenSent(2);
  const auto end = Run();
  EXPECT_EQ(To("web"), R"({"Error": "Only root may stop the Command Server. STOP."})");
  EXPECT_EQ(To("malformed"), R"({"Error": "Malformed Command STOP."})");
  EXPECT_FALSE(end.end_jobs);
  EXPECT_EQ(stopping_, 1);
}

TEST_F(RouterTest, WebAccountStopsWhenTheConfigurationSaysSo) {
  options_.allow_stop_from_web = true;
  Incoming("web", kWeb, {"", "STOP {\"jobs\":\"end\"}"});
  EXPECT_TRUE(Run().end_jobs);
  EXPECT_EQ(To("web"), R"(|{"Status": "Stopping"})");
}

TEST_F(RouterTest, AcceptedCommandsAreAnsweredAfterStopAndNewOnesRefused) {
  std::atomic<bool> go{false};
  Incoming("before", kWeb, {"SLOW"});
  Incoming("stop", kRoot, {"STOP"});
  Incoming("after", kWeb, {"TEST"});
  Incoming("stop again", kRoot, {"STOP"});
  socket_.on_idle = [&] {
    go = true;
    go.notify_all();
  };
  const auto end = Run(true, [&](const Request& request) {
    go.wait(false);
    return Executed{"did " + request.text, 1h};  // and nobody is kept waiting on purpose
  });
  EXPECT_TRUE(end.all_answered);
  EXPECT_EQ(To("before"), "did SLOW");
  EXPECT_EQ(To("after"), R"({"Error": "Command Server is stopping. TEST."})");
  EXPECT_EQ(To("stop again"), R"({"Status": "Stopping"})");
  EXPECT_EQ(stopping_, 1);
  EXPECT_EQ(cut_, 0);
}

TEST_F(RouterTest, ProgramsOfHandlersAreCutOffInTime) {
  options_.stop = {.cut = 30ms, .give_up = 20s};
  Incoming("slow", kWeb, {"SLOW"});
  Incoming("stop", kRoot, {"STOP"});
  const auto end = Run(true, [&](const Request&) {
    cut_.wait(0);  // a handler whose program is ended when the server wants so
    return Executed{"cut"};
  });
  EXPECT_TRUE(end.all_answered);
  EXPECT_EQ(cut_, 1);
  EXPECT_EQ(To("slow"), "cut");
}

TEST_F(RouterTest, WorkersThatHangAreGivenUp) {
  options_.stop = {.cut = 10ms, .give_up = 50ms};
  std::atomic<bool> go{false};
  workers_.emplace(
      queue_, *box_,
      [&](const Request&) {
        go.wait(false);
        return Executed{"too late"};
      },
      1, 0);
  Incoming("hangs", kWeb, {"SLOW"});
  Incoming("stop", kRoot, {"STOP"});
  Router router(socket_, queue_, *box_, signals_.Get(), options_, hooks_);
  EXPECT_FALSE(router.Run().all_answered);
  go = true;
  go.notify_all();
  workers_.reset();
}

TEST_F(RouterTest, WithoutInitialisationOnlyStopWorks) {
  options_.init_failed = true;
  Incoming("any", kWeb, {"TEST"});
  Incoming("malformed", kWeb, {"a", "b"});
  Incoming("stop", kRoot, {"STOP"});
  EXPECT_TRUE(Run(false).all_answered);
  EXPECT_EQ(To("any"), R"({"Error": "IIAB-CMDSRV failed to initialize","Alert": "True"})");
  EXPECT_EQ(To("malformed"), R"({"Error": "Malformed Command ."})");
  EXPECT_EQ(To("stop"), R"({"Status": "Stopping"})");
}

TEST_F(RouterTest, SignalsStopAndReload) {
  ::kill(::getpid(), SIGHUP);
  int idle = 0;
  socket_.on_idle = [&] {
    if (++idle == 2) ::kill(::getpid(), SIGTERM);
  };
  Run();
  EXPECT_EQ(reloads_, 1);
  EXPECT_EQ(stopping_, 1);
}

TEST_F(RouterTest, SecondSignalIsInAHurry) {
  std::atomic<bool> begun{false};
  Incoming("slow", kWeb, {"SLOW"});
  int idle = 0;
  socket_.on_idle = [&] {
    if (idle == 0) begun.wait(false);
    if (idle++ < 2) ::kill(::getpid(), SIGTERM);
  };
  const auto end = Run(true, [&](const Request&) {
    begun = true;
    begun.notify_all();
    cut_.wait(0);
    return Executed{"cut"};
  });
  EXPECT_TRUE(end.all_answered);
  EXPECT_EQ(cut_, 1);
  EXPECT_EQ(To("slow"), "cut");
}

TEST_F(RouterTest, IdleServerHasNoTimer) {
  bool idle_seen = false;
  socket_.on_idle = [&] {
    idle_seen = !socket_.last_timeout;
    Incoming("stop", kRoot, {"STOP"});
    socket_.on_idle = nullptr;
  };
  Run();
  EXPECT_TRUE(idle_seen);
  EXPECT_EQ(heartbeats_, 0);
}

TEST_F(RouterTest, HeartbeatOnlyWhenWanted) {
  options_.heartbeat = 10ms;
  socket_.on_idle = [&] {
    if (heartbeats_ == 3) {
      Incoming("stop", kRoot, {"STOP"});
      socket_.on_idle = nullptr;
    }
  };
  Run();
  EXPECT_GE(heartbeats_, 3);
}

}  // namespace
}  // namespace cmdsrv
