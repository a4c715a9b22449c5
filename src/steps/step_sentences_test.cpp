#include <gmock/gmock.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include "base/json.hpp"
#include "base/step_exit.hpp"
#include "steps/foreign_db.hpp"
#include "steps/kiwix_lock.hpp"
#include "support/databases.hpp"
#include "support/files.hpp"
#include "support/limits.hpp"
#include "support/mounts.hpp"
#include "support/scratch.hpp"
#include "support/small_disk.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"
#include "support/zip_maker.hpp"

/// What steps say when something is wrong that the other tests have no reason to make: each sentence as a whole, with
/// the real thing that makes it true.
namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kZim = "village_en_all_maxi_2025-06";

class StepSays : public ::testing::Test {
 protected:
  TestBox box;
  const std::string working = box.Path("/library/working/");
  const std::string modules = box.Path("/library/www/html/modules/");

  RunEnd Run(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  /// The sentence is all that it says, and the status is that of a failure.
  void ExpectSaid(const std::vector<std::string>& arguments, const std::string& sentence,
                  int status = StepExit::kFailed) const {
    const RunEnd end = Run(arguments);
    EXPECT_EQ(end.output, sentence + "\n") << arguments.front();
    EXPECT_EQ(end.status, status) << arguments.front();
  }
  std::string MakeModule(const std::string& directory) const {
    OrThrow(WriteText(directory + "/index.html", "<h1>Wells</h1>"));
    return directory;
  }
};

TEST_F(StepSays, WhatIsMissing) {
  box.StandIn("piclone_cmd", "#!/bin/sh\nexit 0\n");
  ExpectSaid({"copy-image", "/dev/sdz"}, "there is no removable disk /dev/sdz any more");
  OrThrow(MakeDirs(modules + "en-empty"));
  OrThrow(MakeDirs(working + "rachel/en-empty"));
  ExpectSaid({"copy-module", "--from=internal", "--to=usb0", "en-empty"},
             "there is no file in " + modules + "en-empty/");
  std::filesystem::remove_all(modules + "en-empty");
  ExpectSaid({"module-install", "en-empty"}, "there is no file in " + working + "rachel/en-empty");
  ExpectSaid({"map-finish", "osm-none_z11-z14_2026.mbtiles"},
             "osm-none_z11-z14_2026.mbtiles is not in the map catalog");
}

TEST_F(StepSays, WhatIsInTheWay) {
  MakeModule(working + "rachel/en-wells");
  OrThrow(WriteText(modules + "en-wells", "no directory"));
  ExpectSaid({"module-install", "en-wells"}, modules + "en-wells is in the way: it is no directory");
  std::filesystem::remove(modules + "en-wells");
  ::chmod((working + "rachel/en-wells/index.html").c_str(), 0600);
  const RunEnd end = RunStepFailing("chmod", EPERM, "index.html$", box.Root(), {"module-install", "en-wells"});
  EXPECT_EQ(end.output, fmt::format("cannot make readable {}rachel/en-wells/index.html: {}\n", working, Reason(EPERM)));
  EXPECT_EQ(end.status, StepExit::kFailed);
}

TEST_F(StepSays, ThatAnotherOneIsAtIt) {
  const std::string lock = working + "rachel/.module-fetch-en-wells.lck";
  OrThrow(WriteText(lock, ""));
  const UniqueFd held(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(held.Get(), LOCK_EX), 0);
  ExpectSaid({"module-fetch", "--rsync-url=rsync://127.0.0.1:9/m/en-wells", "en-wells"},
             "another download of en-wells is under way", StepExit::kBusy);
}

TEST_F(StepSays, ThatAnotherProgramDownloadsTheSame) {
  const std::string lock = box.Path("/run/lock/iiab-cmdsrv/zim-fetch-demo_en_all_2026-01.lck");
  OrThrow(WriteText(lock, ""));
  const UniqueFd held(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(held.Get(), LOCK_EX), 0);
  ExpectSaid({"zim-fetch", "--file-ref=demo_en_all_2026-01", "--url=http://127.0.0.1:9/x"},
             "demo_en_all_2026-01.zim is being downloaded by another program", StepExit::kBusy);
}

TEST_F(StepSays, ThatTheDiskIsNeededByTheSystem) {
  box.Configure({{"root_reserve_mb", 1'000'000}});
  ExpectSaid({"module-fetch", "--rsync-url=rsync://127.0.0.1:9/m/en-wells", "en-wells"},
             "less than 1000000 MB are free on the disk of the system, which it needs itself");
}

TEST_F(StepSays, WhyNoSourceGivesAMap) {
  const std::string map = "osm-lakes_z11-z14_2026.mbtiles";
  const RunEnd end = Run({"map-fetch", "--from", "http://127.0.0.1:9/x", "--from", "http://127.0.0.1:9/y", map});
  EXPECT_EQ(end.status, StepExit::kNoNetwork);
  EXPECT_THAT(end.output, HasSubstr("\nnone of 2 sources gives " + map + ": "));
}

TEST_F(StepSays, HowAnsibleEnded) {
  box.StandIn("ansible-playbook", "#!/bin/sh\nexit 4\n");
  OrThrow(WriteText(box.Path("/opt/iiab/iiab/iiab-stages.yml"), "- hosts: all\n  roles: []\n"));
  const RunEnd end = Run({"run-roles", "kiwix"});
  EXPECT_EQ(end.status, StepExit::kFailed) << end.output;
  EXPECT_THAT(end.output, HasSubstr("ansible-playbook failed: exit status 4\n"));
}

TEST_F(StepSays, ThatModulesWouldBeLost) {
  const auto offer = [&](int count) {
    json::array all;
    for (int i = 0; i < count; ++i) {
      json::object one = OrThrow(ParseJson(OrThrow(ReadText(box.Path("/internet/first-module.json"))))).as_object();
      one["moddir"] = fmt::format("en-a+{}", i);
      one["module_id"] = fmt::format("IIAB{}", 400 + i);
      all.push_back(one);
    }
    OrThrow(WriteText(box.Path("/internet/iiab-module-cat.json"), PrintJson(all)));
  };
  const auto offered = OrThrow(ParseJson(OrThrow(ReadText(box.Path("/internet/iiab-module-cat.json")))));
  OrThrow(WriteText(box.Path("/internet/first-module.json"), PrintJson(offered.as_array().at(0))));
  box.Internet();
  offer(7);
  const RunEnd first = Run({"module-catalog", "--menu"});
  EXPECT_EQ(first.status, 0);
  EXPECT_THAT(first.output, HasSubstr("warning: en-a+0: \"en-a+0\" cannot be the name of a menu item\n"));
  offer(2);
  const RunEnd end = Run({"module-catalog", "-v"});
  EXPECT_EQ(end.status, 3);
  EXPECT_THAT(end.output,
              HasSubstr("IIAB offers 2 modules, before it offered 7: they are not taken; --force takes them\n"));
  EXPECT_EQ(Run({"module-catalog", "--force"}).status, 0);
}

// The library and its lock.

TEST_F(StepSays, WhichZimIsCutOff) {
  const std::string content = box.Path("/library/zims/content/");
  OrThrow(WriteText(content + "head.zim", std::string("ZIM\x04 and a few bytes", 20)));
  OrThrow(WriteText(content + "half.zim", OrThrow(ReadText(fmt::format("{}{}.zim", content, kZim))).substr(0, 1000)));
  const RunEnd end = Run({"make-kiwix-lib", "-v"});
  EXPECT_THAT(end.output, HasSubstr(content + "head.zim is cut off within its first bytes"));
  EXPECT_THAT(end.output, HasSubstr(content + "half.zim is cut off: it has 1000 of "));
}

TEST_F(StepSays, ThatADeadLockCannotBeRemoved) {
  const std::string lock = box.Path("/run/lock/kiwix/make-kiwix-lib.lockdir");
  OrThrow(WriteText(lock + "/of-somebody", ""));
  const timespec old[2] = {{.tv_sec = 1'700'000'000, .tv_nsec = 0}, {.tv_sec = 1'700'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, lock.c_str(), old, 0), 0);
  ExpectSaid({"make-kiwix-lib"}, fmt::format("cannot remove the dead lock {}: {}", lock, Reason(ENOTEMPTY)));
}

TEST(KiwixLock, SaysWhoHasItAndThatItCannotLookAtItself) {
  const ScratchDirectory folder;
  OrThrow(MakeDirs(folder / "make-kiwix-lib.lockdir"));
  const auto held = KiwixLibraryLock::Take(folder.Path() + "/", std::chrono::seconds(0));
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, ErrorCode::Busy);
  EXPECT_EQ(held.error().message,
            fmt::format("another program is indexing the ZIMs ({}/make-kiwix-lib.lockdir exists)", folder.Path()));
  std::filesystem::remove(folder / "make-kiwix-lib.lockdir");
  const FewDescriptors one(1);  // for the file that is locked
  const auto lost = KiwixLibraryLock::Take(folder.Path() + "/", std::chrono::seconds(0));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().message,
            "cannot find this process in /proc; mount /proc, or close files if none can be opened");
}

TEST(ForeignDb, HasABound) {
  const ScratchDirectory folder;
  MakeDatabase(folder / "huge.sqlite",
               "CREATE TABLE t (a); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n <= 1000000) "
               "INSERT INTO t SELECT n FROM c");
  const auto rows = ReadForeignDb(folder / "huge.sqlite", "SELECT a FROM t");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().message, fmt::format("cannot read {}: it gives too many rows", folder / "huge.sqlite"));
}

