#include "gateway/event_hub.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "base/json.hpp"
#include "base/log.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class FakeServer final : public Server {
 public:
  struct Question {
    std::string command;
    Done done;
  };
  void Ask(Secret command, milliseconds, Done done) override {
    questions.push_back({std::string(command.Expose()), std::move(done)});
  }
  std::vector<std::string> Asked() const {
    std::vector<std::string> commands;
    commands.reserve(questions.size());
    for (const Question& question : questions) commands.push_back(question.command);
    return commands;
  }
  /// Answers the oldest question that begins like this.
  void Answer(std::string_view beginning, Result<std::string> reply) {
    const auto found =
        std::ranges::find_if(questions, [&](const Question& one) { return one.command.starts_with(beginning); });
    ASSERT_NE(found, questions.end()) << beginning;
    const Done done = std::move(found->done);
    questions.erase(found);
    done(std::move(reply));
  }
  std::vector<Question> questions;
};

class FakeTimers final : public Timers {
 public:
  void After(milliseconds delay, std::function<void()> act) override { waiting.emplace_back(delay, std::move(act)); }
  /// Runs the oldest one of this delay.
  void Run(milliseconds delay) {
    const auto found = std::ranges::find(waiting, delay, [](const auto& one) { return one.first; });
    ASSERT_NE(found, waiting.end()) << delay.count();
    const auto act = std::move(found->second);
    waiting.erase(found);
    act();
  }
  std::vector<std::pair<milliseconds, std::function<void()>>> waiting;
};

const std::string kSnapshot = R"({"seq": 100, "snapshot": true, "events": [{"seq": 99, "job_id": 1}]})";

std::string Events(std::vector<int> numbers, int seq = 0) {
  std::string list;
  for (const int number : numbers)
    list += fmt::format(R"({}{{"seq": {}, "job_id": 1}})", list.empty() ? "" : ", ", number);
  return fmt::format(R"({{"seq": {}, "snapshot": false, "events": [{}]}})", seq == 0 ? numbers.back() : seq, list);
}

class EventHubTest : public testing::Test {
 protected:
  std::shared_ptr<BodyStream> Open(std::optional<std::int64_t> last = {}, const std::string& client = "10.0.0.1",
                                   SessionId session = {}) {
    auto stream = hub.Open(client, session, last);
    if (stream) {
      EXPECT_EQ(*stream->Next(), "retry: 3000\n\n");
    }
    return stream;
  }
  /// All that the stream has to say now.
  static std::string All(BodyStream& stream) {
    std::string all;
    while (const auto piece = stream.Next()) all += *piece;
    return all;
  }
  static std::string Job(int number) {
    return fmt::format("event: job\nid: {0}\ndata: {{\"seq\":{0},\"job_id\":1}}\n\n", number);
  }

  ManualClock clock;
  FakeServer server;
  FakeTimers timers;
  bool good = true;
  SessionId bad{1};
  EventHub hub{clock,
               server,
               timers,
               [this](const SessionId& session) { return good && session != bad; },
               {.streams = 5, .per_client = 3, .kept = 4, .heartbeat = seconds(25)}};
};

TEST_F(EventHubTest, BeginsWithASnapshotAndGoesOnWithEvents) {
  const auto stream = Open();
  EXPECT_THAT(server.Asked(), ElementsAre("WAIT-EVENTS {}"));
  EXPECT_EQ(All(*stream), "");
  int wakes = 0;
  stream->OnWake([&] { ++wakes; });
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(All(*stream),
            "event: snapshot\nid: 100\n"
            "data: {\"seq\":100,\"snapshot\":true,\"events\":[{\"seq\":99,\"job_id\":1}]}\n\n");
  EXPECT_THAT(server.Asked(), ElementsAre(R"(WAIT-EVENTS {"since": 100, "timeout": 50})"));
  server.Answer("WAIT", Events({101, 103}));
  EXPECT_EQ(wakes, 2);
  EXPECT_EQ(All(*stream), Job(101) + Job(103));
  EXPECT_EQ(All(*stream), "");
  EXPECT_THAT(server.Asked(), ElementsAre(R"(WAIT-EVENTS {"since": 103, "timeout": 50})"));
}

