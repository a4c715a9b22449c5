#include "gateway/server_presence.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

class Presence : public testing::Test {
 protected:
  void Pid(std::string_view text) const { test::Spit(directory / "pid", text); }
  test::ScratchDirectory directory;
  const ServerPresence presence{directory / "pid", directory / "ready"};
};

TEST_F(Presence, TellsWhatIsMissing) {
  EXPECT_EQ(presence.Trouble(), "CMDSRV is not running.");
  test::Spit(directory / "ready", "");
  EXPECT_EQ(presence.Trouble(), "CMDSRV is not running.") << "left over";
  std::filesystem::remove(directory / "ready");
  Pid("1\n");
  EXPECT_EQ(presence.Trouble(), "CMDSRV has started but is not ready.");
  EXPECT_FALSE(presence.IsRunning());
  test::Spit(directory / "ready", "");
  EXPECT_EQ(presence.Trouble(), "");
}

TEST_F(Presence, RunningMeansThatTheProcessLives) {
  test::Spit(directory / "ready", "");
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  for (const std::string& dead : {std::to_string(child), std::string(), std::string("x"), std::string("-1"),
                                  std::string("99999999999999999999"), std::string("1 2")}) {
    Pid(dead);
    EXPECT_FALSE(presence.IsRunning()) << dead;
  }
  for (const std::string& alive :
       {std::to_string(getpid()), std::string("1"), std::string("0\n"), std::string(" 1 \n")}) {
    Pid(alive);
    EXPECT_TRUE(presence.IsRunning()) << alive;  // 0: in the foreground; 1: of somebody else
  }
}

}  // namespace
}  // namespace cmdsrv::gateway
