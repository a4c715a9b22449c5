#include "protocol/command.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

std::string Canonical(std::string_view text) {
  const auto command = ParseCommand(text);
  return command ? CanonicalText(*command) : std::string(NameOf(command.error().code));
}

struct Row {
  const char* text;
  const char* expected;  ///< canonical text, or the name of the error code
};

// Each row of spec protocol 4.1, and the grammar of 4.
constexpr Row kRows[] = {
    {"TEST", "TEST"},
    {"GET-JOB-STAT {\"last_rowid\": 1, \"a\": [1, 2]}", "GET-JOB-STAT {\"a\":[1,2],\"last_rowid\":1}"},
    {"TEST {}", "TEST"},
    {"TEST   {\"a\":1}", "TEST {\"a\":1}"},
    {"TEST {\"a\":1}  ", "TEST {\"a\":1}"},
    {"TEST \n\t{\"a\":1}\r\n", "TEST {\"a\":1}"},
    {"TEST ", "TEST"},
    {"TEST    ", "TEST"},
    {" TEST", "malformed"},
    {" ", "malformed"},
    {" {\"a\":1}", "malformed"},
    {"", "not found"},
    {"test", "not found"},
    {"Test {}", "not found"},
    {"TEST\n{}", "not found"},
    {"TEST\t{}", "not found"},
    {"TEST{}", "not found"},
    {"-TEST", "not found"},
    {"9TEST", "not found"},
    {"TÉST", "not found"},
    {"X9-", "X9-"},
    {"CHGPW {\"newpasswd\": \"my CHGPW secret\"}", "CHGPW {\"newpasswd\":\"my CHGPW secret\"}"},
    {"TEST 5", "malformed"},
    {"TEST null", "malformed"},
    {"TEST [1]", "malformed"},
    {"TEST \"x\"", "malformed"},
    {"TEST {", "malformed"},
    {"TEST {\"a\":1} x", "malformed"},
    {"TEST {\"a\":1}{}", "malformed"},
    {"TEST {\"a\": NaN}", "malformed"},
    {"TEST {\"a\": Infinity}", "malformed"},
    {"TEST {\"a\": -Infinity}", "malformed"},
    {"TEST {'a': 1}", "malformed"},
    {"TEST {\"a\": \"\\ud800\"}", "malformed"},
    {"TEST {\"a\": 1, \"a\": 2}", "TEST {\"a\":2}"},
    {"TEST {\"a\": \"\xff\"}", "malformed"},
    {"\xff", "malformed"},
};

TEST(Command, TableOfSpecRows) {
  for (const Row& row : kRows) EXPECT_EQ(Canonical(row.text), row.expected) << row.text;
}

TEST(Command, NulIsMalformed) {
  using namespace std::string_view_literals;
  EXPECT_EQ(Canonical("TEST\0"sv), "malformed");
  EXPECT_EQ(Canonical("TEST {\"a\": \"\0\"}"sv), "malformed");
}

TEST(Command, DepthIsLimited) {
  const auto nested = [](std::size_t arrays) {
    return "TEST {\"a\":" + std::string(arrays, '[') + std::string(arrays, ']') + "}";
  };
  EXPECT_TRUE(ParseCommand(nested(63)));
  EXPECT_EQ(Canonical(nested(64)), "malformed");
  EXPECT_EQ(Canonical(nested(400'000)), "malformed");
}

TEST(Command, EqualMeaningHasOneCanonicalText) {
  EXPECT_EQ(Canonical("INST-ZIMS {\"zim_id\": \"x\", \"n\": 1.0}"), Canonical("INST-ZIMS {\"n\":1,\"zim_id\":\"x\"} "));
  EXPECT_NE(Canonical("INST-ZIMS {\"zim_id\": \"x\"}"), Canonical("INST-ZIMS {\"zim_id\": \"X\"}"));
}

TEST(Command, CanonicalTextParsesToItself) {
  for (const Row& row : kRows) {
    const auto command = ParseCommand(row.text);
    if (command) {
      EXPECT_EQ(Canonical(CanonicalText(*command)), CanonicalText(*command)) << row.text;
    }
  }
}

TEST(Command, ReasonsNeverRepeatTheArguments) {
  const auto command = ParseCommand("CHGPW {\"newpasswd\": \"hunter2\"");
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().message.find("hunter2"), std::string::npos) << command.error().message;
}

TEST(Command, VerbIsWhatStandsBeforeTheFirstBlank) {
  EXPECT_EQ(VerbOf("TEST {}"), "TEST");
  EXPECT_EQ(VerbOf("TEST"), "TEST");
  EXPECT_EQ(VerbOf(" TEST"), "");
  EXPECT_EQ(VerbOf(""), "");
}

TEST(ParseCommand, SaysWhatIsWrong) {
  const auto wrong = [](std::string_view text) { return ParseCommand(text).error().message; };
  EXPECT_EQ(wrong(std::string_view("TEST {\"a\": \"\0\"}", 13)), "the Command holds a NUL");
  EXPECT_EQ(wrong("TEST \xff"), "the Command is no UTF-8");
  EXPECT_EQ(wrong(" TEST"), "the Command begins with a blank");
  EXPECT_EQ(wrong("TEST []"), "the arguments are JSON, but no object");
  EXPECT_EQ(wrong("TEST {").find("the arguments are no JSON: "), 0U);
}

}  // namespace
}  // namespace cmdsrv
