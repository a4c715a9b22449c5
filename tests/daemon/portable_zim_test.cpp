// INST-ZIMS of an entry as the catalog of 2015 has them: a zip archive, through the socket to the library.
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>

#include "support/ask.hpp"
#include "support/box/mirror.hpp"
#include "support/directory_watch.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"
#include "support/zip_maker.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kName = "travels_en_all_2015-09";
constexpr const char* kFile = "travels_en_all_2015-09.zim";
constexpr const char* kInstalled = "village_en_all_maxi_2025-06.zim";
constexpr const char* kZip = "/portable/kiwix-0.9+travels_en_all_2015-09.zip";
constexpr std::uint64_t kPayload = 3'000'000;
constexpr auto kEnd = seconds(120);

BoxOptions PortableBox() {
  ZimSpec spec;
  spec.file_ref = kName;
  spec.title = "Travels";
  spec.payload_bytes = kPayload;
  BoxOptions options = SmallBox();
  options.portable = {spec};
  return options;
}

class PortableZim : public ::testing::Test {
 protected:
  PortableZim() {
    box.Internet();
    box.Configure({{"fetch_stall_s", 30}, {"cmdsrv_lower_job_priority_flag", false}, {"download_retry_days", 0}});
    daemon.emplace(box.StartDaemon());
  }

  TestBox box{PortableBox()};
  const ZimFacts facts = MirrorZims(box.Root(), "portable").at(0);
  const std::string zim_bytes = OrThrow(ReadText(facts.path));
  const std::string zip = box.Path("/internet" + std::string(kZip));
  const std::string content = box.Path("/library/zims/content");
  const std::string working = box.Path("/library/working/zims");
  DirectoryWatch watch{content};
  std::optional<Daemon> daemon;

  std::string Command() const { return fmt::format("INST-ZIMS {{\"zim_id\": \"{}\"}}", facts.uuid); }
  std::string Reply() const { return OrThrow(AskText(box.Socket(), Command())); }
  void Install() const { ASSERT_THAT(Reply(), HasSubstr("Scheduled")); }

  /// The three jobs of the newest INST-ZIMS, all ended.
  std::vector<JobRow> WaitForEnd(std::size_t jobs = 3) {
    const auto rows = WaitForJobs(box.Socket(), jobs, kEnd);
    if (!rows) {
      ADD_FAILURE() << rows.error().message << daemon->Printed();
      return std::vector<JobRow>(3);
    }
    return {rows->end() - 3, rows->end()};
  }

  void ExpectInstalled(const std::vector<JobRow>& jobs, const std::vector<std::string>& files = {kFile}) {
    for (const JobRow& job : jobs) ASSERT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
    std::vector<std::string> all = files;
    all.emplace_back(kInstalled);
    EXPECT_THAT(NamesIn(content), ::testing::UnorderedElementsAreArray(all));
    const auto moved = watch.MovedIn();
    const auto made = watch.Made();
    for (const std::string& file : files) {
      EXPECT_THAT(moved, Contains(file));
      EXPECT_THAT(made, Not(Contains(file))) << "it must appear whole";
    }
    EXPECT_TRUE(IsSoundZim(content + "/" + kFile));
    EXPECT_THAT(NamesIn(working), IsEmpty());
    const auto stat = Ask(box.Socket(), "GET-ZIM-STAT");
    ASSERT_TRUE(stat) << stat.error().message;
    EXPECT_TRUE(stat->at("INSTALLED").as_object().contains(facts.uuid)) << PrintJson(*stat);
    EXPECT_THAT(stat->at("WIP").as_object(), IsEmpty());
    EXPECT_THAT(OrThrow(ReadText(box.Path("/library/www/html/home/menu.json"))), HasSubstr("en-travels_en_all"));
  }

  void ExpectFailed(const std::vector<JobRow>& jobs, std::size_t step, const std::string& sentence) {
    for (std::size_t i = 0; i < jobs.size(); ++i)
      EXPECT_EQ(jobs[i].status, i < step ? "SUCCEEDED" : i == step ? "FAILED" : "CANCELLED") << Describe(jobs);
    EXPECT_THAT(jobs[step].output + jobs[step].reason, ContainsRegex(sentence));
    EXPECT_THAT(NamesIn(content), ElementsAre(kInstalled));
    EXPECT_THAT(OrThrow(ReadText(box.Path("/library/zims/library.xml"))), Not(HasSubstr(facts.uuid)));
  }
};

TEST_F(PortableZim, IsFetchedUnpackedAndInstalled) {
  Install();
  const auto jobs = WaitForEnd();
  ExpectInstalled(jobs);
  EXPECT_THAT(jobs[0].command, HasSubstr("zip-fetch"));
  EXPECT_THAT(jobs[1].command, HasSubstr("zip-unpack"));
  EXPECT_THAT(jobs[2].command, HasSubstr("zip-install"));
  EXPECT_EQ(box.Internet().TrafficOf(kZip).bytes_sent, SizeOf(zip));
  EXPECT_EQ(box.Internet().TrafficOf(fmt::format("/zim/portable/{}.meta4", kFile)).requests, 0U)
      << "the metalink of the entry is that of another file";
  EXPECT_THAT(Reply(), HasSubstr("Zim is already installed or being installed INST-ZIMS"));
}

