// GET-UPGRADEABLE-ZIMS and UPGRADE-ZIMS through the socket.
#include <gmock/gmock.h>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kOld = "village_en_all_maxi_2025-06.zim";
constexpr const char* kNew = "village_en_all_maxi_2026-02.zim";
constexpr const char* kUrl = "/zim/other/village_en_all_maxi_2026-02.zim";

BoxOptions BoxWithANewVillage() {
  ZimSpec spec;
  spec.file_ref = "village_en_all_maxi_2026-02";
  spec.title = "Village knowledge";
  spec.payload_bytes = 2'000'000;
  return SmallBox({spec});
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

}  // namespace
}  // namespace cmdsrv::test
