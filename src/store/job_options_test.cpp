#include <gmock/gmock.h>

#include "base/json.hpp"
#include "store/rows.hpp"

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(JobOptions, TheTwoKeysOfThePythonProgramAreAlwaysThere) {
  EXPECT_EQ(PrintJobOptions(JobOptions{}), R"({"extra_vars":null,"service_required":null})");
}

TEST(JobOptions, ServiceIsRoleAndState) {
  JobOptions options;
  options.service.emplace("kiwix", "active");
  EXPECT_EQ(PrintJobOptions(options), R"({"extra_vars":null,"service_required":["kiwix","active"]})");
}

TEST(JobOptions, EverythingComesBack) {
  JobOptions options;
  options.extra_vars = R"({"b":{"x":[1,2.5]},"a":"ü"})";
  options.service.emplace("kalite", "enabled");
  options.argv = {"/usr/bin/x", "--", "a b", ""};
  options.cwd = "/opt/admin/cmdsrv";
  options.locks = {"ansible", "/media/usb0"};
  options.merge = "kiwix-index";
  options.canonical = R"(TEST-JOB {"a":1})";
  options.ansible = true;
  options.full_log = true;
  options.restartable = false;
  options.retry = RetryPolicy::Temporary;
  options.space = {{"/library", 60'000'000'000, 3'000'000'000, -7, {"/library/x.part", "/library/x"}},
                   {.directory = "/media/usb0"}};
  const auto read = ParseJobOptions(PrintJobOptions(options));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->extra_vars, options.extra_vars);
  EXPECT_EQ(read->service, options.service);
  EXPECT_EQ(read->argv, options.argv);
  EXPECT_EQ(read->cwd, options.cwd);
  EXPECT_EQ(read->locks, options.locks);
  EXPECT_EQ(read->merge, options.merge);
  EXPECT_EQ(read->canonical, options.canonical);
  EXPECT_TRUE(read->ansible);
  EXPECT_TRUE(read->full_log);
  EXPECT_FALSE(read->restartable);
  EXPECT_EQ(read->retry, RetryPolicy::Temporary);
  EXPECT_EQ(read->space, options.space);
}

TEST(JobOptions, RowsOfThePythonProgramHaveTheDefaultsForTheRest) {
  const auto read =
      ParseJobOptions(R"({"extra_vars": {"zim": "x"}, "service_required": ["kiwix", "active"], "pid_start": 7})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->extra_vars, R"({"zim":"x"})");
  EXPECT_EQ(read->service->second, "active");
  EXPECT_THAT(read->argv, IsEmpty());
  EXPECT_TRUE(read->restartable);
  EXPECT_EQ(read->retry, RetryPolicy::Never);
}

TEST(JobOptions, NothingAtAllIsTheDefault) {
  ASSERT_TRUE(ParseJobOptions("").has_value());
  EXPECT_EQ(ParseJobOptions("")->extra_vars, "null");
  EXPECT_FALSE(ParseJobOptions(R"({"service_required": []})")->service.has_value());
}

TEST(JobOptions, WrongTypesAreNamedAndNeverHalfRead) {
  for (const char* key : {"argv", "locks", "service_required", "cwd", "merge", "canonical", "ansible", "full_log",
                          "restartable", "space"}) {
    const auto read = ParseJobOptions(std::string("{\"") + key + "\": {\"a\": 1}}");
    ASSERT_FALSE(read.has_value()) << key;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(read.error().message, StartsWith(fmt::format("cannot read the options of a job: \"{}\" is not ", key)));
  }
  EXPECT_FALSE(ParseJobOptions(R"({"argv": ["rm", 1]})").has_value());
  EXPECT_FALSE(ParseJobOptions(R"({"service_required": ["kiwix"]})").has_value());
  for (const char* claim : {"1", R"({"bytes": -1})", R"({"bytes": 1.5})", R"({"stays": "1"})", R"({"grows": "x"})"})
    EXPECT_FALSE(ParseJobOptions(fmt::format(R"({{"space": [{}]}})", claim)).has_value()) << claim;
}

TEST(JobOptions, AnArgumentWithNulWouldBeCutOffAndIsRefused) {
  const auto options = ParseJobOptions(R"({"argv": ["/bin/true", "a\u0000--b"]})");
  ASSERT_FALSE(options.has_value());
  EXPECT_EQ(options.error().code, ErrorCode::Corrupt);
}

TEST(JobOptions, NoJsonIsAnError) {
  for (const char* text : {"null", "[]", "{", "None", "{'a': 1}", "\"x\""}) {
    const auto read = ParseJobOptions(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(read.error().message, StartsWith("cannot read the options of a job: "));
  }
  EXPECT_EQ(ParseJobOptions("[]").error().message, "cannot read the options of a job: they are no JSON object");
}

TEST(JobOptions, WhatIsPrintedCanAlwaysBeRead) {
  JobOptions options;
  options.extra_vars = "{broken";
  options.argv = {"a\xff\xfe"};
  options.canonical = "\xc3";
  const std::string text = PrintJobOptions(options);
  EXPECT_TRUE(ParseJson(text).has_value()) << text;
  ASSERT_TRUE(ParseJobOptions(text).has_value());
  EXPECT_EQ(ParseJobOptions(text)->extra_vars, "null");
  EXPECT_THAT(ParseJobOptions(text)->argv, ElementsAre("a\ufffd\ufffd"));
}

}  // namespace
}  // namespace cmdsrv