// Copies to a stick, and the program that makes them.

class StickSays : public StepSays {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }
  StickSays() { MakeModule(modules + "en-wells"); }

  const SmallDisk stick{box.Path("/media/usb0"), 8U << 20U};
  const std::string on_stick = box.Path("/media/usb0/library/");
  const std::vector<std::string> copy_module{"copy-module", "--from=internal", "--to=usb0", "en-wells"};
  const std::vector<std::string> copy_zim{"copy-zim", "--from=internal", "--to=usb0", kZim};
};

TEST_F(StickSays, ThatTheCopyIsNone) {
  box.StandIn("rsync", "#!/bin/sh\nexit 0\n");
  const RunEnd module = Run(copy_module);
  EXPECT_EQ(module.status, StepExit::kFailed);
  EXPECT_THAT(module.output, HasSubstr(fmt::format(
                                 "\n{}www/html/modules/en-wells/index.html is not the copy of {}en-wells/index.html\n",
                                 on_stick, modules)));
  const RunEnd zim = Run(copy_zim);
  EXPECT_EQ(zim.status, StepExit::kFailed);
  EXPECT_THAT(zim.output, HasSubstr(fmt::format("\n{}zims/content/{}.zim is not the copy of {}/{}.zim\n", on_stick,
                                                kZim, box.Path("/library/zims/content"), kZim)));
}

