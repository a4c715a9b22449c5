#include "ctl/subcommands.hpp"

#include <gmock/gmock.h>

#include "ctl/client_asker.hpp"
#include "ctl/fakes.hpp"
#include "ctl/server_gone.hpp"
#include "support/limits.hpp"

namespace cmdsrv::ctl {
namespace {

using fakes::Row;
using fakes::Rows;
using fakes::World;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

int RunAs(World& world, Action action, std::vector<std::int64_t> ids = {}) {
  world.options.action = action;
  world.options.ids = std::move(ids);
  Session session = world.Begin();
  return Run(session);
}

constexpr const char* kHealth =
    R"({"state": "degraded", "parts": {"facts": {"state": "good", "advice": ""}, )"
    R"("kiwix_catalog": {"state": "degraded", "advice": "cannot read x; fetch it with GET-KIWIX-CAT"}}, )"
    R"("version": "1.2.0", "uptime_s": 3723})";

TEST(Status, ServerJobsAndWhatIsNotGood) {
  World world;
  world.server.Say("GET-HEALTH", kHealth);
  world.server.Say("GET-JOB-ACTIVE-SUM",
                   R"({"active": true, "ansible_running_flag": true, "STARTED": 1, "RESTARTED": 1})");
  EXPECT_EQ(RunAs(world, Action::Status), 0);
  EXPECT_EQ(world.screen.out,
            "server   ready\n"
            "version  1.2.0, up 1:02:03\n"
            "jobs     2 running (1 of them started again), ansible runs\n"
            "health   degraded\n"
            "  PART           STATE     ADVICE\n"
            "  kiwix_catalog  degraded  cannot read x; fetch it with GET-KIWIX-CAT\n");
}

TEST(Status, NoServerIsStatusThree) {
  World world;
  EXPECT_EQ(RunAs(world, Action::Status), 3);
  world.options.socket.clear();
  world.options.root = "/nowhere/at/all";
  EXPECT_EQ(RunAs(world, Action::Status), 3);
  EXPECT_THAT(world.screen.error, HasSubstr("iiab-cmdsrv is not running."));
}

TEST(Health, ShowsAllPartsAndTellsByItsStatus) {
  World world;
  world.server.Say("GET-HEALTH", kHealth);
  EXPECT_EQ(RunAs(world, Action::Health), 0);
  EXPECT_EQ(world.screen.out,
            "degraded (1.2.0, up 1:02:03)\n"
            "PART           STATE     ADVICE\n"
            "facts          good\n"
            "kiwix_catalog  degraded  cannot read x; fetch it with GET-KIWIX-CAT\n");
  world.options.strict = true;
  EXPECT_EQ(RunAs(world, Action::Health), 1);
  World broken;
  broken.server.Say("GET-HEALTH", R"({"state": "broken"})");
  EXPECT_EQ(RunAs(broken, Action::Health), 1);
}

TEST(Jobs, TheUsualListIsWhatIsUnfinishedOrRecent) {
  World world;
  world.clock.wall = WallTime{std::chrono::seconds{1777636800}};  // 2026-05-01T12:00:00Z
  world.server.Say("GET-JOB-ACTIVE-SUM", R"({"active": true, "STARTED": 1})");
  std::vector<std::string> old;
  for (int id = 100; id > 50; --id)
    old.push_back(Row(id, "SUCCEEDED", 1, 1, R"(, "ended_at": "2026-04-20T12:00:00Z")"));
  world.server.Say("GET-JOB-STAT", Rows(old));  // a page without anything, but one job runs
  world.server.Say("GET-JOB-STAT", Rows({Row(40, "SUCCEEDED", 1, 1, R"(, "ended_at": "2026-05-01T11:00:00Z")"),
                                         Row(39, "STARTED", 1, 1, R"(, "started_at": "2026-05-01T11:59:50Z")")}));
  EXPECT_EQ(RunAs(world, Action::Jobs), 0);
  EXPECT_EQ(world.screen.out,
            "ID  GROUP  STEP  STATUS     ELAPSED  WHAT                         DETAIL\n"
            "39      7  1/1   STARTED      00:10  INST-ZIMS: zim-install wiki\n"
            "40      7  1/1   SUCCEEDED    00:00  INST-ZIMS: zim-install wiki\n");
}

TEST(Jobs, AllAndSinceAskForThat) {
  World world;
  world.server.Say("GET-JOB-STAT", "[]");
  world.options.since_days = 3;
  EXPECT_EQ(RunAs(world, Action::Jobs), 0);
  world.options.all = true;
  EXPECT_EQ(RunAs(world, Action::Jobs), 0);
  EXPECT_THAT(world.server.asked, ElementsAre(R"(GET-JOB-STAT {"since_days":3})", "GET-JOB-STAT {}"));
  EXPECT_EQ(world.screen.out, "There are no jobs.\nThere are no jobs.\n");
}

TEST(Jobs, JsonIsTheReplyAsItCame) {
  World world;
  world.options.json = true;
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "STARTED")}));
  EXPECT_EQ(RunAs(world, Action::Jobs), 0);
  EXPECT_EQ(world.screen.out, Rows({Row(41, "STARTED")}) + "\n");
}

