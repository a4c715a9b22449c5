#include "commands/system_texts.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "support/run.hpp"

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(CeilingSize, AsDuAndDfPrint) {
  const std::pair<std::uint64_t, const char*> cases[] = {{0, "0"},
                                                         {1, "1"},
                                                         {1023, "1023"},
                                                         {1024, "1.0K"},
                                                         {1025, "1.1K"},
                                                         {4096, "4.0K"},
                                                         {10188, "10K"},
                                                         {10240, "10K"},
                                                         {10241, "11K"},
                                                         {1048575, "1.0M"},
                                                         {3'002'368, "2.9M"},
                                                         {12'582'912, "12M"},
                                                         {30'000'000'000, "28G"},
                                                         {1ULL << 40U, "1.0T"},
                                                         {UINT64_MAX, "16E"}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(CeilingSize(bytes), text) << bytes;
}

TEST(MemoryTable, AsFreePrints) {
  EXPECT_THAT(
      MemoryTable(
          "MemTotal:       24684084 kB\nMemFree:        21128632 kB\nMemAvailable:   23839648 kB\n"
          "Buffers:           22144 kB\nCached:          2644596 kB\nSwapTotal: 102396 kB\nSwapFree: 102396 kB\n"
          "Shmem:              9764 kB\nSReclaimable:     391224 kB\n"),
      ElementsAre("               total        used        free      shared  buff/cache   available",
                  "Mem:            23Gi       824Mi        20Gi       9.5Mi       2.9Gi        22Gi",
                  "Swap:           99Mi          0B        99Mi"));
}

TEST(MemoryTable, OddNumbersDoNoHarm) {
  for (const char* text : {"", "MemTotal:\n", "MemTotal: x kB\n", "MemTotal: -5 kB\n", "rubbish"})
    EXPECT_THAT(MemoryTable(text), IsEmpty()) << text;
  EXPECT_THAT(MemoryTable("MemTotal: 100 kB\nMemAvailable: 900 kB\nSwapTotal: 5 kB\nSwapFree: 7 kB\n"), SizeIs(3));
  EXPECT_EQ(MemoryTable("MemTotal: 100 kB\nMemFree: 40 kB\nCached: 10 kB\n")[1],
            "Mem:           100Ki        50Ki        40Ki          0B        10Ki        50Ki");
}

TEST(FileSystemTable, AsDfPrints) {
  EXPECT_THAT(FileSystemTable({{"/dev/sda1", {30'000'000'000, 17'000'000'000, 12'000'000'000}, "/"},
                               {"tmpfs", {4096, 0, 4096}, "/run"},
                               {"a-very-long-source-name", {0, 0, 0}, "/x"}}),
              ElementsAre("Filesystem               Size  Used Avail Use% Mounted on",
                          "/dev/sda1                 28G   16G   12G  59% /",
                          "tmpfs                    4.0K     0  4.0K   0% /run",
                          "a-very-long-source-name     0     0     0    - /x"));
}

TEST(FileSystemTable, HostileNamesStayOnTheirLine) {
  const auto lines = FileSystemTable({{"/dev/sda1", {}, "/media/a\nb\x1b[2J"}, {"\xff", {}, "/ü"}});
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_TRUE(lines[1].ends_with("/media/a?b?[2J"));
  EXPECT_TRUE(lines[2].starts_with("\xEF\xBF\xBD "));
  EXPECT_TRUE(lines[2].ends_with("/ü"));
}

Mount At(std::uint64_t device, std::string point, std::string type, std::string source) {
  return {.id = 1, .device = device, .point = std::move(point), .type = std::move(type), .source = std::move(source)};
}

TEST(LocalMounts, OneForEachFileSystemAndNoneOfTheNetwork) {
  const auto local = LocalMounts({At(1, "/", "ext4", "/dev/sda1"), At(2, "/proc", "proc", "proc"),
                                  At(3, "/srv/nas", "nfs4", "nas:/share"), At(4, "/srv/win", "cifs", "//win/share"),
                                  At(5, "/home/a/host", "fuse.sshfs", "a@host:/"),
                                  At(1, "/srv/bound", "ext4", "/dev/sda1"), At(6, "/media/usb0", "vfat", "/dev/sdb1"),
                                  At(6, "/u", "vfat", "/dev/sdb1"), At(7, "/mnt", "ext4", "/dev/sdc1"),
                                  At(8, "/mnt", "ext4", "/dev/sdd1"), At(9, "/auto", "autofs", "systemd-1")});
  std::vector<std::string> points;
  for (const Mount& mount : local) points.push_back(mount.source + " " + mount.point);
  EXPECT_THAT(points, ElementsAre("/dev/sda1 /", "/dev/sdb1 /u", "/dev/sdd1 /mnt"));
}

}  // namespace
}  // namespace cmdsrv
