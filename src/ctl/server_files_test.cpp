#include "ctl/server_files.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ctl/server_gone.hpp"

namespace cmdsrv::ctl {
namespace {

class Box : public testing::Test {
 protected:
  Box() {
    char name[] = "/tmp/ctl-test-XXXXXX";
    root_ = mkdtemp(name);
    std::filesystem::create_directories(root_ + "/run");
    options_.root = root_;
  }
  ~Box() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) { std::ofstream(root_ + "/run/" + name) << text; }
  Presence Look() const { return LookForServer(options_, FindServerFiles(options_)); }

  std::string root_;
  Options options_;
};

TEST(ServerFiles, UsualPathsAndOptions) {
  EXPECT_EQ(FindServerFiles({}).socket, "/run/cmdsrv_sock");
  EXPECT_EQ(FindServerFiles({}).pid, "/run/iiab-cmdsrv.pid");
  EXPECT_EQ(FindServerFiles({}).ready, "/run/iiab-cmdsrv-ready");
  EXPECT_EQ(FindServerFiles({.root = "/box/"}).socket, "/box/run/cmdsrv_sock");
  EXPECT_EQ(FindServerFiles({.root = "/"}).socket, "/run/cmdsrv_sock");
  const ServerFiles own = FindServerFiles({.root = "/box", .socket = "ipc:///tmp/sock"});
  EXPECT_EQ(own.socket, "/tmp/sock");
  EXPECT_EQ(own.pid, "/box/run/iiab-cmdsrv.pid");
}

TEST_F(Box, PresenceIsReadFromBothFiles) {
  EXPECT_EQ(Look(), Presence::NotRunning);
  EXPECT_EQ(Sentence(Look()), "iiab-cmdsrv is not running. Perhaps has not started yet.");
  Write("iiab-cmdsrv.pid", "123\n");
  EXPECT_EQ(Look(), Presence::NotReady);
  EXPECT_EQ(Sentence(Look()), "iiab-cmdsrv is running, but is not yet ready to accept commands.");
  Write("iiab-cmdsrv-ready", "ready\n");
  EXPECT_EQ(Look(), Presence::Ready);
}

TEST_F(Box, AnExplicitSocketIsTriedWhateverLiesInRun) {
  options_.socket = "/elsewhere";
  EXPECT_EQ(Look(), Presence::NotRunning);  // the root says where that server's files are
  options_.root.clear();
  EXPECT_EQ(Look(), Presence::Ready);
}

TEST_F(Box, PidIsReadOrZero) {
  const std::string path = root_ + "/run/iiab-cmdsrv.pid";
  EXPECT_EQ(ReadPid(path), 0);
  Write("iiab-cmdsrv.pid", "0\n");
  EXPECT_EQ(ReadPid(path), 0);
  Write("iiab-cmdsrv.pid", "4711\n");
  EXPECT_EQ(ReadPid(path), 4711);
  Write("iiab-cmdsrv.pid", "nonsense");
  EXPECT_EQ(ReadPid(path), 0);
}

TEST_F(Box, TheEndOfTheServerIsSeen) {
  const std::string path = root_ + "/run/iiab-cmdsrv.pid";
  Write("iiab-cmdsrv.pid", "1\n");
  auto gone = ServerGone::Watch(path);
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_FALSE(gone->Wait(std::chrono::milliseconds{10}));
  const pid_t child = fork();
  if (child == 0) _exit(unlink(path.c_str()));
  EXPECT_TRUE(gone->Wait(std::chrono::seconds{20}));
  EXPECT_FALSE(ServerGone::Watch("/nowhere/at/all/pid"));
}

TEST(ServerFiles, HintsNameTheSameServer) {
  EXPECT_EQ(ProgramForHints({}), "iiab-cmdsrv-ctl");
  EXPECT_EQ(ProgramForHints({.root = "/my box"}), "iiab-cmdsrv-ctl --root '/my box'");
  EXPECT_EQ(ProgramForHints({.socket = "/s"}), "iiab-cmdsrv-ctl --socket /s");
}

}  // namespace
}  // namespace cmdsrv::ctl
