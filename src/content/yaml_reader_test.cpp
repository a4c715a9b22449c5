#include "content/yaml_reader.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/text.hpp"
#include "content/shared_data.hpp"
#include "content/yaml_scalar.hpp"
#include "platform/process.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;

json::object Values(std::string_view text) {
  const auto entries = ReadYaml(text);
  if (!entries) {
    ADD_FAILURE() << "line " << entries.error().line << ": " << entries.error().what << "\n" << text;
    return {};
  }
  return ValuesOf(*entries);
}

/// The line of the problem; 0: there is none.
std::size_t ProblemLine(std::string_view text) {
  const auto entries = ReadYaml(text);
  return entries ? 0 : entries.error().line;
}

TEST(YamlReader, ReadsWhatFilesOfVariablesHold) {
  const json::object values = Values(R"(# comment
name: box   # its name
empty:
tilde: ~
on_word: yes
off_word: OFF
quoted_word: "yes"
single: 'it''s'
octal: 0755
hex: 0x1F
binary: 0b101
minutes: 1:30
version: 8.3
thousands: 1_000
date: 2026-04-30
ip: 10.10.10.10
url: https://download.iiab.io/packages
spaced : x
flow: [a, 2, no]
block:
  - one
  # - two
  - 3
text: |
  first
  second
folded: >-
  one
  two
tagged: !!str 5
secret: !vault abc
twice: 1
twice: 2
)");
  EXPECT_EQ(PrintJson(values),
            R"({"name":"box","empty":null,"tilde":null,"on_word":true,"off_word":false,"quoted_word":"yes",)"
            R"("single":"it's","octal":493,"hex":31,"binary":5,"minutes":90,"version":8.3,"thousands":1000,)"
            R"("date":"2026-04-30","ip":"10.10.10.10","url":"https://download.iiab.io/packages","spaced":"x",)"
            R"("flow":["a",2,false],"block":["one",3],"text":"first\nsecond\n","folded":"one two","tagged":"5",)"
            R"("secret":"abc","twice":2})");
}

TEST(YamlReader, AnEmptyFileHasNoVariables) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "---\n# x\n", "\xEF\xBB\xBF# mark\n"})
    EXPECT_TRUE(Values(text).empty()) << text;
}

TEST(YamlReader, NumbersAreThoseOfTheOldVersion) {
  const auto kind = [](std::string_view text) { return ReadPlainScalar(text).kind(); };
  for (const char* text : {"0", "-1", "+5", "007", "0x_f", "1:00", "190:20:30", "9223372036854775807"})
    EXPECT_EQ(kind(text), json::kind::int64) << text;
  for (const char* text : {"1.", "1.5", ".5", "-.5e+3", "1.0e-7", "1:30.5", "6.8523015e+5"})
    EXPECT_EQ(kind(text), json::kind::double_) << text;
  for (const char* text : {"1e5", "08", "0o17", "-", "+", ".", "1.5.2", "1:60", "_1", "9223372036854775808", ".inf",
                           ".nan", "1.0e5", "0x", "y", "TrUe", "12:3:4x"})
    EXPECT_EQ(kind(text), json::kind::string) << text;
  EXPECT_EQ(ReadPlainScalar("190:20:30").get_int64(), 685230);
  EXPECT_EQ(ReadPlainScalar("-0x10").get_int64(), -16);
}

