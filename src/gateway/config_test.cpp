#include "gateway/config.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "gateway/account_rule.hpp"
#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

TEST(Config, HasDefaultsForAllKeys) {
  const auto config = ReadConfig("/nowhere/at/all");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->admin_console_group, "iiab-admin");
  EXPECT_FALSE(config->allow_stop_from_web);
  EXPECT_FALSE(ParseConfig("{}")->require_separate_nonce);
  EXPECT_EQ(config->request_timeout, std::chrono::seconds(58));
}

TEST(Config, TakesWhatTheOperatorSays) {
  const auto config = ParseConfig(
      R"({"_comments": [], "admin_console_group": "teachers", "allow_stop_from_web": true, "trust_proxy": true,
           "cookies_over_http": true, "hosts": ["box.lan", "10.0.0.1"], "request_timeout_s": 20})");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->admin_console_group, "teachers");
  EXPECT_TRUE(config->allow_stop_from_web);
  EXPECT_TRUE(config->trust_proxy);
  EXPECT_TRUE(config->cookies_over_http);
  EXPECT_EQ(config->request_timeout, std::chrono::seconds(20));
  EXPECT_THAT(config->hosts, testing::ElementsAre("box.lan", "10.0.0.1"));
}

TEST(Config, NamesTheWrongKeyAndTheFile) {
  test::ScratchDirectory directory;
  const std::string path = directory / "gateway.conf";
  test::Spit(path, R"({"allow_stop_from_web": "no"})");
  EXPECT_EQ(ReadConfig(path).error().message,
            "cannot use " + path + ": the key allow_stop_from_web must be true or false");
  const std::string_view timeout = "the key request_timeout_s must be a whole number from 1 to 58";
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"[]", "it is JSON, but no object"},
      {R"({"hosts": "a"})", "the key hosts must be a list of texts"},
      {R"({"hosts": [1]})", "the key hosts must be a list of texts"},
      {R"({"request_timeout_s": 0})", timeout},
      {R"({"request_timeout_s": 59})", timeout},
      {R"({"request_timeout_s": "9"})", timeout},
      {R"({"request_timeout_s": 1.5})", timeout},
      {R"({"admin_console_group": ""})", "the key admin_console_group must be the name of a group"}};
  for (const auto& [text, sentence] : cases) EXPECT_EQ(ParseConfig(text).error().message, sentence) << text;
  for (const char* text : {"", "{", R"({"admin_console_group": 1})"}) EXPECT_FALSE(ParseConfig(text)) << text;
}

TEST(Config, PathsAreAbsoluteAndTheGroupHasAName) {
  for (const char* key : {"uploads_directory", "cmdsrv_pid_file", "cmdsrv_ready_file"}) {
    for (const char* path : {"", "relative", "../up"}) {
      const auto config = ParseConfig(fmt::format(R"({{"{}": "{}"}})", key, path));
      ASSERT_FALSE(config.has_value()) << key << " " << path;
      EXPECT_EQ(config.error().message, fmt::format("the key {} must be an absolute path", key));
    }
  }
}

TEST(AccountRuleTest, TheFilesOfABoxDecide) {
  test::ScratchDirectory box;
  std::filesystem::create_directory(box / "etc");
  test::Spit(box / "etc/passwd", "a:x:1:1::/:/bin/sh\nb:x:2:27::/:/bin/sh\nc:x:3:3::/:/bin/sh\n");
  test::Spit(box / "etc/group", "sudo:x:27:\niiab-admin:x:50:a\n");
  const AccountRule rule(box.Path(), {"sudo", "iiab-admin"});
  EXPECT_TRUE(rule.MayUse("a"));
  EXPECT_TRUE(rule.MayUse("b"));
  for (const char* user : {"c", "d", "", "root", "a:x"}) EXPECT_FALSE(rule.MayUse(user)) << user;
}

TEST(AccountRuleTest, TheAccountsOfTheSystem) {
  EXPECT_TRUE(AccountRule("", {"sudo", "root"}).MayUse("root"));
  EXPECT_FALSE(AccountRule("", {"sudo", "iiab-admin"}).MayUse("nobody"));
  EXPECT_FALSE(AccountRule("", {"root"}).MayUse("no-such-account"));
}

TEST(AccountRuleTest, EveryChangeOfTheShadowFileShows) {
  test::ScratchDirectory box;
  std::filesystem::create_directory(box / "etc");
  const AccountRule rule(box.Path(), {});
  const std::string none = rule.ShadowStamp();
  test::Spit(box / "etc/shadow", "a");
  const std::string first = rule.ShadowStamp();
  EXPECT_NE(first, none);
  EXPECT_EQ(rule.ShadowStamp(), first);
  test::Spit(box / "etc/shadow.new", "b");
  std::filesystem::rename(box / "etc/shadow.new", box / "etc/shadow");
  EXPECT_NE(rule.ShadowStamp(), first);
}

}  // namespace
}  // namespace cmdsrv::gateway
