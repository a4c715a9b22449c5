#include <gmock/gmock.h>

#include <cerrno>
#include <chrono>
#include <filesystem>

#include "steps/options.hpp"
#include "steps/program.hpp"
#include "steps/step.hpp"
#include "support/daemon.hpp"
#include "support/limits.hpp"
#include "support/run.hpp"
#include "support/scratch.hpp"

/// The multi-call program itself, its options, and how it watches other programs.
namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

test::RunEnd Step(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), test::BuiltProgram("libexec/iiab-cmdsrv-step"));
  return test::RunTool(arguments);
}

TEST(StepProgram, RunsByName) {
  EXPECT_EQ(Step({"test-job", "0"}).status, 0);
  EXPECT_EQ(Step({"test-job", "0.01"}).output, "slept 0.01 s\n");
  EXPECT_EQ(Step({"test-job", "-3"}).status, 3);
  for (const char* wrong : {"x", "", "nan", "inf", "1e99", "1x"})
    EXPECT_EQ(Step({"test-job", wrong}).status, 2) << wrong;
  EXPECT_EQ(Step({"test-job"}).status, 2);
}

TEST(StepProgram, UnknownNamesGetTheUsage) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"no-such-step"}, {"--root"}, {"--root", "/tmp"}}) {
    const auto end = Step(arguments);
    EXPECT_EQ(end.status, 2);
    EXPECT_THAT(end.output, HasSubstr("usage: iiab-cmdsrv-step"));
    for (const auto& step : Steps()) EXPECT_THAT(end.output, HasSubstr(step.name));
  }
  EXPECT_THAT(Step({"--root"}).output, HasSubstr("the option --root needs a directory"));
  EXPECT_EQ(Step({"--help"}).status, 0);
  EXPECT_EQ(Step({"zim-fetch", "--help"}).status, 0);
}

TEST(StepProgram, NeedsAConfiguration) {
  const test::ScratchDirectory folder;
  const auto end = Step({"--root", folder.Path(), "update-menus"});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("/opt/admin/cmdsrv/cmdsrv.conf"));
  EXPECT_EQ(Step({"--root", folder / "none", "update-menus"}).status, 1);
}

TEST(StepProgram, DoesNotBelieveAConfigurationThatOthersCanChange) {
  const test::ScratchDirectory folder;
  std::filesystem::permissions(folder.Path(), std::filesystem::perms::all);
  test::Spit(folder / "cmdsrv.conf", "{broken");
  const auto end = test::RunTool({"env", "-C", folder.Path(), test::BuiltProgram("libexec/iiab-cmdsrv-step"), "--root",
                                  folder.Path(), "update-menus"});
  EXPECT_THAT(end.output, HasSubstr("/opt/admin/cmdsrv/cmdsrv.conf"));
  std::filesystem::permissions(folder.Path(), std::filesystem::perms::owner_all);
  const auto trusted = test::RunTool({"env", "-C", folder.Path(), test::BuiltProgram("libexec/iiab-cmdsrv-step"),
                                      "--root", folder.Path(), "update-menus"});
  EXPECT_THAT(trusted.output, HasSubstr("cannot read " + folder.Path() + "/cmdsrv.conf"));
}

TEST(Options, ReadsOptionsAndOperands) {
  const std::vector<std::string> arguments{"-f", "--size=7", "one", "--name", "--x", "--", "-two"};
  const auto options = Options::Parse(arguments, {{"-f"}, {"--size", true}, {"--name", true}}, 2);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_TRUE(options->Has("-f"));
  EXPECT_EQ(*options->Number("--size", 0, 0), 7);
  EXPECT_EQ(*options->Number("--other", 5, 0), 5);
  EXPECT_EQ(options->Text("--name"), "--x");
  EXPECT_THAT(options->Operands(), ElementsAre("one", "-two"));
  EXPECT_FALSE(options->Number("--size", 0, 8));
  EXPECT_FALSE(options->Number("--name", 0, 0));
}

TEST(Options, RefusesTheRest) {
  const std::vector<std::vector<std::string>> cases = {{"--what"}, {"-f=1"}, {"--flag=1"}, {"--size"}, {"one"}};
  for (const auto& arguments : cases) {
    const auto options = Options::Parse(arguments, {{"-f"}, {"--flag"}, {"--size", true}}, 0);
    ASSERT_FALSE(options) << arguments[0];
    EXPECT_EQ(options.error().code, ErrorCode::Malformed);
  }
}

class Watched : public ::testing::Test {
 protected:
  Context context;
  EndRequests requests;
  std::vector<std::string> lines;
  Watch watch;

  Watched() {
    context.environment = {"PATH=/usr/bin:/bin"};
    watch.on_line = [this](std::string_view line) { lines.emplace_back(line); };
  }
  Result<ProgramEnd> Shell(const std::string& script) {
    return RunWatched(context, {"/bin/sh", "-c", script}, watch, requests);
  }
};

TEST_F(Watched, GivesLinesAndTheEnd) {
  const auto end = Shell("printf 'one\\rtwo\\n\\nthree'; echo four >&2; exit 7");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->exited);
  EXPECT_EQ(end->status, 7);
  EXPECT_THAT(lines, ElementsAre("one", "two", "threefour"));
}

TEST_F(Watched, StopsTheWholeGroup) {
  const auto begin = std::chrono::steady_clock::now();
  watch.on_second = [] { return false; };
  const auto end = Shell("trap '' TERM; sleep 60 & echo $!; wait; sleep 60");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->stopped);
  EXPECT_FALSE(end->exited);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(40));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(
      test::Eventually([&] { return !Identify(std::stoi(lines[0])) || !IsAlive(*Identify(std::stoi(lines[0]))); }));
}

TEST_F(Watched, LeavesNobodyOfTheGroupBehind) {
  const auto end = Shell("sleep 60 & echo $!");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->status, 0);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(
      test::Eventually([&] { return !Identify(std::stoi(lines[0])) || !IsAlive(*Identify(std::stoi(lines[0]))); }));
}

TEST_F(Watched, SaysThatThereAreNoDescriptors) {
  const char* const stages[] = {"cannot make a pipe: ", "cannot make a pipe: ", "cannot open /dev/null: "};
  for (unsigned left = 0; left < 3; ++left) {
    const test::FewDescriptors few(left);
    const auto end = Shell("true");
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().message, std::string(stages[left]) + Reason(EMFILE)) << left;
  }
}

TEST_F(Watched, NamesAMissingProgram) {
  const auto end = RunWatched(context, {"/nonexistent/program"}, watch, requests);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::NotFound);
  EXPECT_THAT(end.error().message, HasSubstr("/nonexistent/program"));
}

}  // namespace
}  // namespace cmdsrv
