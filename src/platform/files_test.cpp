#include "platform/files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "platform/temporary_file.hpp"
#include "support/limits.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::ScratchDirectory;
using test::Slurp;
using test::Spit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat facts {};
  EXPECT_EQ(lstat(path.c_str(), &facts), 0);
  return facts.st_mode & 07777U;
}

class FilesTest : public ::testing::Test {
 protected:
  std::vector<std::string> Names() const { return ListDirectory(scratch_.Path()).value(); }

  ScratchDirectory scratch_;
};

TEST_F(FilesTest, ReadsWholeFilesAndThoseOfProc) {
  Spit(scratch_ / "a", std::string("x\0y", 3));
  EXPECT_EQ(ReadFile(scratch_ / "a").value(), std::string("x\0y", 3));
  Spit(scratch_ / "empty", "");
  EXPECT_EQ(ReadFile(scratch_ / "empty").value(), "");
  EXPECT_EQ(ReadFile("/proc/self/stat").value().substr(0, 3), std::to_string(getpid()).substr(0, 3));
  const std::string big(300'001, 'b');
  Spit(scratch_ / "big", big);
  EXPECT_EQ(ReadFile(scratch_ / "big").value(), big);
}

TEST_F(FilesTest, ReadingKeepsToTheLimit) {
  Spit(scratch_ / "a", "12345");
  EXPECT_EQ(ReadFile(scratch_ / "a", 5).value(), "12345");
  const auto refused = ReadFile(scratch_ / "a", 4);
  EXPECT_EQ(refused.error().code, ErrorCode::Io);
  EXPECT_EQ(refused.error().message, "cannot read " + (scratch_ / "a") + ": it is larger than 4 bytes");
  EXPECT_EQ(ReadFile("/proc/self/mountinfo", 10).error().code, ErrorCode::Io);
}

TEST_F(FilesTest, ReadingRefusesWhatIsNoFile) {
  const auto missing = ReadFile(scratch_ / "missing");
  EXPECT_EQ(missing.error(),
            (Error{ErrorCode::NotFound, "cannot open " + (scratch_ / "missing") + ": no such file or directory"}));
  EXPECT_EQ(ReadFile(scratch_.Path()).error().code, ErrorCode::Io);
  ASSERT_EQ(mkfifo((scratch_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(scratch_ / "pipe").error().message,
            "cannot read " + (scratch_ / "pipe") + ": it is no regular file");
}

TEST_F(FilesTest, WritesNewFilesWithTheirMode) {
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "a", "text").has_value());
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "b", "", {.mode = 0600}).has_value());
  EXPECT_EQ(Slurp(scratch_ / "a"), "text");
  EXPECT_EQ(ModeOf(scratch_ / "a"), 0644U);
  EXPECT_EQ(ModeOf(scratch_ / "b"), 0600U);
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
}

TEST_F(FilesTest, ReplacingKeepsModeAndOwner) {
  Spit(scratch_ / "a", "old");
  if (geteuid() == 0) {
    ASSERT_EQ(chown((scratch_ / "a").c_str(), 12345, 54321), 0);
  }
  ASSERT_EQ(chmod((scratch_ / "a").c_str(), 0640), 0);
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "a", "new").has_value());
  struct stat facts {};
  ASSERT_EQ(stat((scratch_ / "a").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0640U);
  EXPECT_EQ(facts.st_uid, geteuid() == 0 ? 12345U : geteuid());
  EXPECT_EQ(Slurp(scratch_ / "a"), "new");
}

TEST_F(FilesTest, LinkAtTheTargetIsReplacedAndNotFollowed) {
  Spit(scratch_ / "precious", "precious");
  ASSERT_EQ(symlink((scratch_ / "precious").c_str(), (scratch_ / "a").c_str()), 0);
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "a", "new").has_value());
  EXPECT_EQ(Slurp(scratch_ / "precious"), "precious");
  EXPECT_TRUE(Look(scratch_ / "a")->is_regular);
  EXPECT_EQ(Slurp(scratch_ / "a"), "new");
}

