#include "server/options.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cmdsrv {
namespace {

using Action = ServerOptions::Action;

std::variant<ServerOptions, UsageError> Parse(std::vector<const char*> arguments) { return ParseOptions(arguments); }

ServerOptions Good(std::vector<const char*> arguments) {
  const auto parsed = Parse(std::move(arguments));
  const auto* wrong = std::get_if<UsageError>(&parsed);
  EXPECT_EQ(wrong, nullptr) << wrong->message;
  return wrong == nullptr ? std::get<ServerOptions>(parsed) : ServerOptions{};
}

TEST(Options, ForegroundIsTheDefault) {
  EXPECT_FALSE(Good({}).daemon);
  EXPECT_FALSE(Good({"--foreground"}).daemon);
  EXPECT_TRUE(Good({"--daemon"}).daemon);
  EXPECT_EQ(Good({}).action, Action::Serve);
}

TEST(Options, PathsAreTakenBothWays) {
  const auto options = Good({"--root", "/box", "--config=/etc/x.conf"});
  EXPECT_EQ(options.root, "/box");
  EXPECT_EQ(options.config_file, "/etc/x.conf");
}

TEST(Options, ActionsOtherThanServing) {
  EXPECT_EQ(Good({"--check-config", "--root=/box"}).action, Action::CheckConfig);
  EXPECT_EQ(Good({"--check-takeover", "--root=/box"}).action, Action::CheckTakeover);
  EXPECT_EQ(Good({"--list-commands"}).action, Action::ListCommands);
  EXPECT_EQ(Good({"--version"}).action, Action::Version);
  EXPECT_EQ(Good({"--help"}).action, Action::Help);
}

TEST(Options, WhatIsWrongIsNamed) {
  const struct {
    std::vector<const char*> arguments;
    const char* named;
  } rows[] = {
      {{"--nope"}, "--nope"},
      {{"--root"}, "--root"},
      {{"--config"}, "--config"},
      {{"--root="}, "--root"},
      {{"--version=1"}, "--version=1"},
      {{"-d"}, "-d"},
      {{"start"}, "start"},
      {{""}, "operands"},
      {{"--daemon", "--foreground"}, "exclude"},
      {{"--foreground", "now", "--help"}, "now"},
  };
  for (const auto& row : rows) {
    const auto parsed = Parse(row.arguments);
    const auto* wrong = std::get_if<UsageError>(&parsed);
    ASSERT_NE(wrong, nullptr) << row.named;
    EXPECT_NE(wrong->message.find(row.named), std::string::npos) << wrong->message;
  }
}

TEST(Options, UsageNamesEveryOption) {
  for (const char* name : {"--foreground", "--daemon", "--root", "--config", "--check-config", "--check-takeover",
                           "--list-commands", "--version", "--help"}) {
    EXPECT_NE(UsageText().find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace cmdsrv
