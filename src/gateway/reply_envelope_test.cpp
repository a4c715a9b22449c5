#include "gateway/reply_envelope.hpp"

#include <gmock/gmock.h>

#include "base/json.hpp"

namespace cmdsrv::gateway {
namespace {

using std::chrono::microseconds;

TEST(Envelope, DataIsWrapped) {
  EXPECT_EQ(WrapReply("TEST", R"({"a":1})", microseconds(12'345)), R"({"Data": {"a":1},"Resp_time": "0.0123"})");
  EXPECT_EQ(WrapReply("TEST", R"("VALID")", microseconds(0)), R"({"Data": "VALID","Resp_time": "0.0000"})");
  EXPECT_EQ(WrapReply("TEST", "[]", microseconds(61'000'000)), R"({"Data": [],"Resp_time": "61.0000"})");
}

TEST(Envelope, AnErrorIsOneAtTheTopOnly) {
  const std::string error = R"({"Error": "Path not Found. LIST-LIBR.","Alert": "True"})";
  EXPECT_EQ(WrapReply("LIST-LIBR", error, microseconds(1)), error);
  EXPECT_EQ(WrapReply("X", R"({"Error":1})", microseconds(1)), R"({"Error":1})");
  for (const char* data : {R"({"a":{"Error": 1}})", R"(["\"Error\":"])", R"({"error": 1})", R"([{"Error": 1}])"}) {
    EXPECT_THAT(WrapReply("X", data, microseconds(1)), testing::StartsWith(R"({"Data": )")) << data;
  }
}

TEST(Envelope, WhatIsNoJsonNeverReachesTheBrowser) {
  for (const char* reply : {"", "{", "VALID", "{\"a\":\xff}", R"({"Error": "x)", "{} {}", "NaN", "<html>"}) {
    EXPECT_EQ(WrapReply("GET-VARS {}", reply, microseconds(1)),
              R"({"Error": "Invalid reply from CMDSRV to GET-VARS."})")
        << reply;
  }
  EXPECT_EQ(WrapReply("<b> x", "{", microseconds(1)), R"({"Error": "Invalid reply from CMDSRV to this Command."})");
}

TEST(Envelope, EveryBodyIsJson) {
  EXPECT_EQ(ErrorBody(kNotRunning, true), R"({"Error": "CMDSRV is not running.","Alert": "True"})");
  EXPECT_EQ(ErrorBody(kMalformedCommand, false), R"({"Error": "Malformed Command ."})");
  EXPECT_TRUE(ParseJson(ErrorBody("a\"\\\n", true)));
  EXPECT_TRUE(ParseJson(WrapReply("TEST", "[1]", microseconds(3))));
}

TEST(Envelope, Success) {
  EXPECT_TRUE(IsSuccess(R"({"Success": "CHGPW Password Changed."})"));
  for (const char* other : {R"({"Error": "Success"})", "[]", "", R"({"Data": {"Success": 1}})"}) {
    EXPECT_FALSE(IsSuccess(other)) << other;
  }
}

}  // namespace
}  // namespace cmdsrv::gateway
