#include "server/stop_request.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(StopRequest, OnlyTheVerbIsStop) {
  for (const char* text : {"STOP", "STOP ", "STOP {}", "STOP x"}) EXPECT_TRUE(IsStop(text)) << text;
  for (const char* text : {"", "stop", " STOP", "STOPP", "STOP\n", "STOP-ALL", "STOP{}"})
    EXPECT_FALSE(IsStop(text)) << text;
}

TEST(StopRequest, JobsEndOnlyWhenAskedFor) {
  for (const char* text : {"STOP", "STOP ", "STOP {}", "STOP  { }"}) {
    ASSERT_TRUE(ParseStop(text)) << text;
    EXPECT_FALSE(ParseStop(text)->end_jobs) << text;
  }
  for (const char* text : {"STOP {\"jobs\": \"end\"}", "STOP {\"jobs\":\"end\"}", "STOP  { \"jobs\" :\n\"end\" } "}) {
    ASSERT_TRUE(ParseStop(text)) << text;
    EXPECT_TRUE(ParseStop(text)->end_jobs) << text;
  }
}

TEST(StopRequest, OtherArgumentsAreMalformed) {
  for (const char* text : {"STOP x", "STOP 1", "STOP [\"jobs\"]", "STOP {\"jobs\": \"keep\"}", "STOP {\"jobs\": true}",
                           "STOP {\"job\": \"end\"}", "STOP {\"jobs\": \"end\", \"now\": 1}", "STOP {"}) {
    const auto wanted = ParseStop(text);
    ASSERT_FALSE(wanted) << text;
    EXPECT_EQ(wanted.error().code, ErrorCode::Malformed) << text;
  }
  EXPECT_EQ(ParseStop("STOP {\"now\": 1}").error().message, "STOP knows no arguments but {\"jobs\": \"end\"}");
}

}  // namespace
}  // namespace cmdsrv
