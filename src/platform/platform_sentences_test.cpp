// What is said where the machine refuses: no descriptors left, a program that lies, a name that is none.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "platform/block_devices.hpp"
#include "platform/disk_usage.hpp"
#include "platform/event_loop.hpp"
#include "platform/files.hpp"
#include "platform/mount_table.hpp"
#include "platform/network_state.hpp"
#include "platform/network_watch.hpp"
#include "platform/passwords.hpp"
#include "platform/process.hpp"
#include "platform/root.hpp"
#include "platform/shim_process.hpp"
#include "platform/spawn.hpp"
#include "platform/trees.hpp"
#include "platform/web_files.hpp"
#include "platform/write_watch.hpp"
#include "support/limits.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::FewDescriptors;
using test::ScratchDirectory;
using test::Spit;
using ::testing::StartsWith;

template <class T>
std::string SentenceOf(const Result<T>& result) {
  return result ? "it went well" : result.error().message;
}

TEST(NoDescriptors, EachSaysWhatItWantedThemFor) {
  const std::string why = ": " + Reason(EMFILE);
  const auto loop = EventLoop::Make();
  const auto self = Identify(::getpid());
  ASSERT_TRUE(loop && self);
  RunOptions talks;
  talks.input = "text";
  {
    const FewDescriptors none(0);
    EXPECT_EQ(SentenceOf(EventLoop::Make()), "cannot make an event loop" + why);
    EXPECT_EQ(SentenceOf(WriteFileFor("no-such-account", "/nowhere", "x")),
              "cannot look up the account no-such-account" + why);
    EXPECT_EQ(SentenceOf(WriteWatch::Make()), "cannot watch files" + why);
    EXPECT_EQ(SentenceOf(WatchNetwork(**loop, [] {})), "cannot listen to changes of the network" + why);
    EXPECT_EQ(SentenceOf(ReadNetworkState()), "cannot read the state of the network" + why);
    EXPECT_EQ(SentenceOf(OpenProcess(*self)), fmt::format("cannot watch process {}{}", ::getpid(), why));
    EXPECT_EQ(SentenceOf(RunProgram({"/bin/true"}, {})), "cannot open /dev/null" + why);
    EXPECT_EQ(SentenceOf(RunProgram({"/bin/true"}, talks)), "cannot make the input of /bin/true" + why);
  }
  const FewDescriptors one(1);
  EXPECT_EQ(SentenceOf(EventLoop::Make()), "cannot make an event descriptor" + why);
  EXPECT_EQ(SentenceOf(RunProgram({"/bin/true"}, {})), "cannot make a pipe" + why);
}

TEST(NoDescriptors, AProgramNeedsCopiesOutOfItsWay) {
  const std::vector<std::string> argv{"/bin/true"};
  const std::vector<std::string> environment;
  const std::string directory = "/";
  const test::Limited eight(RLIMIT_NOFILE, 8);
  EXPECT_THAT(SentenceOf(Spawn({.argv = argv, .environment = environment, .directory = directory, .descriptors = {0}})),
              StartsWith("cannot copy a file descriptor for a program: "));
}