TEST(Job, OneJobAndItsGroup) {
  World world;
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "FAILED", 1, 2, R"(, "reason": "no space left")")}));
  world.server.Say("GET-JOB-STAT", Rows({Row(42, "CANCELLED", 2, 2), Row(41, "FAILED", 1, 2)}));
  EXPECT_EQ(RunAs(world, Action::Job, {41}), 0);
  EXPECT_THAT(world.screen.out, HasSubstr("status    FAILED\nreason    no space left\n"));
  EXPECT_THAT(world.screen.out, HasSubstr("  42      7  2/2   CANCELLED"));
  EXPECT_EQ(RunAs(world, Action::Job, {9}), 1);
}

std::string LogPiece(int next, int size, std::string_view text, bool ended) {
  return fmt::format(R"({{"job_id": 41, "offset": 0, "next_offset": {}, "size": {}, "text": "{}", "ended": {}}})", next,
                     size, text, ended);
}

TEST(Log, AllPiecesThenTheEnd) {
  World world;
  world.server.Say("GET-JOB-LOG", LogPiece(4, 8, R"(one\n)", false));
  world.server.Say("GET-JOB-LOG", LogPiece(8, 8, R"(two\n)", false));
  EXPECT_EQ(RunAs(world, Action::Log, {41}), 0);
  EXPECT_EQ(world.screen.out, "one\ntwo\n");
  EXPECT_THAT(world.server.asked, ElementsAre(R"(GET-JOB-LOG {"job_id":41,"offset":0,"limit":65536})",
                                              R"(GET-JOB-LOG {"job_id":41,"offset":4,"limit":65536})"));
}

TEST(Log, AReplyThatIsNoneIsTold) {
  World world;
  for (const char* reply : {"[]", "{}", R"({"text": "x", "next_offset": "1", "size": 1, "ended": true})"}) {
    world.server.replies.clear();
    world.server.Say("GET-JOB-LOG", reply);
    world.screen.error.clear();
    EXPECT_EQ(RunAs(world, Action::Log, {42}), 1);
    EXPECT_THAT(world.screen.error, HasSubstr("cannot read the reply to GET-JOB-LOG: members are missing")) << reply;
  }
}

TEST(Log, FollowingAsksAgainWhileTheJobRuns) {
  World world;
  world.options.follow = true;
  world.server.Say("GET-JOB-LOG", LogPiece(4, 4, R"(one\n)", false));
  world.server.Say("GET-JOB-LOG", LogPiece(4, 4, "", false));
  world.server.BreakDown("GET-JOB-LOG", ErrorCode::Unavailable, "cannot connect");  // a restart
  world.server.Say("GET-JOB-LOG", LogPiece(8, 8, R"(two\n)", true));
  EXPECT_EQ(RunAs(world, Action::Log, {41}), 0);
  EXPECT_EQ(world.screen.out, "one\ntwo\n");
  EXPECT_THAT(world.pauser.pauses, ElementsAre(milliseconds{500}, milliseconds{500}, milliseconds{500}));
}

TEST(Log, FollowingWaitsForNewsOfThisJob) {
  World world;
  world.options.follow = true;
  world.server.Say("GET-JOB-LOG", LogPiece(4, 4, R"(one\n)", false));
  world.server.Say("GET-JOB-LOG", LogPiece(8, 8, R"(two\n)", false));
  world.server.Say("GET-JOB-LOG", LogPiece(8, 8, "", true));
  world.server.Say("WAIT-EVENTS", fakes::Events(7, true, {}));
  world.server.Say("WAIT-EVENTS", fakes::Events(8, false, {fakes::Event(40, 7, "STARTED", R"(, "size": 99)")}));
  world.server.Say("WAIT-EVENTS", fakes::Events(9, false, {fakes::Event(41, 7, "STARTED", R"(, "size": 8)")}));
  world.server.Say("WAIT-EVENTS", fakes::Events(10, false, {fakes::Event(41, 7, "SUCCEEDED")}));
  EXPECT_EQ(RunAs(world, Action::Log, {41}), 0);
  EXPECT_EQ(world.screen.out, "one\ntwo\n");
  EXPECT_TRUE(world.pauser.pauses.empty());
  EXPECT_EQ(world.server.asked.size(), 7U);
}