TEST_F(FilesTest, BackupKeepsTheOldFile) {
  const WriteOptions options{.backup = scratch_ / "a.bak"};
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "a", "first", options).has_value());
  EXPECT_FALSE(Look(scratch_ / "a.bak").has_value());
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "a", "second", options).has_value());
  EXPECT_EQ(Slurp(scratch_ / "a.bak"), "first");
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "a", "third", options).has_value());
  EXPECT_EQ(Slurp(scratch_ / "a.bak"), "second");
  EXPECT_EQ(Slurp(scratch_ / "a"), "third");
  EXPECT_THAT(Names(), ElementsAre("a", "a.bak"));
  for (const char* name : {".a.bak.0123abcd.cmdsrv-tmp", ".a.0123abcd.cmdsrv-tmp"})
    Spit(scratch_ / name, "of a writer that was killed");
  ASSERT_TRUE(WriteFileAtomically(scratch_ / "a", "fourth", options).has_value());
  EXPECT_THAT(Names(), ElementsAre("a", "a.bak"));
}

TEST_F(FilesTest, FailedWritesLeaveTheOldFileAndNoRemains) {
  EXPECT_EQ(WriteFileAtomically(scratch_ / "missing/a", "x").error().code, ErrorCode::NotFound);
  EXPECT_EQ(WriteFileAtomically(scratch_ / "", "x").error().code, ErrorCode::Io);
  ASSERT_EQ(mkdir((scratch_ / "directory").c_str(), 0755), 0);
  EXPECT_EQ(WriteFileAtomically(scratch_ / "directory", "x").error().code, ErrorCode::Io);

  Spit(scratch_ / "a", "old");
  const auto failed = [&] {
    const test::SmallFiles full(10);
    return WriteFileAtomically(scratch_ / "a", std::string(100, 'n'));
  }();
  EXPECT_EQ(failed.error().message, "cannot write " + (scratch_ / "a") + ": file too large");
  EXPECT_EQ(Slurp(scratch_ / "a"), "old");
  EXPECT_THAT(Names(), ElementsAre("a", "directory"));
}

