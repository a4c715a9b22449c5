#include "platform/block_devices.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// As lsblk of util-linux 2.38 prints them on a Raspberry Pi with a stick and an encrypted disk.
constexpr const char* kPi = R"({
   "blockdevices": [
      {"path": "/dev/loop0", "type": "loop", "rm": false, "size": 4096, "tran": null, "maj:min": "7:0", "mountpoint": "/snap/x"},
      {"path": "/dev/sda", "type": "disk", "rm": true, "size": 31914983424, "tran": "usb", "maj:min": "8:0", "mountpoint": null,
       "children": [{"path": "/dev/sda1", "type": "part", "rm": true, "size": 31913934848, "tran": null, "maj:min": "8:1", "mountpoint": "/media/usb0"}]},
      {"path": "/dev/sdb", "type": "disk", "rm": false, "size": 1000204886016, "tran": "usb", "maj:min": "8:16", "mountpoint": null,
       "children": [{"path": "/dev/sdb1", "type": "part", "rm": false, "size": 1, "tran": null, "maj:min": "8:17", "mountpoint": null,
         "children": [{"path": "/dev/mapper/safe", "type": "crypt", "rm": false, "size": 1, "tran": null, "maj:min": "253:0", "mountpoint": "/library"}]}]},
      {"path": "/dev/mmcblk0", "type": "disk", "rm": false, "size": 63864569856, "tran": null, "maj:min": "179:0", "mountpoint": null,
       "children": [{"path": "/dev/mmcblk0p1", "type": "part", "rm": false, "size": 1, "tran": null, "maj:min": "179:1", "mountpoint": "/boot/firmware"},
                    {"path": "/dev/mmcblk0p2", "type": "part", "rm": false, "size": 1, "tran": null, "maj:min": "179:2", "mountpoint": "/"}]}
   ]
})";

TEST(Disks, WithAllThatIsOnThem) {
  const auto disks = ParseDisks(kPi, {});
  ASSERT_TRUE(disks);
  ASSERT_THAT(*disks, SizeIs(3));
  EXPECT_EQ((*disks)[0].path, "/dev/sda");
  EXPECT_TRUE((*disks)[0].removable);
  EXPECT_EQ((*disks)[0].bytes, 31914983424U);
  EXPECT_THAT((*disks)[0].mount_points, ElementsAre("/media/usb0"));
  EXPECT_EQ((*disks)[1].transport, "usb");
  EXPECT_FALSE((*disks)[1].removable);
  EXPECT_THAT((*disks)[1].mount_points, ElementsAre("/library"));
  EXPECT_THAT((*disks)[2].mount_points, ElementsAre("/boot/firmware", "/"));
}

TEST(Disks, OlderVersionsPrintTexts) {
  const auto disks = ParseDisks(
      R"({"blockdevices": [{"path": "/dev/sda", "type": "disk", "rm": "1", "size": "2000", "tran": "usb", "maj:min": "  8:0  "},
                           {"path": "/dev/sdb", "type": "disk", "rm": "0", "size": null, "tran": null}]})",
      {});
  ASSERT_TRUE(disks);
  EXPECT_TRUE((*disks)[0].removable);
  EXPECT_EQ((*disks)[0].bytes, 2000U);
  EXPECT_FALSE((*disks)[1].removable);
  EXPECT_EQ((*disks)[1].bytes, 0U);
}

TEST(Disks, TheKernelKnowsMoreMountPointsThanLsblkShows) {
  const auto disks =
      ParseDisks(kPi, {{.id = 1, .device = makedev(8, 1), .point = "/second", .type = "vfat", .source = "x"},
                       {.id = 2, .device = 0, .point = "/third", .type = "btrfs", .source = "/dev/sda1"},
                       {.id = 3, .device = makedev(8, 2), .point = "/other", .type = "x", .source = "y"}});
  EXPECT_THAT(disks->front().mount_points, UnorderedElementsAre("/media/usb0", "/second", "/third"));
}

TEST(Disks, HostileTextsAreNoDevices) {
  for (const char* path : {"", "sda", "/etc/passwd", "/dev/", "/dev/../etc", "/dev/a b", "/dev//sda", "/dev/a\\nb"}) {
    const auto disks = ParseDisks(
        fmt::format(R"({{"blockdevices": [{{"path": "{}", "type": "disk", "rm": true, "size": 5}}]}})", path), {});
    ASSERT_TRUE(disks) << path;
    EXPECT_THAT(*disks, IsEmpty()) << path;
  }
  for (const char* text : {"", "[]", "{", R"({"blockdevices": 1})", R"({"other": []})"})
    EXPECT_EQ(ParseDisks(text, {}).error().code, ErrorCode::Corrupt) << text;
  EXPECT_THAT(ParseDisks(R"({"blockdevices": [1, null, {"type": 4}, {"path": 1, "type": "disk"}]})", {}).value(),
              IsEmpty());
  EXPECT_EQ(ParseDisks(R"({"blockdevices": [{"path": "/dev/sda", "type": "disk", "size": -1, "children": [7]}]})", {})
                ->at(0)
                .bytes,
            0U);
}

TEST(Disks, OfThisMachine) {
  const auto disks = ReadDisks(Root());
  ASSERT_TRUE(disks) << disks.error().message;
  for (const Disk& disk : *disks) EXPECT_TRUE(disk.path.starts_with("/dev/"));
}

TEST(Disks, AnLsblkThatFailsIsAnError) {
  const test::ScratchDirectory scratch;
  std::filesystem::create_directories(scratch / "usr/bin");
  test::Spit(scratch / "usr/bin/lsblk", "#!/bin/sh\nexit 32\n");
  std::filesystem::permissions(scratch / "usr/bin/lsblk", std::filesystem::perms::all);
  EXPECT_THAT(ReadDisks(*Root::At(scratch.Path())).error().message, HasSubstr("exit status 32"));
  test::Spit(scratch / "usr/bin/lsblk", "#!/bin/sh\nprintf '\\377\\376{'\n");
  EXPECT_THAT(ReadDisks(*Root::At(scratch.Path())).error().message, HasSubstr("no JSON"));
}

}  // namespace
}  // namespace cmdsrv