TEST(PlatformSays, WhatIsNoNameOfAThing) {
  const ScratchDirectory folder;
  const UniqueFd directory(::open(folder.Path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(SentenceOf(OpenBeneath(directory.Get(), std::string_view("a\0b", 3), O_RDONLY)),
            "cannot open a path with a NUL byte");
  EXPECT_EQ(SentenceOf(RemoveTreeIn(directory.Get(), "..", "/x/..")),
            "cannot remove \"/x/..\": it does not name one thing in a directory");
  EXPECT_EQ(SentenceOf(Root().FindProgram("..")), "cannot find the program \"..\": it is no program name");
  EXPECT_EQ(SentenceOf(OpenProcess({.boot_id = "x", .pid = -1, .start_ticks = 0})), "-1 is no process id");
  EXPECT_EQ(SentenceOf(WriteFileFor("no-such-account", folder / "file", "x")), "there is no account no-such-account");
  EXPECT_THAT(SentenceOf(HashPassword(Secret(std::string(10'000, 'x')))), StartsWith("cannot hash a password: "));
  EXPECT_EQ(SentenceOf(Unmount(folder / "nothing")), "nothing is mounted at " + (folder / "nothing"));
}

TEST(PlatformSays, WhatCannotBeStarted) {
  const std::vector<std::string> nothing;
  const std::vector<std::string> relative{"true"};
  const std::string directory = "/";
  const auto start = [&](const std::vector<std::string>& argv) {
    return SentenceOf(Spawn({.argv = argv, .environment = nothing, .directory = directory, .descriptors = {}}));
  };
  EXPECT_EQ(start(nothing), "cannot start a program: its argument vector is empty");
  EXPECT_EQ(start(relative), "cannot start true: no absolute path was given");
  ShimStart shim;
  shim.job = JobId{41};
  EXPECT_EQ(SentenceOf(StartShim("/bin/true", shim)),
            "cannot start job 41: its start has no program, id, attempt or grace");
  EXPECT_EQ(SentenceOf(Root::At("/nowhere/at/all")),
            "cannot use /nowhere/at/all as the root folder: " + Reason(ENOENT));
  EXPECT_EQ(SentenceOf(WriteFileAtomically("/tmp/", "x")), "cannot write \"/tmp/\": it is no file name");
}

TEST(PlatformSays, WhyADirectoryStaysWhereItIs) {
  const ScratchDirectory folder;
  Spit(folder / "file", "x");
  std::filesystem::create_directory(folder / "there");
  EXPECT_EQ(SentenceOf(MoveTreeDurably(folder / "file", folder / "there")),
            fmt::format("cannot move {}: there is a {} already", folder / "file", folder / "there"));
  EXPECT_EQ(SentenceOf(MoveTreeDurably(folder / "file", folder / "new")),
            fmt::format("cannot move {}: it is no directory", folder / "file"));
}

TEST(PlatformSays, WhoHasALock) {
  const ScratchDirectory folder;
  const auto held = FileLock::Take(folder / "lock");
  ASSERT_TRUE(held);
  EXPECT_EQ(SentenceOf(FileLock::Take(folder / "lock")),
            fmt::format("cannot lock {}: another program holds it", folder / "lock"));
}

TEST(PlatformSays, ThatThereIsTooMuchToLookAt) {
  const ScratchDirectory folder;
  Spit(folder / "one", "x");
  Spit(folder / "two", "x");
  const auto used = [&](const UsageLimits& limits) {
    const UniqueFd directory(::open(folder.Path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return SentenceOf(UsageBelow(directory.Get(), limits));
  };
  EXPECT_EQ(used({.entries = 1}), "there are more than 1 files");
  EXPECT_EQ(used({.time = std::chrono::milliseconds(-1)}), "looking at all files takes too long");
}

TEST(PlatformSays, WhatIsWrongWithLsblk) {
  const ScratchDirectory folder;
  std::filesystem::create_directories(folder / "usr/bin");
  const auto root = Root::At(folder.Path());
  const auto with = [&](std::string_view script) {
    Spit(folder / "usr/bin/lsblk", "#!/bin/sh\n" + std::string(script) + "\n");
    ::chmod((folder / "usr/bin/lsblk").c_str(), 0755);
    return SentenceOf(ReadDisks(*root));
  };
  EXPECT_EQ(with("exit 32"), "lsblk did not tell about disks: exit status 32");
  EXPECT_THAT(with("echo '{'"), StartsWith("lsblk printed no JSON: "));
  EXPECT_EQ(with("echo '{}'"), "lsblk printed JSON without a list \"blockdevices\"");
}

}  // namespace
}  // namespace cmdsrv
