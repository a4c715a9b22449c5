// INST-ZIMS through the socket against every misbehaviour of a line and of a mirror. Whatever happens, the Job ends
// SUCCEEDED with the right ZIM in the library, or FAILED with a sentence that says why; a file that is not the one the
// catalog promised is never in the content directory and never in library.xml.
#include <gmock/gmock.h>

#include <optional>

#include "support/ask.hpp"
#include "support/box/mirror.hpp"
#include "support/directory_watch.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kZim = "/zim/other/demo_en_all_maxi_2026-01.zim";
constexpr const char* kName = "demo_en_all_maxi_2026-01.zim";
constexpr const char* kMeta = "/zim/other/demo_en_all_maxi_2026-01.zim.meta4";
constexpr const char* kInstalled = "village_en_all_maxi_2025-06.zim";
constexpr std::uint64_t kPayload = 6'000'000;
constexpr auto kEnd = seconds(120);
/// A resumed download may ask again for the piece in which it broke, never for the whole file.
constexpr std::uint64_t kRepeatAllowed = 2U << 20U;

BoxOptions BoxWithOneZim() {
  ZimSpec spec;
  spec.payload_bytes = kPayload;
  return SmallBox({spec});
}

/// Long, because a busy machine may stand still as well; the tests of a stall wait for a shorter one several times.
constexpr int kStallLimit = 30;
constexpr int kShortStallLimit = 4;

class ZimFetchFaults : public ::testing::Test {
 protected:
  explicit ZimFetchFaults(int stall_limit_s = kStallLimit) {
    box.Internet();
    // Without retries for days: these tests are about one try, and how it ends.
    box.Configure({{"fetch_stall_s", stall_limit_s},
                   {"cmdsrv_lower_job_priority_flag", false},
                   {"download_retry_days", 0}});
    daemon.emplace(box.StartDaemon());
  }

  TestBox box{BoxWithOneZim()};
  const ZimFacts facts = MirrorZims(box.Root(), "other").at(0);
  const std::string content = OrThrow(ReadText(facts.path));
  const std::string content_directory = box.Path("/library/zims/content");
  DirectoryWatch watch{content_directory};
  std::optional<Daemon> daemon;

  BoxServer& Mirrors() { return box.Internet(); }

  void Install() {
    const auto reply = Ask(box.Socket(), fmt::format("INST-ZIMS {{\"zim_id\": \"{}\"}}", facts.uuid));
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_TRUE(reply->as_object().contains("Success")) << PrintJson(*reply);
  }

  /// The two jobs of the newest INST-ZIMS, both ended.
  std::vector<JobRow> WaitForEnd(std::size_t jobs = 2) {
    auto rows = WaitForJobs(box.Socket(), jobs, kEnd);
    if (!rows) {
      ADD_FAILURE() << rows.error().message << daemon->Printed();
      return std::vector<JobRow>(2);
    }
    return {rows->end() - 2, rows->end()};
  }

  bool IsInLibrary() const {
    return OrThrow(ReadText(box.Path("/library/zims/library.xml"))).find(facts.uuid) != std::string::npos;
  }

  void ExpectNothingLeftRunning() {
    const bool alone = WaitUntil([&] { return box.Processes().size() == 1; }, seconds(20));
    EXPECT_TRUE(alone) << "besides the daemon there is:\n" << Describe(box.Processes());
  }

  void ExpectInstalled(const std::vector<JobRow>& jobs) {
    for (const JobRow& job : jobs) ASSERT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
    const std::string there = ReadText(content_directory + "/" + kName).value_or("");
    EXPECT_TRUE(there == content) << "another file than the catalog's, of " << there.size() << " bytes";
    EXPECT_THAT(watch.MovedIn(), Contains(kName));
    EXPECT_THAT(watch.Made(), Not(Contains(kName))) << "it must appear whole";
    EXPECT_TRUE(IsInLibrary()) << "library.xml does not list it";
    EXPECT_THAT(NamesIn(box.Path("/library/working/zims")), IsEmpty());
    const auto stat = Ask(box.Socket(), "GET-ZIM-STAT");
    ASSERT_TRUE(stat) << stat.error().message;
    EXPECT_TRUE(stat->as_object().at("INSTALLED").as_object().contains(facts.uuid)) << PrintJson(*stat);
    ExpectNothingLeftRunning();
  }

  /// `sentence` is a regular expression for what the person at the console must be able to read.
  void ExpectFailed(const std::vector<JobRow>& jobs, const std::string& sentence) {
    EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
    EXPECT_EQ(jobs[1].status, "CANCELLED") << Describe(jobs);
    EXPECT_THAT(jobs[0].output + jobs[0].reason, ContainsRegex(sentence));
    EXPECT_THAT(NamesIn(content_directory), ElementsAre(kInstalled));
    EXPECT_THAT(watch.MovedIn(), Not(Contains(kName))) << "a bad file was in the library for a moment";
    EXPECT_THAT(watch.Made(), Not(Contains(kName))) << "a bad file was in the library for a moment";
    EXPECT_FALSE(IsInLibrary()) << "library.xml lists it";
    ExpectNothingLeftRunning();
  }