TEST_F(EventHubTest, AllStreamsShareOneQuestion) {
  const auto first = Open(), second = Open();
  EXPECT_THAT(server.Asked(), SizeIs(1));
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  EXPECT_THAT(All(*first), HasSubstr("snapshot"));
  EXPECT_THAT(All(*second), HasSubstr("snapshot"));
  EXPECT_THAT(server.Asked(), SizeIs(1));
  server.Answer("WAIT", Events({101}));
  EXPECT_EQ(All(*first), Job(101));
  EXPECT_EQ(All(*second), Job(101));
  const auto third = Open();
  EXPECT_THAT(server.Asked(), SizeIs(2)) << "a snapshot for the newcomer";
  server.Answer("WAIT-EVENTS {}", Result<std::string>(R"({"seq": 102, "snapshot": true, "events": []})"));
  EXPECT_THAT(All(*third), HasSubstr("id: 102"));
  EXPECT_EQ(All(*first), "") << "and for nobody else";
  server.Answer("WAIT", Events({102, 103}));
  EXPECT_EQ(All(*third), Job(103)) << "what the snapshot holds is not told again";
  EXPECT_EQ(All(*first), Job(102) + Job(103));
}

TEST_F(EventHubTest, GoesOnWhereTheClientWas) {
  const auto first = Open();
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  server.Answer("WAIT", Events({101, 102, 103}));
  EXPECT_EQ(All(*Open(101)), Job(102) + Job(103));
  EXPECT_EQ(All(*Open(103)), "");
  EXPECT_THAT(server.Asked(), SizeIs(1)) << "without asking";
  server.Answer("WAIT", Events({104, 105}));
  EXPECT_EQ(All(*Open(101)), Job(102) + Job(103) + Job(104) + Job(105)) << "four are kept";
  const auto late = Open(100);
  EXPECT_EQ(All(*late), "");
  EXPECT_THAT(server.Asked(), SizeIs(2)) << "a snapshot after a gap";
  const auto stranger = Open(99'999);
  server.Answer("WAIT-EVENTS {}", Result<std::string>(R"({"seq": 105, "snapshot": true, "events": []})"));
  EXPECT_THAT(All(*late), StartsWith("event: snapshot\nid: 105\n"));
  EXPECT_THAT(All(*stranger), StartsWith("event: snapshot\nid: 105\n"));
  EXPECT_EQ(
      All(*first),
      "event: snapshot\nid: 100\ndata: {\"seq\":100,\"snapshot\":true,\"events\":[{\"seq\":99,\"job_id\":1}]}\n\n")
      << "what it did not take in time is lost";
}

TEST_F(EventHubTest, WhoIsTooSlowGetsASnapshot) {
  const auto slow = Open();
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  EXPECT_THAT(All(*slow), HasSubstr("snapshot"));
  server.Answer("WAIT", Events({101, 102, 103, 104, 105, 106}));
  EXPECT_EQ(All(*slow), "");
  server.Answer("WAIT-EVENTS {}", Result<std::string>(R"({"seq": 106, "snapshot": true, "events": []})"));
  EXPECT_THAT(All(*slow), StartsWith("event: snapshot\nid: 106\n"));
  server.Answer("WAIT", Events({107}));
  EXPECT_EQ(All(*slow), Job(107));
}

TEST_F(EventHubTest, AfterARestartOfTheGatewayTheServerStillKnows) {
  const auto stream = Open(100);
  EXPECT_THAT(server.Asked(), ElementsAre(R"(WAIT-EVENTS {"since": 100, "timeout": 50})"));
  server.Answer("WAIT", Events({101}));
  EXPECT_EQ(All(*stream), Job(101));
}

TEST_F(EventHubTest, ANumberThatTheServerDoesNotLike) {
  const auto stream = Open(77);
  server.Answer("WAIT", Result<std::string>(R"({"Error": "no such number"})"));
  EXPECT_EQ(All(*stream), "event: server\ndata: {\"running\": false}\n\n");
  timers.Run(seconds(1));
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  EXPECT_THAT(All(*stream), StartsWith("event: server\ndata: {\"running\": true}\n\nevent: snapshot\n"));
}

TEST_F(EventHubTest, AServerThatGoesAwayAndComesBack) {
  const auto stream = Open();
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  All(*stream);
  const auto gone = [] { return Result<std::string>(Fail(ErrorCode::Unavailable, "it is not there")); };
  server.Answer("WAIT", gone());
  EXPECT_EQ(All(*stream), "event: server\ndata: {\"running\": false}\n\n");
  for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_THAT(server.questions, IsEmpty());
    timers.Run(seconds(pause));
    server.Answer("WAIT", gone());
    EXPECT_EQ(All(*stream), "") << "told once";
  }
  const auto newcomer = Open();
  EXPECT_EQ(All(*newcomer), "event: server\ndata: {\"running\": false}\n\n");
  EXPECT_THAT(server.questions, IsEmpty());
  timers.Run(seconds(30));
  EXPECT_THAT(server.questions, SizeIs(2));
  // It counts from elsewhere now.
  const std::string fresh = R"({"seq": 7, "snapshot": true, "events": []})";
  server.Answer(R"(WAIT-EVENTS {"since": 100)", Result<std::string>(fresh));
  EXPECT_THAT(All(*stream), HasSubstr("event: server\ndata: {\"running\": true}\n\nevent: snapshot\nid: 7\n"));
  EXPECT_THAT(All(*newcomer), HasSubstr("event: snapshot\nid: 7\n"));
  server.Answer("WAIT-EVENTS {}", Result<std::string>(fresh));
  server.Answer("WAIT", Events({8}));
  EXPECT_EQ(All(*stream), Job(8));
}

