// GET-UPGRADEABLE-ZIMS and UPGRADE-ZIMS through the socket.
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/mounts.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOld = "village_en_all_maxi_2025-06.zim";
constexpr const char* kNew = "village_en_all_maxi_2026-02.zim";
constexpr const char* kUrl = "/zim/other/village_en_all_maxi_2026-02.zim";

constexpr const char* kOldFarm = "farm_fr_all_maxi_2025-01.zim";
constexpr const char* kNewFarm = "farm_fr_all_maxi_2026-03.zim";
constexpr std::uint64_t kMiB = 1U << 20U;
constexpr auto kEnd = seconds(120);

ZimSpec Named(const std::string& file_ref, std::size_t bytes) {
  ZimSpec spec;
  spec.file_ref = file_ref;
  spec.title = "Knowledge of the " + file_ref.substr(0, file_ref.find('_'));
  spec.payload_bytes = bytes;
  return spec;
}

BoxOptions BoxWithANewVillage(std::size_t bytes = 2'000'000) {
  return SmallBox({Named("village_en_all_maxi_2026-02", bytes)});
}

class UpgradeZims : public ::testing::Test {
 protected:
  UpgradeZims() {
    box.Internet();
    box.Configure({{"download_retry_days", 0}});
    daemon.emplace(box.StartDaemon());
    EXPECT_THAT(Send("MAKE-KIWIX-LIB"), HasSubstr("Scheduled"));
    EXPECT_TRUE(WaitForJobs(box.Socket(), 1, seconds(60)));
  }

  TestBox box{BoxWithANewVillage()};
  const std::string content = box.Path("/library/zims/content");
  std::optional<Daemon> daemon;

  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command)); }
  std::string Upgrade() const { return Send(R"(UPGRADE-ZIMS {"zim_permarefs": ["village_en_all_maxi"]})"); }
  std::vector<JobRow> WaitForEnd() const {
    const auto rows = OrThrow(WaitForJobs(box.Socket(), 3, seconds(120)));
    return {rows.end() - 2, rows.end()};
  }
};

