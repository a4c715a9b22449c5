// INST-ZIMS where programs are missing, where the disk is full, and where the library is on another disk.
#include <gmock/gmock.h>

#include <optional>

#include "support/ask.hpp"
#include "support/box/mirror.hpp"
#include "support/directory_watch.hpp"
#include "support/files.hpp"
#include "support/mounts.hpp"
#include "support/small_disk.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kZim = "/zim/other/demo_en_all_maxi_2026-01.zim";
constexpr const char* kName = "demo_en_all_maxi_2026-01.zim";
constexpr const char* kPortable = "travels_en_all_2015-09.zim";
constexpr const char* kInstalled = "village_en_all_maxi_2025-06.zim";
constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kPayload = 6 * kMiB;
constexpr auto kEnd = seconds(120);

BoxOptions BoxOfTwo() {
  ZimSpec zim;
  zim.payload_bytes = kPayload;
  ZimSpec portable;
  portable.file_ref = "travels_en_all_2015-09";
  portable.payload_bytes = kMiB;
  BoxOptions options = SmallBox({zim});
  options.portable = {portable};
  return options;
}

class OtherDisks : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }

  OtherDisks() {
    box.Internet();
    box.Configure({{"fetch_stall_s", 20}, {"cmdsrv_lower_job_priority_flag", false}, {"download_retry_days", 0}});
  }

  TestBox box{BoxOfTwo()};
  const ZimFacts zim = MirrorZims(box.Root(), "other").at(0);
  const ZimFacts portable = MirrorZims(box.Root(), "portable").at(0);
  const std::string content = box.Path("/library/zims/content");
  const std::string working = box.Path("/library/working/zims");
  std::optional<Daemon> daemon;

  void Start() { daemon.emplace(box.StartDaemon()); }
  std::string Send(const ZimFacts& what) const {
    return OrThrow(AskText(box.Socket(), fmt::format("INST-ZIMS {{\"zim_id\": \"{}\"}}", what.uuid)));
  }
  void Install(const ZimFacts& what) const { ASSERT_THAT(Send(what), HasSubstr("Scheduled")); }

  /// All jobs, ended; the last `count` of `jobs`.
  std::vector<JobRow> WaitForEnd(std::size_t jobs, std::size_t count) const {
    const auto rows = WaitForJobs(box.Socket(), jobs, kEnd);
    if (!rows) {
      ADD_FAILURE() << rows.error().message;
      return std::vector<JobRow>(count);
    }
    return {rows->end() - static_cast<std::ptrdiff_t>(count), rows->end()};
  }

  void ExpectInstalled(const std::vector<JobRow>& jobs, const std::string& file) const {
    for (const JobRow& job : jobs) ASSERT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
    EXPECT_TRUE(IsSoundZim(content + "/" + file));
    EXPECT_THAT(OrThrow(ReadText(box.Path("/library/zims/library.xml"))), HasSubstr("content/" + file));
    EXPECT_THAT(NamesIn(working), IsEmpty());
  }
  std::string AdviceOnPrograms() const {
    const auto health = Ask(box.Socket(), "GET-HEALTH");
    return health ? PrintJson(health->at("parts").at("programs")) : health.error().message;
  }
};

class MissingProgram : public OtherDisks {
 protected:
  void ExpectAdvice(const std::string& text) const {
    EXPECT_TRUE(WaitUntil([&] { return AdviceOnPrograms().find(text) != std::string::npos; }, seconds(10)))
        << AdviceOnPrograms();
  }
};

TEST_F(MissingProgram, WithoutAria2WgetFetches) {
  const HiddenProgram hidden("/usr/bin/aria2c");
  Start();
  ExpectAdvice("aria2c cannot be run; Commands that need it use another program or fail; install: aria2\"");
  Install(zim);
  ExpectInstalled(WaitForEnd(2, 2), kName);
}

TEST_F(MissingProgram, WithoutWgetAria2Fetches) {
  const HiddenProgram hidden("/usr/bin/wget");
  Start();
  ExpectAdvice("install: wget\"");
  box.Internet().Set({.fault = Fault::Status, .path = std::string(kZim) + ".meta4", .status = 404});
  Install(zim);
  ExpectInstalled(WaitForEnd(2, 2), kName);
  Install(portable);
  ExpectInstalled(WaitForEnd(5, 3), kPortable);
}

TEST_F(MissingProgram, WithoutBothTheJobNamesThePackage) {
  const HiddenProgram no_aria2("/usr/bin/aria2c");
  const HiddenProgram no_wget("/usr/bin/wget");
  Start();
  ExpectAdvice("install: aria2, wget\"");
  Install(zim);
  const auto jobs = WaitForEnd(2, 2);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_EQ(jobs[1].status, "CANCELLED");
  EXPECT_THAT(jobs[0].output, HasSubstr("neither aria2c nor wget is installed; install the package aria2"));
  Install(portable);
  EXPECT_THAT(WaitForEnd(5, 3)[0].output, HasSubstr("install the package aria2"));
  EXPECT_THAT(NamesIn(content), ElementsAre(kInstalled));
}

/// What aria2c began has holes; wget takes over without mixing up anything.
TEST_F(MissingProgram, Aria2ThatVanishesInTheMiddleIsReplaced) {
  Start();
  box.Internet().Set({.fault = Fault::Stall, .path = kZim, .at = kPayload / 2});
  Install(zim);
  ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() > 0; }, seconds(20)));
  const auto jobs = OrThrow(ReadJobs(box.Socket()));
  OrThrow(AskText(box.Socket(), fmt::format("CANCEL-JOB {{\"job_id\": {}}}", jobs.at(0).id)));
  WaitForEnd(2, 2);
  box.Internet().Clear();
  box.Internet().Release();
  const HiddenProgram hidden("/usr/bin/aria2c");
  Install(zim);
  ExpectInstalled(WaitForEnd(4, 2), kName);
}