TEST(Watch, TheListFollowsWhatHappensUntilTheTimeIsOver) {
  World world;
  world.options.watch = true;
  world.options.timeout = milliseconds{5000};
  world.clock.wall = WallTime{std::chrono::seconds{1777636800}};  // 2026-05-01T12:00:00Z
  world.server.Say("GET-JOB-ACTIVE-SUM", R"({"active": true, "STARTED": 1})");
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "STARTED")}));
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "SUCCEEDED", 1, 1, R"(, "ended_at": "2026-05-01T11:00:00Z")")}));
  world.server.Say("WAIT-EVENTS", fakes::Events(7, true, {}));
  world.server.Say("WAIT-EVENTS", fakes::Events(8, false, {fakes::Event(41, 7, "SUCCEEDED")}));
  world.server.Say("WAIT-EVENTS", fakes::Events(9, false, {}));
  world.server.on_ask = [&](std::string_view) { world.clock.Advance(milliseconds{500}); };
  EXPECT_EQ(RunAs(world, Action::Jobs), 0);
  EXPECT_THAT(world.screen.out, HasSubstr("job 41  step 1 of 1  STARTED"));
  EXPECT_THAT(world.screen.out, HasSubstr("job 41  step 1 of 1  SUCCEEDED"));
  EXPECT_TRUE(world.pauser.pauses.empty());
}

TEST(Watch, JsonIsOneReplyALine) {
  World world;
  world.options.watch = world.options.json = true;
  world.options.timeout = milliseconds{2500};
  world.server.Say("GET-JOB-ACTIVE-SUM", R"({"active": false})");
  world.server.Say("GET-JOB-STAT", "[]");
  world.server.Say("WAIT-EVENTS", fakes::Events(7, true, {}));
  const std::string news = fakes::Events(8, false, {fakes::Event(41, 7, "STARTED", R"(, "size": 3)")});
  world.server.Say("WAIT-EVENTS", news);
  world.server.Say("WAIT-EVENTS", fakes::Events(9, false, {}));
  world.server.on_ask = [&](std::string_view) { world.clock.Advance(milliseconds{500}); };
  EXPECT_EQ(RunAs(world, Action::Jobs), 0);
  EXPECT_EQ(world.screen.out, news + "\n");
}

TEST(Watch, AServerThatStaysAwayIsStatusThree) {
  World world;
  world.options.watch = true;
  EXPECT_EQ(RunAs(world, Action::Jobs), 3);
  EXPECT_TRUE(world.pauser.pauses.empty()) << "it was never there";
}

TEST(Log, AServerThatStandsStillDoesNotKeepUs) {
  World world;
  world.server.Say("GET-JOB-LOG", LogPiece(0, 100, "", false));
  EXPECT_EQ(RunAs(world, Action::Log, {41}), 0);
  World nonsense;
  nonsense.server.Say("GET-JOB-LOG", R"({"text": "x"})");
  EXPECT_EQ(RunAs(nonsense, Action::Log, {41}), 1);
}

TEST(Log, FollowingEndsWithTheTimeoutOrTheServer) {
  World slow;
  slow.options.follow = true;
  slow.options.timeout = milliseconds{2000};
  slow.server.Say("GET-JOB-LOG", LogPiece(0, 0, "", false));
  EXPECT_EQ(RunAs(slow, Action::Log, {41}), 4);
  World gone;
  gone.options.follow = true;
  gone.server.Say("GET-JOB-LOG", LogPiece(0, 0, "", false));
  gone.server.BreakDown("GET-JOB-LOG", ErrorCode::Unavailable, "cannot connect");
  EXPECT_EQ(RunAs(gone, Action::Log, {41}), 3);
  World never;
  never.options.follow = true;
  EXPECT_EQ(RunAs(never, Action::Log, {41}), 3);
  EXPECT_TRUE(never.pauser.pauses.empty());
}

TEST(Log, ATerminalGetsNoEscapeSequencesAFileGetsAll) {
  World world;
  world.server.Say("GET-JOB-LOG", LogPiece(4, 4, R"(a\u001b[1mb\n)", true));
  RunAs(world, Action::Log, {41});
  EXPECT_EQ(world.screen.out, "a\x1b[1mb\n");
  world.screen.out.clear();
  world.screen.terminal = true;
  RunAs(world, Action::Log, {41});
  EXPECT_EQ(world.screen.out, "a[1mb\n");
}