/// Runs `body` in a process whose `directory` is a file system of 64 KiB of its own; its exit status, or 77 where the
/// machine does not let us mount.
template <class Body>
int OnATinyDisk(const std::string& directory, Body body) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(77);
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(77);
    if (mount("tiny", directory.c_str(), "tmpfs", 0, "size=64k") != 0) _exit(77);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST_F(FilesTest, FullDiskIsNamedSo) {
  EXPECT_EQ(FailAt(ENOSPC, "write", "x").value().code, ErrorCode::NoSpace);
  const ScratchDirectory other("/dev/shm");
  Spit(other / "big", std::string(200'000, 'b'));
  const int status = OnATinyDisk(scratch_.Path(), [&] {
    const std::string file = scratch_ / "a";
    if (!WriteFileAtomically(file, "old")) return 1;
    const auto written = WriteFileAtomically(file, std::string(200'000, 'n'));
    if (written || written.error().code != ErrorCode::NoSpace) return 2;
    const auto moved = MoveFileDurably(other / "big", file);
    if (moved || moved.error().code != ErrorCode::NoSpace) return 3;
    if (Slurp(file) != "old" || Names().size() != 1) return 4;
    return Look(other / "big") ? 0 : 5;
  });
  EXPECT_TRUE(status == 0 || status == 77) << status;
}

TEST_F(FilesTest, WritersAtTheSameTimeLeaveOneWholeFile) {
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    writers.emplace_back([&, letter] {
      for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(WriteFileAtomically(scratch_ / "f", std::string(10'000, letter)).has_value());
    });
  }
  for (auto& writer : writers) writer.join();
  const std::string text = Slurp(scratch_ / "f");
  EXPECT_EQ(text, std::string(10'000, text[0]));
  EXPECT_THAT(Names(), ElementsAre("f"));
}

/// A writer that was killed between giving the new file a name and putting it into its place.
TEST_F(FilesTest, TheNextWriterRemovesWhatAKilledOneLeft) {
  Spit(scratch_ / ".a.0123abcd.cmdsrv-tmp", "possibly gigabytes");
  Spit(scratch_ / ".b.0123abcd.cmdsrv-tmp", "of another file");
  EXPECT_TRUE(WriteFileAtomically(scratch_ / "a", "new").has_value());
  EXPECT_THAT(Names(), ElementsAre(".b.0123abcd.cmdsrv-tmp", "a"));
}

TEST_F(FilesTest, WhereFilesNeedANameTheRemainsOfADeadWriterGo) {
  const std::string remains = scratch_ / ".a.0123abcd.cmdsrv-tmp";
  const std::string of_another = scratch_ / ".b.0123abcd.cmdsrv-tmp";
  Spit(remains, "half a file");
  Spit(of_another, "half of another");
  auto living = TemporaryFile::MakeNamedFor(scratch_ / "a");
  ASSERT_TRUE(living.has_value());
  EXPECT_FALSE(Look(remains).has_value());
  EXPECT_TRUE(Look(of_another).has_value());
  {
    const auto second = TemporaryFile::MakeNamedFor(scratch_ / "a");
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(Names().size(), 3U);  // the living writer's file was not taken for remains
  }
  EXPECT_EQ(Names().size(), 2U);
  ASSERT_EQ(write(living->Descriptor(), "new", 3), 3);
  ASSERT_TRUE(living->Place().has_value());
  EXPECT_EQ(Slurp(scratch_ / "a"), "new");
  EXPECT_THAT(Names(), ElementsAre(".b.0123abcd.cmdsrv-tmp", "a"));
}

TEST_F(FilesTest, LongestNamesCanBeWritten) {
  const std::string name(255, 'n');
  ASSERT_TRUE(WriteFileAtomically(scratch_ / name, "x").has_value());
  EXPECT_TRUE(TemporaryFile::MakeNamedFor(scratch_ / name).has_value());
  EXPECT_THAT(Names(), ElementsAre(name));
  EXPECT_EQ(WriteFileAtomically(scratch_ / (name + "n"), "x").error().code, ErrorCode::Io);
}

TEST_F(FilesTest, DirectoriesAreMadeBeneathAndNowhereElse) {
  std::filesystem::create_directories(scratch_ / "base");
  std::filesystem::create_directories(scratch_ / "outside");
  std::filesystem::create_directory_symlink(scratch_ / "outside", scratch_ / "base/link");
  const UniqueFd base(open((scratch_ / "base").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_TRUE(MakeDirectoriesBeneath(base.Get(), "a/b/c").has_value());
  EXPECT_TRUE(MakeDirectoriesBeneath(base.Get(), "a/b/c").has_value());
  EXPECT_TRUE(Look(scratch_ / "base/a/b/c")->is_directory);
  EXPECT_FALSE(MakeDirectoriesBeneath(base.Get(), "link/x").has_value());
  EXPECT_FALSE(MakeDirectoriesBeneath(base.Get(), "../x").has_value());
  EXPECT_TRUE(ListDirectory(scratch_ / "outside")->empty());
  EXPECT_FALSE(Look(scratch_ / "x"));
}

TEST_F(FilesTest, MountPointsAreKnown) {
  EXPECT_TRUE(IsMountPoint("/proc"));
  EXPECT_FALSE(IsMountPoint("/proc/self/"));
  EXPECT_FALSE(IsMountPoint(scratch_.Path()));
  EXPECT_FALSE(IsMountPoint(scratch_ / "none"));
}

TEST_F(FilesTest, MovesWithinAFileSystem) {
  Spit(scratch_ / "a", "text");
  Spit(scratch_ / "b", "old");
  const auto inode = Look(scratch_ / "a")->inode;
  ASSERT_TRUE(MoveFileDurably(scratch_ / "a", scratch_ / "b").has_value());
  EXPECT_EQ(Look(scratch_ / "b")->inode, inode);
  EXPECT_THAT(Names(), ElementsAre("b"));
}

TEST_F(FilesTest, MovesAcrossFileSystems) {
  const ScratchDirectory other("/dev/shm");
  ASSERT_NE(Look(other.Path())->device, Look(scratch_.Path())->device) << "/dev/shm and /tmp are one file system here";
  const std::string text(3'000'000, 't');
  Spit(other / "a", text);
  ASSERT_EQ(chmod((other / "a").c_str(), 0604), 0);
  const timespec times[2] = {{1'000'000'000, 0}, {1'111'111'111, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (other / "a").c_str(), times, 0), 0);
  ASSERT_TRUE(MoveFileDurably(other / "a", scratch_ / "b").has_value());
  EXPECT_EQ(Slurp(scratch_ / "b"), text);
  EXPECT_EQ(ModeOf(scratch_ / "b"), 0604U);
  EXPECT_EQ(Look(scratch_ / "b")->mtime_ns, 1'111'111'111'000'000'000);
  EXPECT_FALSE(Look(other / "a").has_value());
  EXPECT_THAT(Names(), ElementsAre("b"));
}

TEST_F(FilesTest, MoveRefusesLinksAndLeavesTheSourceWhenItFails) {
  const ScratchDirectory other("/dev/shm");
  Spit(other / "a", "text");
  EXPECT_EQ(MoveFileDurably(other / "a", scratch_ / "missing/b").error().code, ErrorCode::NotFound);
  EXPECT_EQ(Slurp(other / "a"), "text");
  EXPECT_EQ(MoveFileDurably(other / "none", scratch_ / "b").error().code, ErrorCode::NotFound);
  ASSERT_EQ(symlink("a", (other / "link").c_str()), 0);
  EXPECT_EQ(MoveFileDurably(other / "link", scratch_ / "b").error().code, ErrorCode::Io);
  EXPECT_EQ(MoveFileDurably(scratch_.Path(), other / "b").error().code, ErrorCode::Io);
  EXPECT_TRUE(Names().empty());
}

TEST_F(FilesTest, MakesDirectoriesAndSaysWhatIsInTheWay) {
  EXPECT_TRUE(MakeDirectories(scratch_ / "a/b//c/").has_value());
  EXPECT_TRUE(MakeDirectories(scratch_ / "a/b/c", 0700).has_value());
  EXPECT_TRUE(Look(scratch_ / "a/b/c")->is_directory);
  EXPECT_TRUE(MakeDirectories("/").has_value());
  EXPECT_TRUE(MakeDirectories(scratch_ / "private/x", 0700).has_value());
  EXPECT_EQ(ModeOf(scratch_ / "private"), 0700U);
  Spit(scratch_ / "file", "");
  EXPECT_EQ(MakeDirectories(scratch_ / "file/x").error().message,
            "cannot make the directory " + (scratch_ / "file") + ": not a directory");
  EXPECT_FALSE(MakeDirectories("/proc/nothing-here").has_value());
}

TEST_F(FilesTest, ListsSorted) {
  Spit(scratch_ / "b", "");
  Spit(scratch_ / ".a", "");
  EXPECT_THAT(Names(), ElementsAre(".a", "b"));
  EXPECT_EQ(ListDirectory(scratch_ / "missing").error().code, ErrorCode::NotFound);
  EXPECT_EQ(ListDirectory(scratch_ / "b").error().code, ErrorCode::Io);
}

TEST_F(FilesTest, RemovesWhatIsThere) {
  Spit(scratch_ / "a", "");
  EXPECT_TRUE(RemoveFile(scratch_ / "a").value());
  EXPECT_FALSE(RemoveFile(scratch_ / "a").value());
  EXPECT_FALSE(RemoveFile(scratch_.Path()).has_value());
}

TEST_F(FilesTest, LookTellsKinds) {
  Spit(scratch_ / "a", "123");
  ASSERT_EQ(symlink("a", (scratch_ / "l").c_str()), 0);
  EXPECT_EQ(Look(scratch_ / "a")->bytes, 3U);
  EXPECT_TRUE(Look(scratch_ / "l")->is_link);
  EXPECT_TRUE(Look(scratch_.Path())->is_directory);
  EXPECT_FALSE(Look(scratch_ / "none").has_value());
}

TEST_F(FilesTest, OpenBeneathCannotBeLedAstray) {
  ASSERT_TRUE(MakeDirectories(scratch_ / "in/deep").has_value());
  Spit(scratch_ / "outside", "outside");
  Spit(scratch_ / "in/file", "inside");
  ASSERT_EQ(symlink("../outside", (scratch_ / "in/link").c_str()), 0);
  ASSERT_EQ(symlink("deep", (scratch_ / "in/dirlink").c_str()), 0);
  const UniqueFd in(open((scratch_ / "in").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_TRUE(OpenBeneath(in.Get(), "file", O_RDONLY).has_value());
  EXPECT_TRUE(OpenBeneath(in.Get(), "/file", O_RDONLY).has_value());
  EXPECT_TRUE(OpenBeneath(in.Get(), "deep/../file", O_RDONLY).has_value());
  EXPECT_TRUE(OpenBeneath(in.Get(), "", O_RDONLY | O_DIRECTORY).has_value());
  EXPECT_TRUE(OpenBeneath(in.Get(), "deep/new", O_WRONLY | O_CREAT | O_EXCL, 0640).has_value());
  EXPECT_EQ(ModeOf(scratch_ / "in/deep/new"), 0640U);
  EXPECT_EQ(OpenBeneath(in.Get(), "../outside", O_RDONLY).error().message,
            "cannot open ../outside: it leads out of its directory");
  EXPECT_EQ(OpenBeneath(in.Get(), "deep/../../outside", O_RDONLY).error().code, ErrorCode::Io);
  EXPECT_EQ(OpenBeneath(in.Get(), "link", O_RDONLY).error().message, "cannot open link: a symbolic link is on the way");
  EXPECT_EQ(OpenBeneath(in.Get(), "dirlink/new", O_RDONLY).error().code, ErrorCode::Io);
  EXPECT_EQ(OpenBeneath(in.Get(), "missing", O_RDONLY).error().code, ErrorCode::NotFound);
  EXPECT_FALSE(OpenBeneath(in.Get(), std::string_view("file\0x", 6), O_RDONLY).has_value());
  const auto file = OpenBeneath(in.Get(), "file", O_RDONLY);
  EXPECT_EQ(fcntl(file->Get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(FilesTest, SpaceNamesTheFileSystem) {
  const auto space = SpaceAt(scratch_.Path());
  ASSERT_TRUE(space.has_value());
  EXPECT_GT(space->total_bytes, space->available_bytes);
  EXPECT_EQ(space->device, Look(scratch_.Path())->device);
  EXPECT_EQ(scratch_.Path().rfind(space->mount_point, 0), 0U) << space->mount_point;
  EXPECT_FALSE(space->source.empty());
  const auto memory = SpaceAt("/dev/shm");
  EXPECT_NE(memory->device, space->device);
  EXPECT_EQ(memory->mount_point, "/dev/shm");
  EXPECT_EQ(SpaceAt(scratch_ / "missing").error().code, ErrorCode::NotFound);
}

TEST_F(FilesTest, LockExcludesOthersAndEndsWithItsHolder) {
  {
    const auto first = FileLock::Take(scratch_ / "lock");
    ASSERT_TRUE(first.has_value());
    const auto second = FileLock::Take(scratch_ / "lock", 30);
    EXPECT_EQ(second.error().code, ErrorCode::Busy);
    EXPECT_THAT(second.error().message, HasSubstr(scratch_ / "lock"));
  }
  EXPECT_TRUE(FileLock::Take(scratch_ / "lock").has_value());
  EXPECT_EQ(ModeOf(scratch_ / "lock"), 0644U);
  EXPECT_EQ(FileLock::Take(scratch_ / "missing/lock").error().code, ErrorCode::NotFound);
}

TEST_F(FilesTest, WaitingForALockEndsWhenItIsFree) {
  auto first = FileLock::Take(scratch_ / "lock");
  ASSERT_TRUE(first.has_value());
  std::thread other([&] { EXPECT_TRUE(FileLock::Take(scratch_ / "lock", 20'000).has_value()); });
  first = Fail(ErrorCode::Internal, "given back");
  other.join();
}

TEST_F(FilesTest, LockOfAKilledHolderIsFree) {
  const pid_t holder = fork();
  if (holder == 0) {
    const auto lock = FileLock::Take(scratch_ / "lock");
    if (!lock) _exit(1);
    Spit(scratch_ / "held", "");
    for (;;) pause();
  }
  EXPECT_TRUE(test::Eventually([&] { return Look(scratch_ / "held").has_value(); }));
  EXPECT_EQ(FileLock::Take(scratch_ / "lock").error().code, ErrorCode::Busy);
  kill(holder, SIGKILL);
  EXPECT_EQ(waitpid(holder, nullptr, 0), holder);
  EXPECT_TRUE(FileLock::Take(scratch_ / "lock").has_value());
}

}  // namespace
}  // namespace cmdsrv