TEST_F(EventHubTest, ASnapshotOfANewServerCountsForAll) {
  const auto stream = Open();
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  All(*stream);
  const auto second = Open();
  server.Answer("WAIT-EVENTS {}", Result<std::string>(R"({"seq": 7, "snapshot": true, "events": []})"));
  EXPECT_THAT(All(*stream), StartsWith("event: snapshot\nid: 7\n"));
  server.Answer(R"(WAIT-EVENTS {"since": 100)", Events({101}));
  EXPECT_EQ(All(*stream), "") << "the old question is forgotten";
  server.Answer(R"(WAIT-EVENTS {"since": 7)", Events({8}));
  EXPECT_EQ(All(*second).substr(0, 15), "event: snapshot");
  EXPECT_EQ(All(*stream), Job(8));
}

TEST_F(EventHubTest, AnEmptyAnswerAtOnceIsNoReasonToAskForEver) {
  const auto stream = Open();
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  server.Answer("WAIT", Events({}, 100));
  EXPECT_THAT(server.questions, IsEmpty());
  timers.Run(seconds(1));
  clock.Advance(seconds(50));
  server.Answer("WAIT", Events({}, 100));
  EXPECT_THAT(server.questions, SizeIs(1));
}

TEST_F(EventHubTest, ANonsensicalAnswerIsLogged) {
  static std::string logged;
  log::SetSink([](log::Level, std::string_view, std::string&& text) { logged += text + "\n"; });
  const auto stream = Open();
  server.Answer("WAIT-EVENTS {}", Result<std::string>(R"({"Error": "no"})"));
  EXPECT_EQ(logged, "cannot ask for events: the reply to WAIT-EVENTS is {\"Error\": \"no\"}\n");
  logged.clear();
  timers.Run(seconds(1));
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  server.Answer("WAIT", Result<std::string>(R"({"seq": 101, "snapshot": false, "events": [{}]})"));
  EXPECT_THAT(logged, HasSubstr("cannot ask for events: an event has no number\n"));
}

TEST_F(EventHubTest, NobodyListensNobodyAsks) {
  auto stream = Open();
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  stream.reset();
  EXPECT_EQ(hub.Streams(), 0U);
  server.Answer("WAIT", Events({101}));
  EXPECT_THAT(server.questions, IsEmpty());
  timers.Run(seconds(25));
  EXPECT_THAT(timers.waiting, IsEmpty());
  stream = Open(100);
  EXPECT_EQ(All(*stream), Job(101));
  EXPECT_THAT(server.Asked(), ElementsAre(R"(WAIT-EVENTS {"since": 101, "timeout": 50})"));
}

TEST_F(EventHubTest, SilenceIsBrokenNowAndThen) {
  const auto stream = Open();
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  All(*stream);
  timers.Run(seconds(25));
  EXPECT_EQ(All(*stream), "") << "it has just spoken";
  timers.Run(seconds(25));
  EXPECT_EQ(All(*stream), ":\n\n");
  timers.Run(seconds(25));
  timers.Run(seconds(25));
  EXPECT_EQ(All(*stream), ":\n\n");
}

TEST_F(EventHubTest, AStreamEndsWithItsSession) {
  const auto theirs = Open(), other = Open({}, "10.0.0.2", {2});
  server.Answer("WAIT-EVENTS {}", kSnapshot);
  bad = {2};
  hub.EndStrangers();
  EXPECT_FALSE(theirs->HasEnded());
  EXPECT_TRUE(other->HasEnded());
  good = false;
  timers.Run(seconds(25));
  EXPECT_TRUE(theirs->HasEnded()) << "noticed by itself";
}

TEST_F(EventHubTest, ThereAreOnlySoMany) {
  const auto first = Open(), second = Open(), third = Open();
  const auto fourth = Open();
  EXPECT_TRUE(first->HasEnded()) << "the oldest gives way to the next of its client";
  EXPECT_FALSE(second->HasEnded());
  const auto fifth = Open({}, "10.0.0.2");
  EXPECT_FALSE(Open({}, "10.0.0.3"));
}

TEST(EventNumber, IsANumber) {
  EXPECT_EQ(EventNumber("481036337153"), 481036337153);
  for (const char* text : {"", "x", "-1", "1e3", "1\n2", "99999999999999999999", "9223372036854775807", " 1"}) {
    EXPECT_FALSE(EventNumber(text)) << text;
  }
}

}  // namespace
}  // namespace cmdsrv::gateway
