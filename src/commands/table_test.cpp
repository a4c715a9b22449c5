#include "commands/table.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/names.hpp"

namespace cmdsrv {
namespace {

TEST(Table, EveryRowIsComplete) {
  for (const CommandRowInfo& row : AllCommands()) {
    EXPECT_TRUE(IsVerb(row.verb)) << row.verb;
    EXPECT_NE(row.handler, nullptr) << row.verb;
    EXPECT_TRUE(row.summary.ends_with('.')) << row.verb;
    std::set<std::string_view> names;
    for (const Parameter& parameter : row.parameters) EXPECT_TRUE(names.insert(parameter.name).second) << row.verb;
    EXPECT_EQ(FindCommand(row.verb), &row);
  }
}

TEST(Table, WhatInstallsUpgradesOrCopiesCanBePlanned) {
  for (const CommandRowInfo& row : AllCommands()) {
    const bool is_content = row.verb.starts_with("INST-") || row.verb.starts_with("UPGRADE-") ||
                            row.verb.starts_with("COPY-") || row.verb == "MK-PRESET";
    EXPECT_EQ(row.planner != nullptr, is_content) << row.verb;
    EXPECT_TRUE(!is_content || row.makes == Makes::Jobs) << row.verb;
  }
}

TEST(Table, LookupIsExact) {
  EXPECT_EQ(FindCommand(""), nullptr);
  EXPECT_EQ(FindCommand("test"), nullptr);
  EXPECT_EQ(FindCommand("TEST "), nullptr);
  EXPECT_EQ(FindCommand("ZZZ"), nullptr);
  EXPECT_EQ(FindCommand("AAA"), nullptr);
}

TEST(Table, DescribesItself) {
  const json::value described = DescribeCommands();
  ASSERT_EQ(described.get_array().size(), AllCommands().size());
  for (const auto& row : described.get_array()) {
    if (row.at("verb").get_string() != "CANCEL-JOB") continue;
    EXPECT_EQ(
        PrintJson(row),
        R"({"verb":"CANCEL-JOB","summary":"Cancels a job and the unfinished rest of its chain.","caller":"console",)"
        R"("internet":false,"sensitive":false,"jobs":false,"lane":"quick",)"
        R"("parameters":[{"name":"job_id","type":"integer","required":true,"class":"any","least":1}]})");
    return;
  }
  FAIL() << "CANCEL-JOB is not described";
}

}  // namespace
}  // namespace cmdsrv