TEST_F(StickSays, ThatAFullDiskIsFullForEverySource) {
  const char* map = "osm-lakes_z11-z14_2026.mbtiles";
  const SmallDisk disk{box.Path("/library/working/maps"), 1U << 20U};
  OrThrow(WriteText(box.Path("/internet/maps/") + map, std::string(3'000'000, 'm')));
  const std::string source = box.Internet().Url(std::string("/maps/") + map);
  const RunEnd end = Run({"map-fetch", "--from", source, "--from", source, "--size", "3000000", map});
  EXPECT_EQ(end.status, StepExit::kFailed);
  EXPECT_THAT(end.output, HasSubstr("there is not enough space in"));
  EXPECT_THAT(end.output, ::testing::Not(HasSubstr("none of 2 sources")));
}

TEST_F(StickSays, HowRsyncEnded) {
  box.StandIn("rsync", "#!/bin/sh\nexit 12\n");
  ExpectSaid(copy_module,
             "cannot copy en-wells: rsync ended with exit status 12; what was copied is gone on with the next time",
             StepExit::kTryLater);
}

TEST_F(StickSays, ThatTheStickDoesNotWriteAllOfIt) {
  const RunEnd module = RunStepFailing("syncfs", EIO, "", box.Root(), copy_module);
  EXPECT_THAT(module.output, HasSubstr(fmt::format("cannot write all of it to {}www/html/modules/en-wells/: {}\n",
                                                   on_stick, Reason(EIO))));
  const RunEnd zim = RunStepFailing("syncfs", EIO, "", box.Root(), copy_zim);
  EXPECT_THAT(zim.output,
              HasSubstr(fmt::format("cannot write all of it to {}zims/content/: {}\n", on_stick, Reason(EIO))));
}