  void ExpectInstalledOrFailed(const std::vector<JobRow>& jobs, const std::string& sentence) {
    if (jobs[0].status == "SUCCEEDED") {
      ExpectInstalled(jobs);
    } else {
      ExpectFailed(jobs, sentence);
    }
  }

  /// When the mirrors are well again the same Command must succeed, whatever the failed try has left.
  void ExpectInstallsOnceTheMirrorsAreWell() {
    Mirrors().Clear();
    Install();
    ExpectInstalled(WaitForEnd(4));
  }
};

TEST_F(ZimFetchFaults, WithoutFaultsItIsInstalledAndFetchedOnce) {
  Install();
  ExpectInstalled(WaitForEnd());
  EXPECT_EQ(Mirrors().TrafficOf(kZim).bytes_sent, content.size());
}

class KilledLine : public ZimFetchFaults, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(KilledLine, IsResumed) {
  Mirrors().Set({.fault = Fault::Drop, .path = kZim, .at = GetParam(), .reset = true, .times = 1});
  Install();
  ExpectInstalled(WaitForEnd());
  EXPECT_LE(Mirrors().TrafficOf(kZim).bytes_sent, content.size() + kRepeatAllowed) << "it was started again";
}

INSTANTIATE_TEST_SUITE_P(AtBeginMiddleAndEnd, KilledLine, ::testing::Values(1U, kPayload / 2, kPayload - 1));

TEST_F(ZimFetchFaults, LineThatIsKilledAgainAndAgainIsResumedEachTime) {
  for (std::uint64_t at = 500'000; at < kPayload; at += 1'500'000) {
    Mirrors().Set({.fault = Fault::Drop, .path = kZim, .at = at, .reset = at % 1'000'000 == 0, .times = 1});
  }
  Install();
  ExpectInstalled(WaitForEnd());
  EXPECT_LE(Mirrors().TrafficOf(kZim).bytes_sent, content.size() + 4 * kRepeatAllowed);
}

class StalledLine : public ZimFetchFaults {
 protected:
  StalledLine() : ZimFetchFaults(kShortStallLimit) {}
};

TEST_F(StalledLine, OfOneMirrorIsLeftForTheOther) {
  Mirrors().Set({.fault = Fault::Stall, .path = kZim, .host = "127.0.0.1", .at = kPayload / 2});
  Install();
  ExpectInstalled(WaitForEnd());
}

TEST_F(StalledLine, OfBothMirrorsFailsAfterTheLimit) {
  Mirrors().Set({.fault = Fault::Stall, .path = kZim, .at = kPayload / 2});
  Install();
  ExpectFailed(WaitForEnd(), "stall|no data|not a byte|stood still|stopped sending|timed out|[Tt]imeout");
  const std::uint64_t sent_before = Mirrors().TrafficOf(kZim).bytes_sent;
  ExpectInstallsOnceTheMirrorsAreWell();
  EXPECT_LE(Mirrors().TrafficOf(kZim).bytes_sent - sent_before, content.size() / 2 + kRepeatAllowed)
      << "the second try did not use what the first one had";
}

TEST_F(ZimFetchFaults, BusyMirrorIsLeftForTheOther) {
  Mirrors().Set({.fault = Fault::Status, .path = kZim, .host = "127.0.0.1", .status = 503});
  Install();
  ExpectInstalled(WaitForEnd());
}

TEST_F(ZimFetchFaults, BothMirrorsBusyFailsAndSaysSo) {
  Mirrors().Set({.fault = Fault::Status, .path = kZim, .status = 503});
  Install();
  ExpectFailed(WaitForEnd(), "503|[Uu]navailable|busy");
  ExpectInstallsOnceTheMirrorsAreWell();
}

TEST_F(ZimFetchFaults, MirrorThatRefusesIsLeftForTheOther) {
  Mirrors().Set({.fault = Fault::Refuse, .path = kZim, .host = "127.0.0.1"});
  Install();
  ExpectInstalled(WaitForEnd());
}

TEST_F(ZimFetchFaults, WebPageInsteadOfEverythingIsNoZim) {
  Mirrors().Set({.fault = Fault::Html, .path = "/zim/*"});
  Install();
  ExpectFailed(WaitForEnd(), "web page|HTML|login");
  ExpectInstallsOnceTheMirrorsAreWell();
}

TEST_F(ZimFetchFaults, WebPageInsteadOfTheZimIsNoZim) {
  Mirrors().Set({.fault = Fault::Html, .path = kZim});
  Install();
  ExpectFailed(WaitForEnd(), "web page|HTML|size|bytes");
  ExpectInstallsOnceTheMirrorsAreWell();
}