TEST_F(UpgradeZims, ReplacesWhatTheListOffers) {
  EXPECT_THAT(Send("GET-UPGRADEABLE-ZIMS"), HasSubstr(R"("new_zim_version":"2026-02")"));
  EXPECT_THAT(Upgrade(), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd();
  for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
  EXPECT_THAT(NamesIn(content), ElementsAre(kNew));
  EXPECT_TRUE(IsSoundZim(content + "/" + kNew));
  EXPECT_THAT(Send("GET-ZIM-STAT"), HasSubstr(std::string("content/") + kNew));
  EXPECT_EQ(Send("GET-UPGRADEABLE-ZIMS"), "{}");
}

TEST_F(UpgradeZims, PlanSaysWhatItWouldDo) {
  const auto plan = [&](const std::string& arguments) {
    const json::object command{{"command", "UPGRADE-ZIMS " + arguments}};
    return OrThrow(Ask(box.Socket(), "PLAN " + PrintJson(command)));
  };
  const auto good = plan(R"({"zim_permarefs": ["village_en_all_maxi"]})");
  EXPECT_EQ(good.at("accepted"), true) << PrintJson(good);
  ASSERT_EQ(good.at("steps").as_array().size(), 2U);
  EXPECT_THAT(std::string(good.at("steps").at(0).at("step").as_string()), HasSubstr("upgrade-zims"));
  EXPECT_THAT(std::string(good.at("steps").at(1).at("step").as_string()), HasSubstr("make-kiwix-lib"));
  EXPECT_GT(good.at("fetch").to_number<std::int64_t>(), 1'900'000);
  for (const char* arguments : {R"({"zim_permarefs": []})", R"({"zim_permarefs": ["none_en_all"]})", "{}"})
    EXPECT_EQ(plan(arguments).at("accepted"), false) << arguments;
  EXPECT_EQ(OrThrow(ReadJobs(box.Socket())).size(), 1U) << "a plan changes nothing";
  EXPECT_THAT(NamesIn(content), ElementsAre(kOld));
}

TEST_F(UpgradeZims, FailedDownloadKeepsTheOld) {
  box.Internet().Set({.fault = Fault::Status, .path = "/zim/*", .status = 404});
  EXPECT_THAT(Upgrade(), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd();
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_EQ(jobs[1].status, "CANCELLED") << Describe(jobs);
  EXPECT_THAT(jobs[0].output, HasSubstr("404"));
  EXPECT_THAT(NamesIn(content), ElementsAre(kOld));
  EXPECT_THAT(Send("GET-UPGRADEABLE-ZIMS"), HasSubstr("village_en_all_maxi"));
}

TEST_F(UpgradeZims, IsRefusedWhileAnotherRuns) {
  box.Internet().Set({.fault = Fault::Stall, .path = kUrl, .at = 1'000'000});
  EXPECT_THAT(Upgrade(), HasSubstr("Scheduled"));
  EXPECT_THAT(Upgrade(), HasSubstr("duplicates an Active Command"));
  EXPECT_THAT(Send(R"(UPGRADE-ZIMS {"zim_permarefs": ["village_en_all_maxi", "lake_en_all_maxi"]})"),
              HasSubstr("ZIMs already being installed or upgraded. UPGRADE-ZIMS."));
  box.Internet().Clear();
  box.Internet().Release();
  const auto jobs = WaitForEnd();
  EXPECT_EQ(jobs[1].status, "SUCCEEDED") << Describe(jobs);
}

TEST_F(UpgradeZims, OptionsAreNoNames) {
  for (const char* names : {R"(["-a"])", R"(["--root=/"])", R"([])", R"(["../x"])", R"(["nothing"])"})
    EXPECT_EQ(Send(fmt::format(R"(UPGRADE-ZIMS {{"zim_permarefs": {}}})", names)),
              R"({"Error": "Malformed Command UPGRADE-ZIMS."})");
  EXPECT_THAT(NamesIn(content), ElementsAre(kOld));
}

/// Of two upgrades the first is in use as soon as it is proven, however long the second takes.
TEST(UpgradesOfTwo, AreServedOneByOne) {
  BoxOptions options = BoxWithANewVillage(100'000);
  options.mirrored.push_back(Named("farm_fr_all_maxi_2026-03", 2'000'000));
  options.installed.push_back(Named("farm_fr_all_maxi_2025-01", 1000));
  TestBox box(options);
  box.Internet();
  const Daemon daemon = box.StartDaemon();
  const auto send = [&](const std::string& command) { return OrThrow(AskText(box.Socket(), command)); };
  send("MAKE-KIWIX-LIB");
  ASSERT_TRUE(WaitForJobs(box.Socket(), 1, kEnd));
  box.Internet().Set({.fault = Fault::Stall, .path = std::string("/zim/other/") + kNewFarm, .at = 1'000'000});
  EXPECT_THAT(send(R"(UPGRADE-ZIMS {"zim_permarefs": ["village_en_all_maxi", "farm_fr_all_maxi"]})"),
              HasSubstr("Scheduled"));
  ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() > 0; }, kEnd));
  const std::string installed = send("GET-ZIM-STAT");
  EXPECT_THAT(installed, HasSubstr(std::string("content/") + kNew));
  EXPECT_THAT(installed, Not(HasSubstr(std::string("content/") + kOld)));
  EXPECT_THAT(installed, HasSubstr(std::string("content/") + kOldFarm));
  EXPECT_THAT(OrThrow(ReadText(box.Path("/library/www/html/common/assets/zim_version_idx.json"))),
              HasSubstr("village_en_all_maxi_2026-02"));
  box.Internet().Clear();
  box.Internet().Release();
  const auto jobs = OrThrow(WaitForJobs(box.Socket(), 3, kEnd));
  for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
  EXPECT_THAT(NamesIn(box.Path("/library/zims/content")), ElementsAre(kNewFarm, kNew));
}