class FullDisk : public OtherDisks {
 protected:
  SmallDisk disk{working, 16 * kMiB};
  DirectoryWatch watch{content};

  /// Downloads slowly, and somebody else fills the disk meanwhile.
  std::vector<JobRow> FailInTheMiddle() {
    box.Internet().Set({.fault = Fault::Slow, .path = kZim, .rate = 2 * kMiB});
    Install(zim);
    EXPECT_TRUE(WaitUntil([&] { return box.Internet().TrafficOf(kZim).bytes_sent > kMiB; }, seconds(30)));
    disk.Fill(256U << 10U);
    return WaitForEnd(2, 2);
  }

  void ExpectFailedForSpace(const std::vector<JobRow>& jobs) const {
    EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
    EXPECT_EQ(jobs[1].status, "CANCELLED") << Describe(jobs);
    EXPECT_THAT(jobs[0].output, HasSubstr("the disk is full"));
    EXPECT_THAT(jobs[0].output, HasSubstr("are kept for the next try"));
    EXPECT_THAT(NamesIn(content), ElementsAre(kInstalled));
  }

  void ExpectGoesOnWithRoom(std::uint64_t most_again) {
    const std::uint64_t before = box.Internet().TrafficOf(kZim).bytes_sent;
    box.Internet().Clear();
    disk.Empty();
    Install(zim);
    ExpectInstalled(WaitForEnd(4, 2), kName);
    EXPECT_LT(box.Internet().TrafficOf(kZim).bytes_sent - before, most_again) << "the partial file was of no use";
    EXPECT_THAT(watch.Made(), Not(Contains(kName)));
  }
};

TEST_F(FullDisk, InTheMiddleOfAria2sDownload) {
  Start();
  ExpectFailedForSpace(FailInTheMiddle());
  ExpectGoesOnWithRoom(kPayload);
}

TEST_F(FullDisk, InTheMiddleOfWgetsDownload) {
  Start();
  box.Internet().Set({.fault = Fault::Status, .path = std::string(kZim) + ".meta4", .status = 404});
  ExpectFailedForSpace(FailInTheMiddle());
  box.Internet().Set({.fault = Fault::Status, .path = std::string(kZim) + ".meta4", .status = 404});
  ExpectGoesOnWithRoom(kPayload);
}

TEST_F(FullDisk, IsRefusedBeforeTheFirstByte) {
  Start();
  disk.Fill(kPayload / 2);
  EXPECT_THAT(Send(zim), HasSubstr("Not enough storage space for Zim INST-ZIMS"));
  disk.Fill(kMiB / 2);
  EXPECT_THAT(Send(portable), HasSubstr("Not enough storage space for Zim INST-ZIMS"));
  EXPECT_THAT(NamesIn(working), ElementsAre(".filler")) << "a refused Command leaves nothing";
}

class LibraryOnItsOwnDisk : public OtherDisks {
 protected:
  LibraryOnItsOwnDisk() {
    const std::string file = content + "/" + kInstalled;
    const std::string bytes = OrThrow(ReadText(file));
    disk.emplace(content, 12 * kMiB);
    OrThrow(WriteText(file, bytes));
  }
  std::optional<SmallDisk> disk;
};

TEST_F(LibraryOnItsOwnDisk, TakesAZim) {
  DirectoryWatch watch(content);
  Start();
  Install(zim);
  ExpectInstalled(WaitForEnd(2, 2), kName);
  EXPECT_THAT(watch.Made(), Not(Contains(kName))) << "it must appear whole";
  EXPECT_THAT(NamesIn(content), ::testing::UnorderedElementsAre(kInstalled, kName));
}

TEST_F(LibraryOnItsOwnDisk, TakesAPortableZim) {
  DirectoryWatch watch(content);
  Start();
  Install(portable);
  ExpectInstalled(WaitForEnd(3, 3), kPortable);
  EXPECT_THAT(watch.Made(), Not(Contains(kPortable))) << "it must appear whole";
  EXPECT_THAT(NamesIn(box.Path("/library/zims/index")), ElementsAre(std::string(kPortable) + ".idx"));
}

TEST_F(LibraryOnItsOwnDisk, IsAskedForSpaceToo) {
  Start();
  disk->Fill(kPayload / 2);
  EXPECT_THAT(Send(zim), HasSubstr("Not enough storage space for Zim INST-ZIMS"));
}

TEST_F(LibraryOnItsOwnDisk, ThatIsFullKeepsTheDownload) {
  Start();
  box.Internet().Set({.fault = Fault::Stall, .path = kZim, .at = kPayload / 2});
  Install(zim);
  ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() > 0; }, seconds(20)));
  disk->Fill(kMiB);
  box.Internet().Clear();
  box.Internet().Release();
  const auto jobs = WaitForEnd(2, 2);
  EXPECT_EQ(jobs[0].status, "SUCCEEDED") << Describe(jobs);
  EXPECT_EQ(jobs[1].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[1].output, HasSubstr("no space left on device"));
  EXPECT_THAT(NamesIn(content), ElementsAre(".filler", kInstalled)) << "half a file was left in the library";
  EXPECT_THAT(NamesIn(working), ElementsAre(kName));
  disk->Empty();
  const std::uint64_t before = box.Internet().TrafficOf(kZim).bytes_sent;
  Install(zim);
  ExpectInstalled(WaitForEnd(4, 2), kName);
  EXPECT_EQ(box.Internet().TrafficOf(kZim).bytes_sent, before) << "it was fetched again";
}

}  // namespace
}  // namespace cmdsrv::test