TEST_F(ZimFetchFaults, FlippedByteOfOneMirrorNeverGetsIn) {
  Mirrors().Set({.fault = Fault::Corrupt, .path = kZim, .host = "127.0.0.1", .at = kPayload / 3});
  Install();
  ExpectInstalledOrFailed(WaitForEnd(), "hash|checksum|[Ii]ntegrity|damaged");
}

TEST_F(ZimFetchFaults, FlippedByteOfBothMirrorsFailsAndIsForgotten) {
  Mirrors().Set({.fault = Fault::Corrupt, .path = kZim, .at = kPayload / 3});
  Install();
  ExpectFailed(WaitForEnd(), "hash|checksum|[Ii]ntegrity|damaged");
  ExpectInstallsOnceTheMirrorsAreWell();
}

TEST_F(ZimFetchFaults, WrongHashInTheMetalinkFails) {
  Mirrors().Set({.fault = Fault::WrongHash, .path = kMeta});
  Install();
  ExpectFailed(WaitForEnd(), "hash|checksum|[Ii]ntegrity|damaged");
  ExpectInstallsOnceTheMirrorsAreWell();
}

TEST_F(ZimFetchFaults, MissingMetalinkStillGivesTheRightFileOrSaysWhy) {
  Mirrors().Set({.fault = Fault::Status, .path = kMeta, .status = 404});
  Install();
  ExpectInstalledOrFailed(WaitForEnd(), "404|metalink|not found");
}

TEST_F(ZimFetchFaults, MissingMetalinkDoesNotLetAFlippedByteIn) {
  Mirrors().Set({.fault = Fault::Status, .path = kMeta, .status = 404});
  Mirrors().Set({.fault = Fault::Corrupt, .path = kZim, .at = kPayload / 3});
  Install();
  ExpectFailed(WaitForEnd(), "hash|checksum|[Ii]ntegrity|damaged|404|metalink");
}

TEST_F(ZimFetchFaults, TruncatedFileNeverGetsIn) {
  Mirrors().Set({.fault = Fault::Truncate, .path = kZim, .at = kPayload / 2});
  Install();
  ExpectFailed(WaitForEnd(), "size|bytes|short|incomplete|hash|checksum");
  ExpectInstallsOnceTheMirrorsAreWell();
}

TEST_F(ZimFetchFaults, TruncatedFileWithoutMetalinkNeverGetsIn) {
  Mirrors().Set({.fault = Fault::Truncate, .path = kZim, .at = kPayload / 2});
  Mirrors().Set({.fault = Fault::Status, .path = kMeta, .status = 404});
  Install();
  ExpectFailed(WaitForEnd(), "size|bytes|short|incomplete");
}

/// The mirror gets a newer file under the same name while the old one is half fetched: the two must not be mixed.
TEST_F(ZimFetchFaults, FileReplacedInTheMiddleIsNeverMixed) {
  ZimSpec newer;
  newer.payload_bytes = kPayload;
  newer.seed = 2;
  OrThrow(MakeZim(box.Path("/internet/zim/newer"), newer));
  const std::string file = std::string("zim/newer/") + kName;
  Mirrors().Set({.fault = Fault::Drop, .path = kZim, .at = kPayload / 2, .reset = true, .times = 1});
  Mirrors().Set({.fault = Fault::Replace, .path = kZim, .file = file, .after = 1});
  Install();
  ExpectFailed(WaitForEnd(), "hash|checksum|[Ii]ntegrity|changed|replaced|[Ss]ize|bytes");
  ExpectInstallsOnceTheMirrorsAreWell();
}

TEST_F(ZimFetchFaults, ServerWithoutRangesStillDelivers) {
  Mirrors().Set({.fault = Fault::NoRanges, .path = kZim});
  Mirrors().Set({.fault = Fault::Drop, .path = kZim, .at = kPayload / 2, .times = 1});
  Install();
  ExpectInstalledOrFailed(WaitForEnd(), "range|resume|hash|checksum");
}

TEST_F(ZimFetchFaults, SlowLineIsNoFault) {
  Mirrors().Set({.fault = Fault::Slow, .path = kZim, .rate = 2'000'000});
  Install();
  const auto running = WaitForStatus(box.Socket(), "STARTED", seconds(20));
  ASSERT_TRUE(running) << running.error().message;
  EXPECT_THAT(NamesIn(content_directory), ElementsAre(kInstalled)) << "a partial file is no content";
  ExpectInstalled(WaitForEnd());
}

TEST_F(ZimFetchFaults, LineThatIsDownFailsAndSaysSo) {
  Mirrors().Set({.fault = Fault::Refuse, .path = "/zim/*"});
  Install();
  ExpectFailed(WaitForEnd(), "refused|reset|connect|network|no answer|unreachable");
  ExpectInstallsOnceTheMirrorsAreWell();
}

}  // namespace
}  // namespace cmdsrv::test
