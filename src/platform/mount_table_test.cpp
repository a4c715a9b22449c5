#include "platform/mount_table.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <future>

#include "platform/files.hpp"
#include "platform/unique_fd.hpp"
#include "support/mounts.hpp"
#include "support/run.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(MountTable, LinesOfTheKernel) {
  const auto table = ParseMountTable(
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
      "64 27 8:1 / /media/usb0 rw,nosuid shared:30 master:2 propagate_from:1 - vfat /dev/sda1 rw\n"
      "65 27 0:40 / /mnt/my\\040stick\\012two\\134 rw - fuse.sshfs user@host:/a\\011b rw\n");
  ASSERT_THAT(table, SizeIs(3));
  EXPECT_EQ(table[0].id, 27U);
  EXPECT_EQ(table[0].device, makedev(254, 0));
  EXPECT_EQ(table[0].point, "/");
  EXPECT_EQ(table[1].source, "/dev/sda1");
  EXPECT_EQ(table[1].type, "vfat");
  EXPECT_EQ(table[2].point, "/mnt/my stick\ntwo\\");
  EXPECT_EQ(table[2].source, "user@host:/a\tb");
}

TEST(MountTable, WhatIsNoLineIsLeftOut) {
  EXPECT_THAT(ParseMountTable(""), IsEmpty());
  EXPECT_THAT(ParseMountTable("\n\n a\nx y z\n27 1 254:0 / / rw,relatime ext4 /dev/vda rw\n"), IsEmpty());
  EXPECT_THAT(ParseMountTable("27 1 254:0 / / rw -\n27 1 254:0 / / rw - ext4\n-1 1 8:1 / / rw - ext4 /dev/sda rw\n"),
              IsEmpty());
  EXPECT_THAT(ParseMountTable("27 1 x:y / /a\\9\\04 rw - ext4 /dev/sda rw\n"), SizeIs(1));
  EXPECT_EQ(ParseMountTable("27 1 x:y / /a\\9\\04 rw - ext4 /dev/sda rw\n")[0].point, "/a\\9\\04");
}

TEST(MountTable, OfThisMachineHasItsRoot) {
  const auto table = ReadMountTable();
  ASSERT_TRUE(table);
  EXPECT_TRUE(std::ranges::any_of(*table, [](const Mount& mount) { return mount.point == "/"; }));
}

class Unmounting : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = test::EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }
  Unmounting() { std::filesystem::create_directory(point_); }
  ~Unmounting() override { test::Unmount(point_); }
  void MountMemory() const { ASSERT_EQ(::mount("none", point_.c_str(), "tmpfs", 0, "size=600m"), 0); }

  test::ScratchDirectory scratch_;
  const std::string point_ = scratch_ / "usb0";
};

TEST_F(Unmounting, WhatNobodyUsesGoes) {
  MountMemory();
  EXPECT_TRUE(IsMountPoint(point_));
  EXPECT_TRUE(SyncFileSystem(point_));
  EXPECT_TRUE(Unmount(point_));
  EXPECT_FALSE(IsMountPoint(point_));
  EXPECT_EQ(Unmount(point_).error().code, ErrorCode::NotFound);
  EXPECT_EQ(CanUnmount(point_).error().code, ErrorCode::NotFound);
}

TEST_F(Unmounting, OpenFilesKeepIt) {
  MountMemory();
  test::Spit(point_ + "/file", "x");
  {
    const UniqueFd open(::open((point_ + "/file").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(CanUnmount(point_).error().code, ErrorCode::Busy);
    EXPECT_EQ(Unmount(point_).error().code, ErrorCode::Busy);
    EXPECT_TRUE(IsMountPoint(point_));
  }
  EXPECT_TRUE(Unmount(point_));
}

TEST_F(Unmounting, WhoOnlyComesByHoldsNothingUp) {
  MountMemory();
  test::Spit(point_ + "/file", "x");
  UniqueFd open(::open((point_ + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  auto gone = std::async(std::launch::async, [&] { return Unmount(point_); });
  EXPECT_EQ(gone.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout) << "it was busy";
  open.Reset();
  EXPECT_TRUE(gone.get());
  EXPECT_FALSE(IsMountPoint(point_));
}

TEST_F(Unmounting, TheQuestionAloneNeverUnmounts) {
  MountMemory();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(CanUnmount(point_));
  EXPECT_TRUE(IsMountPoint(point_));
}

TEST_F(Unmounting, ALinkIsNotFollowed) {
  MountMemory();
  std::filesystem::create_directory_symlink(point_, scratch_ / "link");
  EXPECT_FALSE(Unmount(scratch_ / "link"));
  EXPECT_FALSE(SyncFileSystem(scratch_ / "link"));
  EXPECT_TRUE(IsMountPoint(point_));
}

TEST_F(Unmounting, UsageOfAFileSystem) {
  MountMemory();
  test::Spit(point_ + "/file", std::string(1U << 20U, 'x'));
  const auto usage = UsageOf(point_);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->total_bytes, 600U << 20U);
  EXPECT_GE(usage->used_bytes, 1U << 20U);
  EXPECT_EQ(usage->available_bytes, usage->total_bytes - usage->used_bytes);
  EXPECT_FALSE(usage->read_only);
  ASSERT_TRUE(test::MountReadOnly(point_, true));
  EXPECT_TRUE(UsageOf(point_)->read_only);
  EXPECT_EQ(UsageOf(point_ + "/nothing").error().code, ErrorCode::NotFound);
}

/// A real file system on a real block device, where loop devices can be had.
TEST_F(Unmounting, ARealDisk) {
  const std::string image = scratch_ / "image";
  test::Spit(image, "");
  std::filesystem::resize_file(image, 8U << 20U);
  const auto made = test::RunTool({"/sbin/mkfs.ext4", "-q", image});
  const auto mounted = made.status == 0 ? test::RunTool({"mount", "-o", "loop", image, point_}) : made;
  if (mounted.status != 0) {
    EXPECT_FALSE(IsMountPoint(point_)) << mounted.output;  // no loop devices here; tmpfs has shown the rest
    return;
  }
  test::Spit(point_ + "/file", "x");
  const auto space = SpaceAt(point_);
  EXPECT_TRUE(space->source.starts_with("/dev/loop")) << space->source;
  EXPECT_EQ(space->mount_point, point_);
  EXPECT_TRUE(SyncFileSystem(point_));
  EXPECT_TRUE(Unmount(point_));
}

}  // namespace
}  // namespace cmdsrv
