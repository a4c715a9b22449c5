#include "gateway/verb_gate.hpp"

#include <gmock/gmock.h>

namespace cmdsrv::gateway {
namespace {

using namespace std::string_literals;

TEST(VerbGate, HoldsBackAuthenticateAndStopInEveryDisguise) {
  const std::string forms[] = {
      "STOP",         "STOP {}",  R"(STOP {"jobs": "end"})",
      " STOP",        "\tSTOP",   "\nSTOP\n",
      "stop",         "Stop",     "STOP\t",
      "STOP\r",       "STOP\0"s,  "\xef\xbb\xbfSTOP",
      "\xc2\xa0STOP", "\"STOP\"", "{STOP}",
      "STOP+",        "STOP%20",
  };
  for (std::string form : forms) {
    EXPECT_FALSE(MayPass(form, false)) << form;
    form.replace(form.find_first_of("Ss"), 4, "AuthentIcate");
    EXPECT_FALSE(MayPass(form, true)) << form;
  }
  EXPECT_FALSE(MayPass(R"(AUTHENTICATE {"user":"a","password":"b"})", true));
}

TEST(VerbGate, OthersPass) {
  for (const char* command : {"TEST", "STOPX", "STOP-JOBS {}", "GET-VARS", "", " ", "TEST STOP", R"(X {"a":"STOP"})",
                              "AUTHENTICATE-USER", "XSTOP", "RESTOP {}"}) {
    EXPECT_TRUE(MayPass(command, false)) << command;
  }
}

TEST(VerbGate, StopPassesWhereTheOperatorSaysSo) {
  EXPECT_TRUE(MayPass("STOP", true));
  EXPECT_TRUE(MayPass("STOP {}", true));
  EXPECT_FALSE(MayPass(" STOP", true));
  EXPECT_FALSE(MayPass("stop", true));
}

}  // namespace
}  // namespace cmdsrv::gateway
