#include "ctl/echo.hpp"

#include <gmock/gmock.h>

namespace cmdsrv::ctl {
namespace {

const json::value& Commands() {
  static const json::value value = *ParseJson(R"([
      {"verb": "CHGPW", "sensitive": true},
      {"verb": "GET-JOB-STAT", "sensitive": false},
      {"verb": "ODD", "sensitive": "false"}])");
  return value;
}

TEST(Echo, WhatTheTableCallsHarmlessIsShown) {
  EXPECT_EQ(ShownMessage(R"(GET-JOB-STAT {"since_days": 1})", &Commands()), R"(GET-JOB-STAT {"since_days": 1})");
  EXPECT_EQ(ShownMessage("GET-JOB-STAT http://u:p@host/", &Commands()), "GET-JOB-STAT http://***@host/");
}

TEST(Echo, EverythingElseIsMasked) {
  EXPECT_EQ(ShownMessage(R"(CHGPW {"new": "geheim"})", &Commands()), "CHGPW ***");
  EXPECT_EQ(ShownMessage(R"(CHGPWD {"new": "geheim"})", &Commands()), "CHGPWD ***");  // mistyped
  EXPECT_EQ(ShownMessage(R"(ODD {"new": "geheim"})", &Commands()), "ODD ***");        // not plainly "no"
  EXPECT_EQ(ShownMessage(R"(GET-JOB-STAT {"x": 1})", nullptr), "GET-JOB-STAT ***");   // the server did not say
  const json::value error = *ParseJson(R"({"Error": "Unknown Command"})");
  EXPECT_EQ(ShownMessage(R"(GET-JOB-STAT {"x": 1})", &error), "GET-JOB-STAT ***");
}

TEST(Echo, AFirstWordThatIsNoVerbIsMaskedToo) {
  EXPECT_EQ(ShownMessage(R"({"password":"geheim"})", &Commands()), "***");
  EXPECT_EQ(ShownMessage(R"( CHGPW {"new": "geheim"})", &Commands()), "***");
  EXPECT_EQ(ShownMessage("CHGPW\n{\"new\":\"geheim\"}", &Commands()), "***");
  EXPECT_EQ(ShownMessage(R"(chgpw {"new": "geheim"})", &Commands()), "chgpw ***");
}

TEST(Echo, AVerbAloneHidesNothing) {
  EXPECT_TRUE(IsHarmlessAlone("STOP"));
  EXPECT_EQ(ShownMessage("CHGPW", nullptr), "CHGPW");
  EXPECT_FALSE(IsHarmlessAlone("CHGPW x"));
}

}  // namespace
}  // namespace cmdsrv::ctl
