#include "ctl/follow.hpp"

#include <gmock/gmock.h>

#include "ctl/fakes.hpp"

namespace cmdsrv::ctl {
namespace {

using fakes::Row;
using fakes::Rows;
using fakes::World;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// The first reply tells which group the job is in, so it is said once more.
void SayJobs(World& world, std::vector<std::string> looks) {
  looks.insert(looks.begin(), looks.front());
  for (std::string& look : looks) world.server.Say("GET-JOB-STAT", std::move(look));
}

int Follow(World& world, Until until = Until::Succeeded, std::int64_t id = 42) {
  Session session = world.Begin();
  return FollowJobs(session, {id}, until);
}

TEST(Follow, PrintsOnlyChangesWhereNobodyLooks) {
  World world;
  SayJobs(world, {Rows({Row(42, "SCHEDULED")}), Rows({Row(42, "SCHEDULED")}), Rows({Row(42, "STARTED")}),
                  Rows({Row(42, "STARTED")}), Rows({Row(42, "SUCCEEDED")})});
  EXPECT_EQ(Follow(world), 0);
  EXPECT_EQ(world.screen.out,
            "(Ctrl-C leaves the jobs running; to stop them: iiab-cmdsrv-ctl --socket /nowhere/sock cancel 42)\n"
            "job 42  step 1 of 1  SCHEDULED      -  INST-ZIMS: zim-install wiki\n"
            "job 42  step 1 of 1  STARTED    00:00  INST-ZIMS: zim-install wiki\n"
            "job 42  step 1 of 1  SUCCEEDED  00:00  INST-ZIMS: zim-install wiki\n"
            "1 SUCCEEDED\n");
  EXPECT_THAT(world.pauser.pauses, Each(milliseconds{1000}));
  EXPECT_EQ(world.screen.last_words, "");  // once ended, Ctrl-C is as usual
}

TEST(Follow, ATerminalIsRedrawnFourTimesASecond) {
  World world;
  world.screen.terminal = world.screen.redraws = true;
  SayJobs(world, {Rows({Row(42, "STARTED")}), Rows({Row(42, "SUCCEEDED")})});
  EXPECT_EQ(Follow(world), 0);
  EXPECT_THAT(world.pauser.pauses, Each(milliseconds{250}));
  EXPECT_THAT(world.screen.out, HasSubstr("\x1b[1A\rjob 42  step 1 of 1  SUCCEEDED"));
}

TEST(Follow, AFailedStepIsExplained) {
  World world;
  SayJobs(
      world,
      {Rows({Row(42, "CANCELLED", 2, 2),
             Row(41, "FAILED", 1, 2, R"(, "reason": "no space left", "job_output": "tail &lt;x&gt;\u001b[1m\n")")})});
  world.server.replies["GET-JOB-STAT"][0] = Rows({Row(42, "CANCELLED", 2, 2)});
  EXPECT_EQ(Follow(world), 1);
  EXPECT_THAT(world.screen.out, HasSubstr("job 41 (step 1 of 2) FAILED: no space left\n  | tail <x>[1m\n"));
  EXPECT_THAT(world.screen.out,
              HasSubstr("log 41     To try again: iiab-cmdsrv-ctl --socket /nowhere/sock retry 41\n"));
  EXPECT_TRUE(world.screen.out.ends_with("1 FAILED, 1 CANCELLED\n"));
}

TEST(Follow, CancelledIsNoSuccessUnlessItWasWanted) {
  World failed, wanted;
  SayJobs(failed, {Rows({Row(42, "CANCELLED")})});
  SayJobs(wanted, {Rows({Row(42, "CANCELLED")})});
  EXPECT_EQ(Follow(failed), 1);
  EXPECT_EQ(Follow(wanted, Until::Ended), 0);
}

TEST(Follow, TheTimeoutEndsTheWaitingAndNotTheJobs) {
  World world;
  world.options.timeout = milliseconds{2500};
  SayJobs(world, {Rows({Row(42, "STARTED")})});
  EXPECT_EQ(Follow(world), 4);
  EXPECT_EQ(world.clock.steady.time_since_epoch(), seconds{1002} + milliseconds{500});
  EXPECT_THAT(world.screen.error,
              HasSubstr("the jobs go on. To wait again: iiab-cmdsrv-ctl --socket /nowhere/sock wait 42\n"));
  EXPECT_THAT(world.server.deadlines, Each(testing::Le(milliseconds{2500})));
  EXPECT_THAT(world.server.asked, Each(Not(HasSubstr("CANCEL"))));
}

TEST(Follow, ARestartOfTheServerIsWaitedFor) {
  World world;
  SayJobs(world, {Rows({Row(42, "STARTED")})});
  for (int i = 0; i < 20; ++i) world.server.BreakDown("GET-JOB-STAT", ErrorCode::Unavailable, "cannot connect");
  world.server.Say("GET-JOB-STAT", R"({"Error": "Command Server is stopping. GET-JOB-STAT."})");
  world.server.Say("GET-JOB-STAT", Rows({Row(42, "SUCCEEDED")}));
  EXPECT_EQ(Follow(world), 0);
  EXPECT_EQ(world.screen.error, "cannot connect. Jobs outlive the server; asking again for 30 s.\n");
}

TEST(Follow, AServerThatStaysAwayIsStatusThree) {
  for (const ErrorCode code : {ErrorCode::Unavailable, ErrorCode::Timeout}) {
    World world;
    SayJobs(world, {Rows({Row(42, "STARTED")})});
    world.server.BreakDown("GET-JOB-STAT", code, "cannot connect");
    EXPECT_EQ(Follow(world), 3);
    EXPECT_GE(world.clock.steady.time_since_epoch(), seconds{1030});
    EXPECT_LE(world.clock.steady.time_since_epoch(), seconds{1032});
  }
}

TEST(Follow, AJobThatIsNotThereIsStatusOne) {
  World world;
  world.server.Say("GET-JOB-STAT", "[]");
  EXPECT_EQ(Follow(world), 1);
  EXPECT_THAT(world.screen.error, HasSubstr("cannot find job 42; `iiab-cmdsrv-ctl jobs --all` lists all of them"));
}

TEST(Follow, AGroupWhoseJobsWereDeletedIsStatusOne) {
  World world;
  world.server.Say("GET-JOB-STAT", Rows({Row(42, "STARTED")}));
  world.server.Say("GET-JOB-STAT", "[]");
  EXPECT_EQ(Follow(world), 1);
  EXPECT_THAT(world.screen.error, HasSubstr("cannot follow group 7: it has no jobs any more"));
}

TEST(Follow, JsonIsSilentUntilTheEnd) {
  World world;
  world.options.json = true;
  const std::string end = Rows({Row(42, "SUCCEEDED")});
  SayJobs(world, {Rows({Row(42, "STARTED")}), end});
  EXPECT_EQ(Follow(world), 0);
  EXPECT_EQ(world.screen.out, end + "\n");
}

TEST(Follow, NothingIsAskedWhileNothingHappens) {
  World world;
  SayJobs(world, {Rows({Row(42, "STARTED")}), Rows({Row(42, "SUCCEEDED")})});
  world.server.Say("WAIT-EVENTS", fakes::Events(7, true, {}));
  world.server.Say("WAIT-EVENTS", fakes::Events(8, false, {fakes::Event(99, 5, "STARTED")}));
  world.server.Say("WAIT-EVENTS", fakes::Events(9, false, {}));
  world.server.Say("WAIT-EVENTS", fakes::Events(10, false, {fakes::Event(42, 7, "STARTED", R"(, "size": 5)")}));
  world.server.Say("WAIT-EVENTS", fakes::Events(11, false, {fakes::Event(42, 7, "SUCCEEDED")}));
  EXPECT_EQ(Follow(world), 0);
  EXPECT_TRUE(world.pauser.pauses.empty());
  EXPECT_THAT(world.server.asked,
              ElementsAre("WAIT-EVENTS", HasSubstr("GET-JOB-STAT"), HasSubstr("GET-JOB-STAT"),
                          R"(WAIT-EVENTS {"since":7,"timeout":60})", R"(WAIT-EVENTS {"since":8,"timeout":60})",
                          R"(WAIT-EVENTS {"since":9,"timeout":60})", R"(WAIT-EVENTS {"since":10,"timeout":60})",
                          HasSubstr("GET-JOB-STAT")));
}

TEST(Follow, OnATerminalOnlyTheTimesGoOnMeanwhile) {
  World world;
  world.screen.terminal = world.screen.redraws = true;
  SayJobs(world, {Rows({Row(42, "STARTED")}), Rows({Row(42, "SUCCEEDED")})});
  world.server.Say("WAIT-EVENTS", fakes::Events(7, true, {}));
  world.server.BreakDown("WAIT-EVENTS", ErrorCode::Timeout, "no reply");
  world.server.late_replies.emplace_back(fakes::Events(8, false, {fakes::Event(42, 7, "SUCCEEDED")}));
  EXPECT_EQ(Follow(world), 0);
  EXPECT_EQ(std::ranges::count(world.server.asked, R"(WAIT-EVENTS {"since":7,"timeout":60})"), 1);
  EXPECT_THAT(world.screen.out, HasSubstr("\x1b[1A\rjob 42  step 1 of 1  STARTED"));
}

TEST(Follow, ATerminalIsDrawnFourTimesASecondAtMost) {
  World world;
  world.screen.terminal = world.screen.redraws = true;
  SayJobs(world, {Rows({Row(42, "STARTED")}), Rows({Row(42, "STARTED")}), Rows({Row(42, "SUCCEEDED")})});
  world.server.Say("WAIT-EVENTS", fakes::Events(7, true, {}));
  world.server.Say("WAIT-EVENTS", fakes::Events(8, false, {fakes::Event(42, 7, "STARTED", R"(, "size": 5)")}));
  world.server.Say("WAIT-EVENTS", fakes::Events(9, false, {fakes::Event(42, 7, "STARTED", R"(, "size": 6)")}));
  EXPECT_EQ(Follow(world), 0);
  EXPECT_THAT(world.pauser.pauses, ElementsAre(milliseconds{250}, milliseconds{250}));
}

TEST(Follow, ARestartBetweenTwoNewsIsWaitedForToo) {
  World world;
  SayJobs(world, {Rows({Row(42, "STARTED")}), Rows({Row(42, "STARTED")}), Rows({Row(42, "SUCCEEDED")})});
  world.server.Say("WAIT-EVENTS", fakes::Events(7, true, {}));
  world.server.BreakDown("WAIT-EVENTS", ErrorCode::Unavailable, "it went away");
  world.server.Say("WAIT-EVENTS", fakes::Events(900, true, {}));
  world.server.Say("WAIT-EVENTS", fakes::Events(901, false, {fakes::Event(42, 7, "SUCCEEDED")}));
  EXPECT_EQ(Follow(world), 0);
  EXPECT_THAT(world.pauser.pauses, ElementsAre(milliseconds{1000}));
  EXPECT_THAT(world.server.asked, Contains(R"(WAIT-EVENTS {"since":900,"timeout":60})"));
}

TEST(Follow, CtrlCHasLastWords) {
  World world;
  SayJobs(world, {Rows({Row(42, "STARTED")}), Rows({Row(42, "SUCCEEDED")})});
  std::string during;
  world.server.on_ask = [&](std::string_view) { during = world.screen.last_words; };
  Follow(world);
  EXPECT_EQ(during,
            "\nNo longer watching; the jobs go on. To stop them: iiab-cmdsrv-ctl --socket /nowhere/sock cancel 42\n");
}

}  // namespace
}  // namespace cmdsrv::ctl
