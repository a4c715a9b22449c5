#include "ctl/news.hpp"

#include <gmock/gmock.h>

#include "ctl/fakes.hpp"

namespace cmdsrv::ctl {
namespace {

using fakes::Event;
using fakes::Events;
using fakes::World;
using std::chrono::milliseconds;
using std::chrono::seconds;

class NewsTest : public testing::Test {
 protected:
  News::Came Wait(milliseconds most = seconds(10)) {
    return news_.Wait(most, [](std::int64_t job, std::int64_t group) { return job == 41 || group == 7; });
  }
  World world_;
  Session session_ = world_.Begin();
  News news_{session_};
};

TEST_F(NewsTest, WhatMattersIsTheFirstChangeThatConcernsUs) {
  world_.server.Say("WAIT-EVENTS", Events(5, true, {Event(41, 1, "STARTED")}));
  world_.server.Say("WAIT-EVENTS", Events(6, false, {Event(9, 9, "STARTED")}));
  world_.server.Say("WAIT-EVENTS", Events(7, false, {Event(41, 1, "STARTED", R"(, "size": 3)")}));
  world_.server.Say("WAIT-EVENTS", Events(8, false, {Event(9, 7, "STARTED", R"(, "size": 3)"), Event(9, 7, "FAILED")}));
  world_.server.Say("WAIT-EVENTS", Events(99, true, {}));
  news_.Begin();
  EXPECT_TRUE(news_.Begun());
  EXPECT_EQ(Wait(), News::Came::Output);
  EXPECT_EQ(Wait(), News::Came::Change);
  EXPECT_EQ(Wait(), News::Came::Change) << "a gap: anything may have happened";
  EXPECT_EQ(world_.server.asked.back(), R"(WAIT-EVENTS {"since":8,"timeout":60})");
}

TEST_F(NewsTest, AReplyThatIsOwedIsWaitedForAndNotAskedForAgain) {
  world_.server.Say("WAIT-EVENTS", Events(5, true, {}));
  world_.server.BreakDown("WAIT-EVENTS", ErrorCode::Timeout, "no reply");
  news_.Begin();
  EXPECT_EQ(Wait(seconds(1)), News::Came::Nothing);
  EXPECT_EQ(Wait(seconds(1)), News::Came::Nothing);
  world_.server.late_replies.emplace_back(Events(6, false, {Event(41, 1, "STARTED")}));
  EXPECT_EQ(Wait(seconds(1)), News::Came::Change);
  EXPECT_EQ(world_.server.asked.size(), 2U);
}

TEST_F(NewsTest, AnOlderServerIsAskedOnce) {
  world_.server.Say("WAIT-EVENTS", R"({"Error": "Unknown Command"})");
  for (int i = 0; i < 3; ++i) {
    news_.Begin();
    EXPECT_EQ(Wait(), News::Came::Away);
  }
  EXPECT_EQ(world_.server.asked.size(), 1U);
}

TEST_F(NewsTest, NonsenseAndStopsAreNoNews) {
  for (const char* reply : {R"({"Error": "Command Server is stopping. WAIT-EVENTS."})", "[]", "{", R"({"seq": -1})"}) {
    World world;
    world.server.Say("WAIT-EVENTS", Events(5, true, {}));
    world.server.Say("WAIT-EVENTS", reply);
    Session session = world.Begin();
    News news(session);
    news.Begin();
    EXPECT_EQ(news.Wait(seconds(1), [](auto, auto) { return true; }), News::Came::Away) << reply;
    EXPECT_FALSE(news.Begun());
  }
}

}  // namespace
}  // namespace cmdsrv::ctl
