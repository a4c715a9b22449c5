#include "ctl/plain_verb.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "ctl/fakes.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {
namespace {

using fakes::Row;
using fakes::Rows;
using fakes::World;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

int Send(World& world, std::vector<std::string> words) {
  world.options.words = std::move(words);
  Session session = world.Begin();
  return Run(session);
}

TEST(PlainVerb, PrintsWhatItAlwaysPrinted) {
  World world;
  world.server.Say("TEST", R"({"Success": "TEST ."})");
  EXPECT_EQ(Send(world, {"TEST"}), 0);
  EXPECT_EQ(world.screen.out,
            "message to send:  TEST\n"
            "Connecting to server...\n"
            "Received reply:  {\"Success\": \"TEST .\"}\n");
  EXPECT_EQ(world.screen.error, "");
  EXPECT_THAT(world.server.asked, ElementsAre("TEST"));
  EXPECT_THAT(world.server.deadlines, ElementsAre(milliseconds{60000}));
}

TEST(PlainVerb, TwoWordsAreJoinedAndTheTableSaysWhatMayBeShown) {
  World world;
  world.server.Say("LIST-COMMANDS", R"([{"verb": "WGET", "sensitive": false}, {"verb": "CHGPW", "sensitive": true}])");
  world.server.Say("WGET", R"({"Success": "x"})");
  world.server.Say("CHGPW", R"({"Success": "x"})");
  EXPECT_EQ(Send(world, {"WGET", R"({"a": 1})"}), 0);
  EXPECT_EQ(Send(world, {R"(CHGPW {"new": "geheim"})"}), 0);
  EXPECT_THAT(world.server.asked,
              ElementsAre("LIST-COMMANDS", R"(WGET {"a": 1})", "LIST-COMMANDS", R"(CHGPW {"new": "geheim"})"));
  EXPECT_THAT(world.screen.out, HasSubstr("message to send:  WGET {\"a\": 1}\n"));
  EXPECT_THAT(world.screen.out, HasSubstr("message to send:  CHGPW ***\n"));
  EXPECT_THAT(world.screen.out, Not(HasSubstr("geheim")));
}

TEST(PlainVerb, ASilentTableMasksAndTheCommandIsSentAllTheSame) {
  World world;
  world.server.BreakDown("LIST-COMMANDS", ErrorCode::Timeout, "no reply");
  world.server.Say("WGET", R"({"Success": "x"})");
  EXPECT_EQ(Send(world, {"WGET", R"({"a": 1})"}), 0);
  EXPECT_THAT(world.screen.out, HasSubstr("message to send:  WGET ***\n"));
}

TEST(PlainVerb, AnErrorReplyIsADeliveredCommand) {
  World world;
  world.server.Say("NO", R"({"Error": "Unknown Command"})");
  EXPECT_EQ(Send(world, {"NO"}), 0);
  world.options.strict = true;
  EXPECT_EQ(Send(world, {"NO"}), 3);
  EXPECT_THAT(world.screen.out, HasSubstr("Received reply:  {\"Error\": \"Unknown Command\"}\n"));
}

TEST(PlainVerb, QuietPrintsTheReplyAndNothingElse) {
  World world;
  world.options.quiet = true;
  world.server.Say("WGET", "[1]");
  EXPECT_EQ(Send(world, {"WGET", "{}"}), 0);
  EXPECT_EQ(world.screen.out, "[1]\n");
  EXPECT_THAT(world.server.asked, ElementsAre("WGET {}"));  // nothing is echoed, so no table is needed
  EXPECT_EQ(Send(world, {}), 1);
  EXPECT_EQ(world.screen.out, "[1]\n");
  EXPECT_THAT(world.screen.error, HasSubstr("usage: "));
}

TEST(PlainVerb, WrongNumberOfWords) {
  for (const auto& words : std::vector<std::vector<std::string>>{{}, {"A", "B", "C"}}) {
    World world;
    EXPECT_EQ(Send(world, words), 1);
    EXPECT_EQ(world.screen.out, "usage: cmdsrv-ctl \"<command>\" \"<optional json argument>\"\n");
    EXPECT_TRUE(world.server.asked.empty());
  }
}

TEST(PlainVerb, MissingFilesComeBeforeWrongWords) {
  World world;
  world.options.socket.clear();
  world.options.root = "/nowhere/at/all";
  EXPECT_EQ(Send(world, {}), 1);
  EXPECT_EQ(world.screen.out, "iiab-cmdsrv is not running. Perhaps has not started yet.\n");
}

TEST(PlainVerb, NoReplyWithoutATerminalEndsAtOnce) {
  World world;
  world.options.timeout = milliseconds{1500};
  world.server.BreakDown("SLOW", ErrorCode::Timeout, "no reply");
  EXPECT_EQ(Send(world, {"SLOW"}), 1);
  EXPECT_THAT(world.screen.out,
              HasSubstr("No response from the server after 1.5 seconds. It may still do the Command."));
  EXPECT_EQ(world.server.deadlines.size(), 1U);
  world.options.strict = true;
  EXPECT_EQ(Send(world, {"SLOW"}), 4);
}

TEST(PlainVerb, SomebodyAtTheTerminalMayWaitOnAndNothingIsSentTwice) {
  World world;
  world.server.BreakDown("SLOW", ErrorCode::Timeout, "no reply");
  world.server.late_replies = {Failure(Error{ErrorCode::Timeout, "no reply"}), std::string("[]")};
  world.screen.answers = {true, true};
  EXPECT_EQ(Send(world, {"SLOW"}), 0);
  EXPECT_THAT(world.server.asked, ElementsAre("SLOW"));
  ASSERT_EQ(world.screen.questions.size(), 2U);
  EXPECT_THAT(world.screen.questions[0], HasSubstr("after 60 seconds. Wait another 60 seconds? (ENTER = yes"));
  EXPECT_THAT(world.screen.questions[1], HasSubstr("after 120 seconds."));
  EXPECT_THAT(world.screen.out, HasSubstr("Received reply:  []\n"));
}

TEST(PlainVerb, SayingNoEndsTheWaiting) {
  World world;
  world.server.BreakDown("SLOW", ErrorCode::Timeout, "no reply");
  world.screen.answers = {false};
  EXPECT_EQ(Send(world, {"SLOW"}), 1);
  EXPECT_EQ(world.screen.questions.size(), 1U);
}

TEST(PlainVerb, ATerminalGetsNoEscapeSequences) {
  World world;
  world.screen.terminal = true;
  world.server.Say("TEST", "{\"Success\": \"\x1b[2J\xC2\x9B\"}");
  Send(world, {"TEST"});
  EXPECT_THAT(world.screen.out, HasSubstr("Received reply:  {\"Success\": \"[2J\"}\n"));
}

TEST(PlainVerb, TheCommandMayComeFromAFile) {
  char name[] = "/tmp/ctl-message-XXXXXX";
  close(mkstemp(name));
  World world;
  world.options.quiet = true;
  world.options.file = name;
  world.server.Say("CHGPW", "{}");
  std::ofstream(name) << "CHGPW {\"new\": \"geheim\"}\n";
  EXPECT_EQ(Send(world, {}), 0);
  std::ofstream(name) << "{\"new\":\n \"geheim\"}\n";
  EXPECT_EQ(Send(world, {"CHGPW"}), 0);
  EXPECT_THAT(world.server.asked, ElementsAre("CHGPW {\"new\": \"geheim\"}", "CHGPW {\"new\":\n \"geheim\"}"));
  EXPECT_EQ(Send(world, {"CHGPW", "{}"}), 1);  // three parts are one too many
  std::ofstream(name) << std::string((1U << 20U) + 1, 'x');
  EXPECT_EQ(Send(world, {"CHGPW"}), 1);
  EXPECT_THAT(world.screen.error, HasSubstr(fmt::format("cannot send {}: it is longer than 1048576 bytes", name)));
  unlink(name);
  EXPECT_EQ(Send(world, {"CHGPW"}), 1);
  EXPECT_THAT(world.screen.error, HasSubstr("no such file"));
  EXPECT_EQ(world.server.asked.size(), 2U);
}

TEST(SendAndWait, JsonHasTheNewStatuses) {
  World world;
  world.options.json = true;
  world.server.Say("GOOD", R"({"Success": "x"})");
  world.server.Say("BAD", R"({"Error": "x"})");
  world.server.BreakDown("SLOW", ErrorCode::Timeout, "no reply");
  EXPECT_EQ(Send(world, {"GOOD"}), 0);
  EXPECT_EQ(Send(world, {"BAD"}), 1);
  EXPECT_EQ(world.screen.out, "{\"Success\": \"x\"}\n{\"Error\": \"x\"}\n");
  EXPECT_EQ(Send(world, {}), 2);
  EXPECT_EQ(Send(world, {"GONE"}), 3);
  EXPECT_EQ(Send(world, {"SLOW"}), 4);
  world.options.socket.clear();
  world.options.root = "/nowhere/at/all";
  EXPECT_EQ(Send(world, {"GOOD"}), 3);
}

TEST(SendAndWait, FollowsTheJobThatTheReplyNames) {
  World world;
  world.options.wait = true;
  world.server.Say("INST-ZIMS", R"({"Success": "Job  42 Scheduled."})");
  world.server.Say("GET-JOB-STAT", Rows({Row(42, "SCHEDULED", 2, 2), Row(41, "STARTED", 1, 2)}));
  world.server.Say("GET-JOB-STAT", Rows({Row(42, "SCHEDULED", 2, 2), Row(41, "STARTED", 1, 2)}));
  world.server.Say("GET-JOB-STAT", Rows({Row(42, "SUCCEEDED", 2, 2), Row(41, "SUCCEEDED", 1, 2)}));
  EXPECT_EQ(Send(world, {"INST-ZIMS", "{}"}), 0);
  EXPECT_THAT(world.screen.out,
              HasSubstr("Job  42 Scheduled.\n(Ctrl-C leaves the jobs running; to stop them: iiab-cmdsrv-ctl "
                        "--socket /nowhere/sock cancel 42)\n"));
  EXPECT_TRUE(world.screen.out.ends_with("2 SUCCEEDED\n")) << world.screen.out;
}

TEST(SendAndWait, ACommandWithoutAJobIsDone) {
  World world;
  world.options.wait = true;
  world.server.Say("TEST", R"({"Success": "TEST ."})");
  EXPECT_EQ(Send(world, {"TEST"}), 0);
  EXPECT_EQ(world.screen.out, "TEST .\n");
  world.server.Say("BAD", R"({"Error": "Malformed Command BAD."})");
  EXPECT_EQ(Send(world, {"BAD"}), 1);
  EXPECT_EQ(world.screen.error, "Malformed Command BAD.\n");
}

}  // namespace
}  // namespace cmdsrv::ctl
