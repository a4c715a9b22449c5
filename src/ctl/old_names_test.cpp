#include "ctl/old_names.hpp"

#include <gmock/gmock.h>

#include "ctl/fakes.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {
namespace {

using fakes::World;
using testing::ElementsAre;
using testing::HasSubstr;

std::variant<Options, SaidByItself> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "/usr/bin/iiab-install-oer2go-mod");
  return ParseArguments(static_cast<int>(words.size()), words.data());
}

int Install(World& world, const char* module) {
  world.options = std::get<Options>(Parse({module}));
  world.options.socket = "/nowhere/sock";  // so that no pid file is looked for
  Session session = world.Begin();
  return Run(session);
}

TEST(InstallModule, WithoutOneGoodNameItSaysHow) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{}, {"a", "b"}, {"../x"}, {"-h"}, {"a b"}, {"\"}"}, {""}}) {
    const auto parsed = Parse(words);
    const auto* said = std::get_if<SaidByItself>(&parsed);
    ASSERT_NE(said, nullptr);
    EXPECT_EQ(said->status, 1);
    EXPECT_THAT(said->text, HasSubstr("usage: iiab-install-oer2go-mod MODDIR"));
  }
}

TEST(InstallModule, SendsTheCommand) {
  World world;
  world.server.Say("LIST-COMMANDS", R"([{"verb": "INST-OER2GO-MOD", "sensitive": false}])");
  world.server.Say("INST-OER2GO-MOD", R"({"Success": "Job  2 Scheduled."})");
  EXPECT_EQ(Install(world, "status"), 0) << "also a name that is a sub-command of ctl";
  EXPECT_THAT(world.server.asked, ElementsAre("LIST-COMMANDS", R"(INST-OER2GO-MOD {"moddir":"status"})"));
  EXPECT_THAT(world.screen.out, HasSubstr("Job  2 Scheduled."));
}

TEST(InstallModule, EveryFailureIsOne) {
  World refused;
  refused.server.Say("INST-OER2GO-MOD", R"({"Error": "Module not in catalog in Command INST-OER2GO-MOD."})");
  EXPECT_EQ(Install(refused, "en-none"), 1);
  EXPECT_THAT(refused.screen.out, HasSubstr("Module not in catalog"));
  World silent;
  silent.server.BreakDown("INST-OER2GO-MOD", ErrorCode::Unavailable, "cannot connect");
  EXPECT_EQ(Install(silent, "en-wells"), 1);
  EXPECT_THAT(silent.screen.out, HasSubstr("cannot connect"));
}

}  // namespace
}  // namespace cmdsrv::ctl