/// The whole box on a small disk, of which the system keeps 8 MiB.
class UpgradeOnASmallDisk : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }
  UpgradeOnASmallDisk() {
    if (!MountSmall(box.Root(), 64 * 1024)) ThrowError({ErrorCode::Io, "cannot mount a small disk"});
    box.Internet();
    box.Configure({{"root_reserve_mb", 8}, {"download_retry_days", 0}, {"fetch_stall_s", 600}});
    daemon.emplace(box.StartDaemon());
    Send("MAKE-KIWIX-LIB");
    OrThrow(WaitForJobs(box.Socket(), 1, kEnd));
  }
  ~UpgradeOnASmallDisk() override {
    daemon.reset();
    box.EndInternet();
    Unmount(box.Root());
  }

  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command)); }
  json::value Plan() const {
    return OrThrow(ParseJson(Send("PLAN " + PrintJson(json::object{{"command", kUpgrade}}))));
  }
  JobRow Job(long long id) const {
    for (JobRow& job : OrThrow(ReadJobs(box.Socket()))) {
      if (job.id == id) return std::move(job);
    }
    return {};
  }
  std::string ReasonOf(long long id) const {
    const JobRow job = Job(id);
    const json::value* reason = job.all.if_contains("reason");
    return reason != nullptr && reason->is_object() ? std::string(reason->at("code").as_string()) : std::string();
  }
  bool Becomes(long long id, const std::string& status) const {
    return WaitUntil([&] { return Job(id).status == status; }, kEnd);
  }
  /// Somebody fills the disk, so that the system's own and a bit are left.
  void FillToTheFloor() const {
    const auto space = std::filesystem::space(box.Root());
    OrThrow(WriteText(box.Path("/library/downloads/zims/filler.zip"), std::string(space.available - 9 * kMiB, 'x')));
  }
  void ExpectOldIsServed() const {
    EXPECT_THAT(NamesIn(content), ElementsAre(kOld));
    EXPECT_THAT(Send("GET-ZIM-STAT"), HasSubstr(std::string("content/") + kOld));
  }

  static constexpr const char* kUpgrade = R"(UPGRADE-ZIMS {"zim_permarefs": ["village_en_all_maxi"]})";
  TestBox box{BoxWithANewVillage(6 * kMiB)};
  const std::string content = box.Path("/library/zims/content");
  std::optional<Daemon> daemon;
};

TEST_F(UpgradeOnASmallDisk, WaitsAboveTheFloorOfTheSystemAndServesTheOldMeanwhile) {
  EXPECT_EQ(Plan().at("accepted"), true);
  box.Internet().Set({.fault = Fault::Status, .path = "/zim/*", .status = 404});
  ASSERT_THAT(Send(kUpgrade), HasSubstr("Job  3 Scheduled"));
  ASSERT_TRUE(Becomes(3, "CANCELLED")) << Describe(OrThrow(ReadJobs(box.Socket())));
  FillToTheFloor();
  EXPECT_EQ(Send(kUpgrade), R"({"Error": "Not enough storage space for Zims UPGRADE-ZIMS."})");
  EXPECT_EQ(Plan().at("reason"), "Not enough storage space for Zims");

  box.Internet().Clear();
  box.Internet().Set({.fault = Fault::Stall, .path = kUrl, .at = 3 * kMiB});
  ASSERT_THAT(Send(R"(RETRY-JOB {"job_id": 2})"), HasSubstr("Job  5 Scheduled"));
  ASSERT_TRUE(WaitUntil([&] { return ReasonOf(4) == "space"; }, kEnd)) << Job(4).reason;
  EXPECT_THAT(Job(4).output, HasSubstr(" free; "));
  EXPECT_THAT(Job(4).output, HasSubstr("and 8.00M are kept for other jobs and the system"));
  ExpectOldIsServed();

  EXPECT_THAT(Send(R"(DEL-DOWNLOADS {"sub_dir": "zims", "file_list": ["filler.zip"]})"), HasSubstr("Success"));
  ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() > 0; }, kEnd)) << Job(4).output;
  ExpectOldIsServed();
  box.Internet().Clear();
  box.Internet().Release();
  EXPECT_TRUE(Becomes(5, "SUCCEEDED")) << Describe(OrThrow(ReadJobs(box.Socket())));
  EXPECT_THAT(NamesIn(content), ElementsAre(kNew));
  EXPECT_THAT(Send("GET-ZIM-STAT"), HasSubstr(std::string("content/") + kNew));
}

}  // namespace
}  // namespace cmdsrv::test
