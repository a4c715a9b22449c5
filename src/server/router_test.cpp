#include "server/router.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <map>
#include <set>
#include <thread>

#include "server/workers.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

constexpr Peer kRoot{0, 0, 10};
constexpr Peer kWeb{33, 33, 11};
constexpr Peer kStranger{1000, 1000, 12};

/// Messages that wait, and replies that were sent. Everything happens in the router's thread.
class FakeSocket final : public RouterSocket {
 public:
  struct In {
    std::string identity;
    std::optional<Peer> peer;
    std::vector<std::string> frames;
  };
  std::deque<In> incoming;
  std::multimap<std::string, std::string> sent;
  std::vector<std::string> order;  ///< identities, in order of sending
  std::set<std::string> gone;
  std::map<std::string, int> full;  ///< how often a client has no room yet
  std::function<void()> on_idle;    ///< nothing waits: the test may act
  std::optional<std::chrono::milliseconds> last_timeout;

  std::optional<Message> Receive() override {
    if (incoming.empty()) return std::nullopt;
    current_ = std::move(incoming.front());
    incoming.pop_front();
    Message message;
    message.identity = current_.identity;
    message.peer = current_.peer;
    message.frame_count = current_.frames.size();
    for (std::size_t i = 0; i < std::min<std::size_t>(3, current_.frames.size()); ++i) {
      message.kept[i] = current_.frames[i];
    }
    for (const auto& frame : current_.frames) message.bytes += frame.size();
    return message;
  }

  Sent Send(const Address& to, std::string_view text) override {
    if (gone.contains(to.identity)) return Sent::Gone;
    if (full[to.identity]-- > 0) return Sent::Full;
    sent.emplace(to.identity, (to.delimiter ? "|" : "") + std::string(text));
    order.push_back(to.identity);
    return Sent::Yes;
  }

  unsigned Wait(std::span<const int> descriptors, std::optional<std::chrono::milliseconds> timeout) override {
    last_timeout = timeout;
    if (incoming.empty() && on_idle) on_idle();
    std::vector<pollfd> items;
    for (const int fd : descriptors) items.push_back({fd, POLLIN, 0});
    const int most = incoming.empty() ? 20'000 : 0;
    ::poll(items.data(), items.size(), timeout ? std::min(most, static_cast<int>(timeout->count())) : most);
    unsigned readable = 0;
    for (std::size_t i = 0; i < items.size(); ++i) readable |= (items[i].revents != 0 ? 1U : 0U) << i;
    return readable;
  }

  void Close(std::chrono::milliseconds) override {}

 private:
  In current_;
};

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    options_.peers = {.web_uid = 33, .own = {}};
    options_.max_command_bytes = 1000;
    sigset_t usr;
    ::sigemptyset(&usr);
    ::sigaddset(&usr, SIGTERM);
    ::sigaddset(&usr, SIGHUP);
    ::pthread_sigmask(SIG_BLOCK, &usr, nullptr);
    signals_.Reset(::signalfd(-1, &usr, SFD_CLOEXEC | SFD_NONBLOCK));
    hooks_.stopping = [this] { ++stopping_; };
    hooks_.cut_programs = [this] {
      ++cut_;
      cut_.notify_all();
    };
    hooks_.workers_ended = [this] { return !workers_ || workers_->AllEnded(); };
    hooks_.reload = [this] { ++reloads_; };
    hooks_.heartbeat = [this] { ++heartbeats_; };
  }

  void Incoming(std::string identity, Peer peer, std::vector<std::string> frames) {
    socket_.incoming.push_back({std::move(identity), peer, std::move(frames)});
  }

  Router::End Run(
      bool with_workers = true, Execute execute = [](const Request& r) { return Executed{"did " + r.text}; }) {
    if (with_workers) workers_.emplace(queue_, *box_, std::move(execute), 2, 1);
    Router router(socket_, queue_, *box_, signals_.Get(), options_, hooks_);
    const auto end = router.Run();
    workers_.reset();
    return end;
  }

  /// All that was sent to a client, in order.
  std::string To(const std::string& identity) {
    std::string all;
    const auto [begin, end] = socket_.sent.equal_range(identity);
    for (auto it = begin; it != end; ++it) all += (all.empty() ? "" : " & ") + it->second;
    return all;
  }

  /// STOP comes when everything else has been answered.
  void StopWhenSent(std::size_t count) {
    socket_.on_idle = [this, count] {
      if (socket_.sent.size() >= count) {
        Incoming("stop", kRoot, {"STOP"});
        socket_.on_idle = nullptr;
      }
    };
  }

  FakeSocket socket_;
  RequestQueue queue_{256};
  std::unique_ptr<ReplyBox> box_ = ReplyBox::Make().value();
  UniqueFd signals_;
  RouterOptions options_;
  RouterHooks hooks_;
  std::optional<Workers> workers_;
  int stopping_ = 0;
  std::atomic<int> cut_{0};
  int reloads_ = 0;
  int heartbeats_ = 0;
};

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
