#include "ctl/command_line.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

namespace cmdsrv::ctl {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::variant<Options, SaidByItself> Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "iiab-cmdsrv-ctl");
  return ParseArguments(static_cast<int>(words.size()), words.data());
}

Options Good(const std::vector<const char*>& words) {
  const auto parsed = Parse(words);
  const auto* said = std::get_if<SaidByItself>(&parsed);
  EXPECT_EQ(said, nullptr) << (said == nullptr ? "" : said->text);
  return said == nullptr ? std::get<Options>(parsed) : Options{};
}

SaidByItself Said(const std::vector<const char*>& words) {
  const auto parsed = Parse(words);
  const auto* said = std::get_if<SaidByItself>(&parsed);
  EXPECT_NE(said, nullptr) << words.front();
  return said == nullptr ? SaidByItself{-1, ""} : *said;
}

TEST(Arguments, VerbsWithAndWithoutJson) {
  EXPECT_THAT(Good({"TEST"}).words, ElementsAre("TEST"));
  EXPECT_THAT(Good({"TEST {\"a\": 1}"}).words, ElementsAre("TEST {\"a\": 1}"));
  EXPECT_THAT(Good({"TEST", "{\"a\": 1}"}).words, ElementsAre("TEST", "{\"a\": 1}"));
  EXPECT_THAT(Good({"TEST", "[1,2]"}).words, ElementsAre("TEST", "[1,2]"));  // nothing is taken apart
  EXPECT_THAT(Good({"TEST", ""}).words, ElementsAre("TEST", ""));
  EXPECT_THAT(Good({"A", "B", "C"}).words, ElementsAre("A", "B", "C"));
  EXPECT_THAT(Good({}).words, IsEmpty());
}

TEST(Arguments, OldOptionsStandAnywhere) {
  const Options options = Good({"-q", "TEST", "-t", "2.5", "-s", "/tmp/x", "--strict"});
  EXPECT_TRUE(options.quiet && options.strict);
  EXPECT_EQ(options.timeout, milliseconds{2500});
  EXPECT_EQ(options.socket, "/tmp/x");
  EXPECT_EQ(Good({"-f", "-"}).file, "-");
  EXPECT_EQ(Good({"CHGPW", "-f", "file"}).file, "file");
}

TEST(Arguments, SubcommandsWithCommonOptionsBehindThem) {
  const Options jobs = Good({"jobs", "--since", "3", "--json", "--root", "/box"});
  EXPECT_EQ(jobs.action, Action::Jobs);
  EXPECT_EQ(jobs.since_days, 3);
  EXPECT_TRUE(jobs.json);
  EXPECT_EQ(jobs.root, "/box");
  const Options log = Good({"--root", "/box", "log", "41", "-f"});
  EXPECT_EQ(log.action, Action::Log);
  EXPECT_TRUE(log.follow);
  EXPECT_EQ(log.file, "");
  EXPECT_THAT(log.ids, ElementsAre(41));
  EXPECT_THAT(Good({"wait", "41", "42", "--timeout", "9"}).ids, ElementsAre(41, 42));
  EXPECT_EQ(Good({"commands", "INST-ZIMS"}).verb, "INST-ZIMS");
  EXPECT_TRUE(Good({"stop", "--end-jobs", "--wait"}).end_jobs);
  const std::vector<std::pair<const char*, Action>> names = {{"status", Action::Status},
                                                             {"health", Action::Health},
                                                             {"jobs", Action::Jobs},
                                                             {"commands", Action::Commands},
                                                             {"stop", Action::Stop}};
  for (const auto& [name, action] : names) EXPECT_EQ(Good({name}).action, action) << name;
}

TEST(Arguments, WrongUsageIsStatusTwo) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"jobs", "--nonsense"},
                                             {"TEST", "--nonsense"},
                                             {"job"},
                                             {"job", "x"},
                                             {"job", "0"},
                                             {"job", "-1"},
                                             {"job", "1", "2"},
                                             {"jbos"},
                                             {"jobs", "X"},
                                             {"jobs", "--since", "0"},
                                             {"TEST", "-t", "0"},
                                             {"TEST", "-t", "x"},
                                             {"TEST", "-t"},
                                             {"TEST", "jobs", "--since", "-1", "--all", "x"},
                                             {"wait"},
                                             {"TEST", "-t", "1e99"}}) {
    const SaidByItself said = Said(words);
    EXPECT_EQ(said.status, 2) << words[0];
    EXPECT_THAT(said.text, HasSubstr("--help")) << words[0];
  }
  EXPECT_THAT(Said({"jbos"}).text, HasSubstr("there is no sub-command jbos"));
}

TEST(Arguments, HelpNamesSubcommandsAndStatuses) {
  const SaidByItself help = Said({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* text :
       {"jobs", "cancel", "--root", "--strict", "0 done   1 refused or failed   2 usage   3 no server   4 timed out"}) {
    EXPECT_THAT(help.text, HasSubstr(text));
  }
  EXPECT_THAT(Said({"log", "--help"}).text, HasSubstr("--follow"));
  EXPECT_THAT(Said({"--version"}).text, HasSubstr("iiab-cmdsrv-ctl "));
}

TEST(Arguments, TheRootMayComeFromTheEnvironment) {
  setenv("CMDSRV_ROOT", "/from/env", 1);
  EXPECT_EQ(Good({"status"}).root, "/from/env");
  EXPECT_EQ(Good({"status", "--root", "/box"}).root, "/box");
  unsetenv("CMDSRV_ROOT");
}

}  // namespace
}  // namespace cmdsrv::ctl