TEST(Cancel, SeveralJobsAndTheRefusedOne) {
  World world;
  world.server.Say("CANCEL-JOB", R"({"Success": "Running Job  41 Cancelled."})");
  world.server.Say("CANCEL-JOB", R"({"Error": "Job  42 Not Running or Scheduled."})");
  world.server.Say("CANCEL-JOB", R"({"Success": "Scheduled Job  43 Cancelled."})");
  EXPECT_EQ(RunAs(world, Action::Cancel, {41, 42, 43}), 1);
  EXPECT_EQ(world.screen.out, "Running Job  41 Cancelled.\nScheduled Job  43 Cancelled.\n");
  EXPECT_EQ(world.screen.error, "Job  42 Not Running or Scheduled.\n");
  EXPECT_EQ(world.server.asked.at(0), R"(CANCEL-JOB {"job_id":41})");
}

TEST(Cancel, WaitingIsUntilNothingIsLeft) {
  World world;
  world.options.wait = true;
  world.server.Say("CANCEL-JOB", R"({"Success": "Running Job  41 Cancelled."})");
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "STARTED")}));
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "STARTED")}));
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "CANCELLED")}));
  EXPECT_EQ(RunAs(world, Action::Cancel, {41}), 0);
}

TEST(Retry, ShowsTheReplyAndFollowsTheNewJob) {
  World world;
  world.options.wait = true;
  world.server.Say("RETRY-JOB", R"({"Success": "Job  50 Scheduled."})");
  world.server.Say("GET-JOB-STAT", Rows({Row(50, "SUCCEEDED")}));
  EXPECT_EQ(RunAs(world, Action::Retry, {41}), 0);
  EXPECT_EQ(world.server.asked.at(0), R"(RETRY-JOB {"job_id":41})");
  EXPECT_EQ(world.server.asked.at(2), R"(GET-JOB-STAT {"last_rowid":51})");
}

TEST(Wait, AWrongNumberIsToldAtOnce) {
  World world;
  world.server.Say("GET-JOB-STAT", Rows({Row(41, "SUCCEEDED")}));
  EXPECT_EQ(RunAs(world, Action::Wait, {41}), 0);
  EXPECT_EQ(RunAs(world, Action::Wait, {41, 99}), 1);
  World gone;
  EXPECT_EQ(RunAs(gone, Action::Wait, {41}), 3);
  EXPECT_TRUE(gone.pauser.pauses.empty());
}

TEST(Stop, SaysStopAndPassesARefusalOn) {
  World world;
  world.server.Say("STOP", R"({"Status": "Stopping"})");
  EXPECT_EQ(RunAs(world, Action::Stop), 0);
  world.options.end_jobs = true;
  EXPECT_EQ(RunAs(world, Action::Stop), 0);
  EXPECT_THAT(world.server.asked, ElementsAre("STOP", R"(STOP {"jobs":"end"})"));
  EXPECT_EQ(world.screen.out, "Stopping\nStopping\n");
  World refused;
  refused.server.Say("STOP", R"({"Error": "Only root may stop the server STOP."})");
  EXPECT_EQ(RunAs(refused, Action::Stop), 1);
}

constexpr const char* kCommands =
    R"([{"verb": "CHGPW", "summary": "Changes a password.", "caller": "console", "internet": false, "sensitive": true, )"
    R"("jobs": false, "lane": "quick", "parameters": [{"name": "user", "type": "text", "required": true, "class": "any"}]}, )"
    R"({"verb": "INST-ZIMS", "summary": "Installs a ZIM.", "caller": "console", "internet": true, "sensitive": false, )"
    R"("jobs": true, "lane": "quick", "parameters": []}])";

TEST(Commands, TheTableAndOneVerb) {
  World world;
  world.server.Say("LIST-COMMANDS", kCommands);
  EXPECT_EQ(RunAs(world, Action::Commands), 0);
  EXPECT_EQ(world.screen.out,
            "VERB       CALLER   FLAGS          SUMMARY\n"
            "CHGPW      console  secret         Changes a password.\n"
            "INST-ZIMS  console  internet,jobs  Installs a ZIM.\n");
  world.screen.out.clear();
  world.options.verb = "CHGPW";
  EXPECT_EQ(RunAs(world, Action::Commands), 0);
  EXPECT_EQ(world.screen.out,
            "CHGPW: Changes a password.\n"
            "caller: console     lane: quick\n"
            "Its arguments are secret: give them with -f FILE or -f - rather than as words.\n"
            "PARAMETER  TYPE  NEED      CLASS\n"
            "user       text  required  any\n");
  world.options.verb = "NONE";
  EXPECT_EQ(RunAs(world, Action::Commands), 1);
}

TEST(Watching, NeedsADescriptorAndAQuestion) {
  EXPECT_EQ(ClientAsker("/nowhere").WaitOn(milliseconds(1)).error().message, "cannot wait on: nothing was asked");
  const test::FewDescriptors none(0);
  const auto watched = ServerGone::Watch("/run/iiab-cmdsrv.pid");
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error().message, "cannot watch files: " + Reason(EMFILE));
}

}  // namespace
}  // namespace cmdsrv::ctl
