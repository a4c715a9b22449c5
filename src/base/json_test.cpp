#include "base/json.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(Json, KeepsMemberOrderAndPrintsWholeDoublesAsIntegers) {
  const auto value = ParseJson(R"( {"z": 1.0, "a": [true, null, 0.5, "é\u0001\"\\"]} )");
  ASSERT_TRUE(value);
  EXPECT_EQ(PrintJson(*value), "{\"z\":1,\"a\":[true,null,0.5,\"é\\u0001\\\"\\\\\"]}");
}

TEST(Json, CanonicalTextIgnoresOrderAndBlanks) {
  EXPECT_EQ(CanonicalJson(*ParseJson(R"({"b":{"y":1,"x":2},"a":1e0})")),
            CanonicalJson(*ParseJson(R"({ "a": 1, "b": {"x":2, "y":1}})")));
  EXPECT_NE(CanonicalJson(*ParseJson(R"({"a":"1"})")), CanonicalJson(*ParseJson(R"({"a":1})")));
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "NaN", "[1,]", "{\"a\":Infinity}", "1 2", "\"\x01\"", "\"\xff\"", "// x\n1",
                           "{'a':1}", "[1e400]", R"({"a": [-1e999]})"}) {
    EXPECT_FALSE(ParseJson(text)) << text;
  }
}

TEST(Json, LimitsDepth) {
  EXPECT_TRUE(ParseJson(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(ParseJson(std::string(65, '[') + std::string(65, ']')));
}

TEST(Json, LastDuplicateKeyWins) { EXPECT_EQ(PrintJson(*ParseJson(R"({"a":1,"a":2})")), R"({"a":2})"); }

TEST(Json, IndentsWithTwoBlanksAndEndsInNewline) {
  EXPECT_EQ(PrintJsonIndented(*ParseJson(R"({"a":[1,{}],"b":[]})")),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}\n");
}

TEST(ParseJson, SaysWhatIsWrong) {
  EXPECT_EQ(ParseJson("1e400").error().message, "a number in the JSON text is too large");
  EXPECT_EQ(ParseJson("[1]", {.bytes = 2}).error().message, "the JSON text has 3 bytes, more than the limit of 2");
  EXPECT_EQ(ParseJson("{x").error().message.find("not JSON at byte "), 0U);
}

}  // namespace
}  // namespace cmdsrv