TEST(YamlReader, RefusesWhatIsLargerThanItLooks) {
  EXPECT_EQ(ProblemLine("a: &x [1]\nb: *x\n"), 2U);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) bomb += fmt::format("a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1}]\n", i, i - 1);
  EXPECT_EQ(ProblemLine(bomb), 2U);
  EXPECT_EQ(ProblemLine("x: 1\ny: " + std::string(100, '[')), 2U);
  EXPECT_EQ(ProblemLine("x: " + std::string(500'000, '[')), 1U);
  EXPECT_EQ(ProblemLine("x: " + std::string(400'000, '{')), 1U);
  EXPECT_NE(ProblemLine(std::string(100'000, '-')), 0U);
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "k:\n";
  EXPECT_NE(ProblemLine(deep), 0U);
  EXPECT_EQ(ProblemLine(std::string(kYamlLimit + 1, ' ')), 1U);
  std::string many = "x: [";
  for (int i = 0; i < 150'000; ++i) many += "1,";
  EXPECT_EQ(ProblemLine(many + "1]\n"), 1U);
}

TEST(YamlReader, NamesTheLineOfWhatIsWrong) {
  EXPECT_EQ(ProblemLine("good: 1\nbad: \"open\nmore: 2\n"), 4U);
  EXPECT_EQ(ProblemLine("good: 1\nname: New: box\n"), 2U);
  EXPECT_EQ(ProblemLine("a: 1\n---\nb: 2\n"), 2U);
  EXPECT_EQ(ProblemLine("a: 1\n\tb: 2\n"), 2U);
  EXPECT_EQ(ProblemLine("- a\n- b\n"), 1U);
  EXPECT_EQ(ProblemLine("just a text\n"), 1U);
  EXPECT_EQ(ProblemLine("a: 1\n[x]: 2\n"), 2U);
  EXPECT_EQ(ProblemLine(std::string_view("a: \0b\n", 6)), 1U);
  EXPECT_EQ(ProblemLine("a: \xff\n"), 1U);
}

TEST(YamlScalar, IsWrittenSoThatEveryReaderGetsTheSame) {
  const auto spelled = [](const json::value& value) { return SpellScalar(value); };
  EXPECT_EQ(spelled(true), "True");
  EXPECT_EQ(spelled(false), "False");
  EXPECT_EQ(spelled(nullptr), "");
  EXPECT_EQ(spelled(-5), "-5");
  EXPECT_EQ(spelled(5.0), "5.0");
  EXPECT_EQ(spelled(1e20), "1.0e+20");
  EXPECT_EQ(spelled("Internet in a Box"), "Internet in a Box");
  EXPECT_EQ(spelled("/library/www"), "/library/www");
  EXPECT_EQ(spelled("192.168.1.5"), "192.168.1.5");
  for (const char* text :
       {"",   "yes", "007", "1.5", "null", "2026-01-01", "a # b", "New: box", " x", "x ",   "#x", "- x", "1e5", "y",
        "*a", "&a",  "!x",  "%x",  "@x",   "`x",         "{x",    "[x",       "'x", "a\nb", "~",  "1_0", "é"})
    EXPECT_THAT(spelled(text), ::testing::StartsWith("\"")) << text;
  EXPECT_EQ(spelled("say \"hi\" \\ \n\t\x01"), R"("say \"hi\" \\ \n\t\x01")");
  EXPECT_EQ(spelled("\xC2\x85\xE2\x80\xA8"), R"("\x85\u2028")");
  EXPECT_EQ(spelled("Größe"), "\"Größe\"");
}

TEST(YamlReader, ReadsTheRealDefaults) {
  CMDSRV_NEEDS_SHARED_DATA();
  const json::object values = Values(test::SharedText("default_vars.yml"));
  EXPECT_GT(values.size(), 200U);
  EXPECT_EQ(values.at("host_channel"), 6);
  EXPECT_EQ(values.at("iiab_base_ver"), 8.3);
  EXPECT_EQ(values.at("iiab_gateway_enabled"), false);
  EXPECT_TRUE(values.at("wan_gateway").is_null());
  EXPECT_EQ(values.at("host_ssid"), "Internet in a Box");
}

TEST(YamlReader, TextsAreUtf8WhateverTheEscapes) {
  const json::object values = Values("a: \"\\N\\_\\x85\\u00e9\"\n");
  EXPECT_TRUE(IsUtf8(PrintJson(values)));
  EXPECT_TRUE(ParseJson(PrintJson(values)).has_value());
}

TEST(YamlReader, ReadsTheRealFilesAsAnsibleDoes) {
  CMDSRV_NEEDS_SHARED_DATA();
  RunOptions options;
  options.deadline = std::chrono::seconds(100);
  options.environment = {"LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
  std::vector<std::string> files = {"default_vars.yml"};
  for (const auto& preset : std::filesystem::directory_iterator(test::SharedPath("presets")))
    files.push_back("presets/" + preset.path().filename().string() + "/vars.yml");
  for (const std::string& file : files) {
    const auto read = RunProgram(
        {"/usr/bin/python3", "-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))",
         test::SharedPath(file)},
        options);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    ASSERT_EQ(read->status, 0) << read->errors;
    const auto wanted = ParseJson(read->output);
    ASSERT_TRUE(wanted.has_value()) << wanted.error().message;
    EXPECT_EQ(json::value(Values(test::SharedText(file))), *wanted) << file;
  }
}

}  // namespace
}  // namespace cmdsrv
