#include "gateway/credentials.hpp"

#include <gmock/gmock.h>

#include "protocol/command.hpp"

namespace cmdsrv::gateway {
namespace {

using namespace std::string_literals;

TEST(Credentials, SplitAtTheFirstColon) {
  const std::string long_password(200, 'x');
  const struct {
    std::string text, user, password;
  } rows[] = {
      {"iiab-admin:g0adm1n", "iiab-admin", "g0adm1n"},
      {"u:a:b=c", "u", "a:b=c"},
      {"u::", "u", ":"},
      {":", "", ""},
      {":x", "", "x"},
      {"u:", "u", ""},
      {"u: p w ", "u", " p w "},
      {"u:" + long_password, "u", long_password},
      {"u:p\xc3\xa4ss\xe2\x82\xac", "u", "p\xc3\xa4ss\xe2\x82\xac"},
  };
  for (const auto& row : rows) {
    const auto got = SplitCredentials(Secret(row.text));
    ASSERT_TRUE(got) << row.text;
    EXPECT_EQ(got->user, row.user);
    EXPECT_EQ(got->password.Expose(), row.password);
  }
}

TEST(Credentials, WhatIsNone) {
  for (const std::string& text :
       {""s, "user"s, "u:\xff"s, "\xc3:x"s, "u:a\0b"s, std::string(kLongestUser + 1, 'u') + ":x",
        "u:" + std::string(kLongestPassword + 1, 'p')}) {
    EXPECT_FALSE(SplitCredentials(Secret(text))) << text.size();
  }
}

TEST(Credentials, BecomeACommandThatTheServerReads) {
  const auto credentials = SplitCredentials(Secret("ad\"min:\\ \"p: w\"\t\x01\xc3\xa4"));
  ASSERT_TRUE(credentials);
  const Secret text = AuthenticateCommand(*credentials);
  EXPECT_EQ(text.Expose().substr(0, 21), R"(AUTHENTICATE {"user":)");
  const auto command = ParseCommand(text.Expose());
  ASSERT_TRUE(command);
  EXPECT_EQ(command->verb, "AUTHENTICATE");
  EXPECT_EQ(TextMember(command->arguments, "user"), "ad\"min");
  EXPECT_EQ(TextMember(command->arguments, "password"), "\\ \"p: w\"\t\x01\xc3\xa4");
}

}  // namespace
}  // namespace cmdsrv::gateway