// Archives.

class ZipSays : public StepSays {
 protected:
  const std::string zip = box.Path("/library/downloads/zims/kiwix-0.9+demo.zip");
  const ZipItem zim{.path = "data/content/demo.zim", .bytes = "a ZIM, as far as the archive goes"};

  /// An archive that is hostile or damaged goes, and says so.
  void ExpectGivenUp(const std::string& why) const {
    ExpectSaid(
        {"zip-unpack", "demo"},
        fmt::format("cannot unpack {}: {}; the archive is removed, installing it again downloads it again", zip, why));
    EXPECT_FALSE(Exists(zip));
  }
};

TEST_F(ZipSays, WhatIsWrongWithAnArchive) {
  OrThrow(MakeZip(zip, {zim, {.path = "data/content/" + std::string(1100, 'x'), .bytes = "x"}}));
  ExpectGivenUp("the archive has an entry whose name cannot be used");
  OrThrow(MakeZip(zip, {zim}));
  std::string bytes = OrThrow(ReadText(zip));
  bytes.replace(bytes.rfind("PK\x05\x06") + 12, 4, "\xff\xff\xff\xff");  // "look at the record for large archives"
  OrThrow(WriteText(zip, bytes));
  ExpectGivenUp("the end of the archive is damaged");
}

TEST_F(ZipSays, ThatThereAreTooManyEntries) {
  std::vector<ZipItem> items;
  for (int i = 0; i <= 100'000; ++i) items.push_back({.path = fmt::format("{}/", i)});
  OrThrow(MakeZip(zip, items));
  ExpectGivenUp("the archive has more than 100000 entries");
}

TEST_F(ZipSays, ThatItCannotBeRead) {
  OrThrow(MakeZip(zip, {zim}));
  for (const auto& [call, what] : {std::pair{"fstat", "look at the archive"}, {"pread", "read the archive"}}) {
    const RunEnd end = RunStepFailing(call, EIO, ".zip$", box.Root(), {"zip-unpack", "demo"});
    EXPECT_EQ(end.output, fmt::format("cannot {}: {}\n", what, Reason(EIO)));
    EXPECT_TRUE(Exists(zip)) << "the disk is at fault";
  }
  const RunEnd end = RunStepFailing("fsync", EIO, "/data/content$", box.Root(), {"zip-unpack", "demo"});
  EXPECT_THAT(end.output,
              HasSubstr(fmt::format("cannot sync the directory of data/content/demo.zim: {}\n", Reason(EIO))));
}

TEST_F(ZipSays, WhichNameCannotBeUsed) {
  const std::string name = std::string(210, 'x') + ".zim";
  const std::string bytes = OrThrow(ReadText(box.Path(fmt::format("/library/zims/content/{}.zim", kZim))));
  OrThrow(WriteText(fmt::format("{}zims/demo/data/content/{}", working, name), bytes));
  const RunEnd end = Run({"zip-install", "demo"});
  EXPECT_EQ(end.status, StepExit::kFailed);
  EXPECT_EQ(end.output, fmt::format("the name \"{}\" cannot be used for a ZIM\n", name));
}

}  // namespace
}  // namespace cmdsrv::test
