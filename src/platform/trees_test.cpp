#include "platform/trees.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/files.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::ScratchDirectory;
using test::Slurp;
using test::Spit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TreesTest : public ::testing::Test {
 protected:
  /// a/b/c/file, a/file, a/link → outside, outside/file
  TreesTest() {
    std::filesystem::create_directories(scratch_ / "a/b/c");
    std::filesystem::create_directories(scratch_ / "outside");
    Spit(scratch_ / "a/b/c/file", "deep");
    Spit(scratch_ / "a/file", "flat");
    Spit(scratch_ / "outside/file", "not ours");
  }
  void Link() const { std::filesystem::create_directory_symlink(scratch_ / "outside", scratch_ / "a/link"); }

  ScratchDirectory scratch_;
};

TEST_F(TreesTest, RemovesEverythingBeneathAndNothingElse) {
  Link();
  EXPECT_EQ(RemoveTree(scratch_ / "a/"), true);
  EXPECT_FALSE(Look(scratch_ / "a"));
  EXPECT_EQ(Slurp(scratch_ / "outside/file"), "not ours");
  EXPECT_EQ(RemoveTree(scratch_ / "a"), false);
}

TEST_F(TreesTest, RemovesALinkAndNotWhereItLeads) {
  Link();
  EXPECT_EQ(RemoveTree(scratch_ / "a/link"), true);
  EXPECT_EQ(Slurp(scratch_ / "outside/file"), "not ours");
  EXPECT_EQ(RemoveTree(scratch_ / "a/file"), true);
}

TEST_F(TreesTest, RefusesRootsAndEmptyNames) {
  for (const char* path : {"/", "", "//", ".", "..", "/.."}) EXPECT_FALSE(RemoveTree(path)) << path;
  EXPECT_FALSE(RemoveTree(scratch_ / "a/.."));
  EXPECT_FALSE(RemoveTree(scratch_ / "a/."));
  EXPECT_EQ(Slurp(scratch_ / "a/file"), "flat");
}

TEST_F(TreesTest, MovesWithinAFileSystem) {
  ASSERT_TRUE(MoveTreeDurably(scratch_ / "a", scratch_ / "z"));
  EXPECT_EQ(Slurp(scratch_ / "z/b/c/file"), "deep");
  EXPECT_FALSE(Look(scratch_ / "a"));
  EXPECT_FALSE(MoveTreeDurably(scratch_ / "z", scratch_ / "outside")) << "it must not replace anything";
  EXPECT_FALSE(MoveTreeDurably(scratch_ / "none", scratch_ / "y"));
  EXPECT_FALSE(MoveTreeDurably(scratch_ / "z/file", scratch_ / "y"));
}

/// Runs in a child with mounts of its own, where /mnt is another file system. True when `body` returned true there.
bool InOtherMounts(const std::string& mount_point, const std::function<bool()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    const unsigned flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    const bool ready = unshare(static_cast<int>(flags)) == 0 &&
                       mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=1m") == 0;
    _exit(ready && body() ? 0 : 1);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(TreesTest, MovesAcrossFileSystems) {
  std::filesystem::create_directories(scratch_ / "disk");
  EXPECT_TRUE(InOtherMounts(scratch_ / "disk", [&] {
    std::filesystem::create_directories(scratch_ / "disk/.a.cmdsrv-moving/half");  // of a run that was cut short
    const bool moved = MoveTreeDurably(scratch_ / "a", scratch_ / "disk/a").has_value();
    return moved && Slurp(scratch_ / "disk/a/b/c/file") == "deep" && !Look(scratch_ / "a") &&
           ListDirectory(scratch_ / "disk").value() == std::vector<std::string>{"a"};
  }));
}

TEST_F(TreesTest, MovesNoLinksAcrossFileSystems) {
  Link();
  std::filesystem::create_directories(scratch_ / "disk");
  EXPECT_TRUE(InOtherMounts(scratch_ / "disk", [&] {
    const auto moved = MoveTreeDurably(scratch_ / "a", scratch_ / "disk/a");
    return !moved && moved.error().message.find("neither a file nor a directory") != std::string::npos &&
           ListDirectory(scratch_ / "disk").value().empty() && Look(scratch_ / "a/file");
  }));
}

TEST_F(TreesTest, FullDiskLeavesTheOriginal) {
  Spit(scratch_ / "a/large", std::string(3U << 20U, 'x'));
  std::filesystem::create_directories(scratch_ / "disk");
  EXPECT_TRUE(InOtherMounts(scratch_ / "disk", [&] {
    const auto moved = MoveTreeDurably(scratch_ / "a", scratch_ / "disk/a");
    return !moved && moved.error().code == ErrorCode::NoSpace && ListDirectory(scratch_ / "disk").value().empty() &&
           Look(scratch_ / "a/large");
  }));
}

TEST_F(TreesTest, LeavesWhatIsMountedInside) {
  std::filesystem::create_directories(scratch_ / "a/mounted");
  EXPECT_TRUE(InOtherMounts(scratch_ / "a/mounted", [&] {
    Spit(scratch_ / "a/mounted/file", "of a stick");
    const auto removed = RemoveTree(scratch_ / "a");
    return !removed && removed.error().message.find("another file system is mounted there") != std::string::npos &&
           Slurp(scratch_ / "a/mounted/file") == "of a stick" && !Look(scratch_ / "a/file");
  }));
}

}  // namespace
}  // namespace cmdsrv
