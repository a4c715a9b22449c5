#include "content/variables_merge.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "content/yaml_reader.hpp"
#include "platform/process.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::ScratchDirectory;
using test::Slurp;
using test::Spit;
using ::testing::HasSubstr;

class VariablesFile : public ::testing::Test {
 protected:
  ScratchDirectory scratch;
  const std::string path = scratch / "local_vars.yml";
};

TEST_F(VariablesFile, KeepsTheVersionBefore) {
  Spit(path, "a: 1 # x\n");
  ::chmod(path.c_str(), 0640);
  ASSERT_TRUE(ChangeVariablesFile(path, {{"a", 2}}).has_value());
  EXPECT_EQ(Slurp(path), "a: 2 # x\n");
  EXPECT_EQ(Slurp(path + ".bak"), "a: 1 # x\n");
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0640U);
  ASSERT_TRUE(ChangeVariablesFile(path, {{"a", 2}}).has_value());
  EXPECT_EQ(Slurp(path + ".bak"), "a: 1 # x\n") << "nothing changed, so nothing was written";
}

TEST_F(VariablesFile, IsMadeWhenItIsMissing) {
  ASSERT_TRUE(ChangeVariablesFile(path, {{"a", true}}).has_value());
  EXPECT_THAT(Slurp(path), HasSubstr("\na: True\n"));
}

TEST_F(VariablesFile, StaysAsItIsWhenItCannotBeRead) {
  Spit(path, "a: \"open\n");
  EXPECT_EQ(ChangeVariablesFile(path, {{"a", true}}).error().code, ErrorCode::Corrupt);
  EXPECT_EQ(Slurp(path), "a: \"open\n");
  EXPECT_FALSE(std::filesystem::exists(path + ".bak"));
}

TEST_F(VariablesFile, ALinkIsNotFollowed) {
  Spit(scratch / "elsewhere", "a: 1\n");
  std::filesystem::create_symlink(scratch / "elsewhere", path);
  EXPECT_FALSE(ChangeVariablesFile(path, {{"a", 2}}).has_value());
  EXPECT_EQ(Slurp(scratch / "elsewhere"), "a: 1\n");
}

TEST_F(VariablesFile, NoChangeOfSeveralAtOnceIsLost) {
  Spit(path, "# mine\n");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto done = ChangeVariablesFile(path, {{fmt::format("key_{}_{}", t, i), i}});
        EXPECT_TRUE(done.has_value()) << done.error().message;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ValuesOf(*ReadYaml(Slurp(path))).size(), 40U);
}

TEST_F(VariablesFile, AtEveryPointOfDeathItIsTheOldOrTheNewOne) {
  const std::string old_text = "a: 1 # x\nb: yes\n";
  int died = 0;
  for (int call = 1; call < 50; ++call) {
    Spit(path, old_text);
    std::filesystem::remove(path + ".bak");
    RunOptions options;
    options.deadline = std::chrono::seconds(100);
    options.environment = {"LD_PRELOAD=" CMDSRV_DIE_AT_CALL, fmt::format("DIE_AT_CALL={}", call),
                           "ASAN_OPTIONS=verify_asan_link_order=0"};  // its library is not the first one then
    const auto outcome = RunProgram({"/proc/self/exe", "--change-and-end", path}, options);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    const std::string text = Slurp(path);
    ASSERT_TRUE(text == old_text || text == "a: 2 # x\nb: yes\n") << "at call " << call << ":\n" << text;
    if (outcome->exited) {
      EXPECT_EQ(outcome->status, 0) << outcome->errors;
      EXPECT_EQ(text, "a: 2 # x\nb: yes\n");
      break;
    }
    ++died;
    ASSERT_TRUE(ChangeVariablesFile(path, {{"a", 3}}).has_value()) << "after a death at call " << call;
    EXPECT_EQ(Slurp(path), "a: 3 # x\nb: yes\n");
  }
  EXPECT_GE(died, 4) << "file, backup, name and directory";
}

// ---- the real files

}  // namespace
}  // namespace cmdsrv