TEST_F(PortableZim, IsWorkInProgressFromTheReplyOn) {
  box.Internet().Set({.fault = Fault::Stall, .path = kZip, .at = 1'000'000});
  Install();
  const auto stat = Ask(box.Socket(), "GET-ZIM-STAT");
  ASSERT_TRUE(stat) << stat.error().message;
  EXPECT_EQ(stat->at("WIP").at(facts.uuid).at("action"), "DOWNLOAD");
  EXPECT_THAT(Reply(), HasSubstr("duplicates an Active Command"));
  const std::string other =
      fmt::format(R"(INST-ZIMS {{"zim_id": "{}", "service_required": ["kiwix", "active"]}})", facts.uuid);
  EXPECT_THAT(OrThrow(AskText(box.Socket(), other)), HasSubstr("Zim is already installed or being installed"));
  box.Internet().Clear();
  box.Internet().Release();
  ExpectInstalled(WaitForEnd());
}

TEST_F(PortableZim, BrokenLineIsResumed) {
  for (const std::uint64_t at : {std::uint64_t{1}, kPayload / 2, kPayload - 1})
    box.Internet().Set({.fault = Fault::Drop, .path = kZip, .at = at, .reset = true, .times = 1});
  Install();
  ExpectInstalled(WaitForEnd());
  EXPECT_EQ(box.Internet().TrafficOf(kZip).bytes_sent, SizeOf(zip)) << "nothing may be fetched twice";
}

TEST_F(PortableZim, SplitZimIsInstalledWhole) {
  OrThrow(MakeZip(zip, {{.path = fmt::format("data/content/{}aa", kFile), .bytes = zim_bytes.substr(0, 2'000'000)},
                        {.path = fmt::format("data/content/{}ab", kFile), .bytes = zim_bytes.substr(2'000'000)}}));
  Install();
  ExpectInstalled(WaitForEnd(), {fmt::format("{}aa", kFile), fmt::format("{}ab", kFile)});
}

TEST_F(PortableZim, WebPageIsNoArchive) {
  box.Internet().Set({.fault = Fault::Html, .path = "/portable/*"});
  Install();
  ExpectFailed(WaitForEnd(), 0, "web page instead of the zip archive");
  EXPECT_THAT(NamesIn(box.Path("/library/downloads/zims")), IsEmpty());
  box.Internet().Clear();
  Install();
  ExpectInstalled(WaitForEnd(6));
}

TEST_F(PortableZim, HostileArchiveIsRefusedBeforeItIsUnpacked) {
  OrThrow(MakeZip(zip, {{.path = fmt::format("data/content/{}", kFile), .bytes = zim_bytes},
                        {.path = "../../../opt/admin/cmdsrv/cmdsrv.conf", .bytes = "{}"}}));
  Install();
  ExpectFailed(WaitForEnd(), 0, "wants to write outside of its directory");
  EXPECT_THAT(OrThrow(ReadText(box.Path(box::kConfigFile))), HasSubstr("cmdsrv_conf"));
}

TEST_F(PortableZim, DamagedArchiveFailsAndIsFetchedAgain) {
  OrThrow(MakeZip(zip, {{.path = fmt::format("data/content/{}", kFile), .bytes = zim_bytes}}));
  const std::string good = OrThrow(ReadText(zip));
  OrThrow(PatchZip(zip, 0, ZipField::Checksum, ZipPlace::TableAndEntry, 0x12345678));
  Install();
  ExpectFailed(WaitForEnd(), 1, "is damaged.*installing it again downloads it again");
  OrThrow(WriteText(zip, good));
  Install();
  ExpectInstalled(WaitForEnd(6));
}

TEST_F(PortableZim, ArchiveOfADamagedZimFailsAndKeepsItsDirectory) {
  std::string bytes = zim_bytes;
  bytes[bytes.size() / 2] ^= 1;
  OrThrow(MakeZip(zip, {{.path = fmt::format("data/content/{}", kFile), .bytes = bytes}}));
  Install();
  ExpectFailed(WaitForEnd(), 2, "is no sound ZIM");
  EXPECT_THAT(NamesIn(working), ElementsAre(kName));
}

TEST_F(PortableZim, ArchiveThatIsNotWhatTheCatalogPromisedFails) {
  ZimSpec other;
  other.file_ref = "other";
  const std::string small = OrThrow(ReadText(OrThrow(MakeZim(box.Path("/tmp"), other))));
  OrThrow(MakeZip(zip, {{.path = fmt::format("data/content/{}", kFile), .bytes = small}}));
  Install();
  ExpectFailed(WaitForEnd(), 0, "the catalog says [0-9]+ K");
}

TEST_F(PortableZim, DirectoryThatCannotBeMadeIsSaid) {
  OrThrow(WriteText(working + "/" + kName, "a file is in the way"));
  EXPECT_THAT(Reply(), HasSubstr("Error creating directory in Command INST-ZIMS"));
}

TEST_F(PortableZim, KilledServerLosesNothing) {
  box.Internet().Set({.fault = Fault::Stall, .path = kZip, .at = kPayload / 2});
  Install();
  ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() > 0; }, seconds(20)));
  daemon->Kill9();
  box.Internet().Clear();
  box.Internet().Release();
  ASSERT_TRUE(daemon->Restart());
  ExpectInstalled(WaitForEnd());
}

}  // namespace
}  // namespace cmdsrv::test
