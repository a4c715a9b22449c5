#include <gtest/gtest.h>

#include "commands/fake_box.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kCatalog = R"({"download_date": "2026-05-01.12:34:56", "zims": {
  "id-new": {"url": "http://h/a_en_all_maxi_2026-03.zim.meta4", "download_url": "http://h/a_en_all_maxi_2026-03.zim",
             "size": "210000", "file_ref": "a_en_all_maxi_2026-03", "perma_ref": "a_en_all_maxi", "source": "zims"},
  "id-zip": {"url": "http://h/b_en_2015-09.zim.meta4", "download_url": "http://h/b_en_2015-09.zip",
             "size": "10", "file_ref": "b_en_2015-09", "perma_ref": "b_en"}}})";

constexpr std::string_view kLibrary =
    R"(<library><book id="id-old" path="content/a_en_all_maxi_2025-09.zim" title="A" size="110000"/>)"
    R"(<book id="id-old-b" path="content/b_en_2014-01.zim" title="B" size="9"/></library>)";

constexpr std::string_view kIndex =
    R"({"a_en_all_maxi": {"file_name": "a_en_all_maxi_2025-09"}, "b_en": {"file_name": "b_en_2014-01"}})";

class ZimUpgradeCommands : public testing::Test {
 protected:
  ZimUpgradeCommands() {
    std::filesystem::create_directories(box_.settings.assets_dir);
    box_.Write(box_.settings.kiwix_catalog_file, kCatalog);
    box_.Write(Library(), kLibrary);
    box_.Write(Index(), kIndex);
  }
  std::string Library() const { return box_.settings.zim_dir + "library.xml"; }
  std::string Index() const { return box_.settings.assets_dir + "zim_version_idx.json"; }
  std::string Get() { return TextOf(box_.Ask("GET-UPGRADEABLE-ZIMS")); }
  Result<Outcome> Upgrade(std::string_view names) {
    return box_.Ask("UPGRADE-ZIMS", fmt::format(R"({{"zim_permarefs": {}}})", names));
  }
  bool IsMalformed(std::string_view names) {
    const auto outcome = Upgrade(names);
    return !outcome && outcome.error().code == ErrorCode::Malformed;
  }

  FakeBox box_;
};

TEST_F(ZimUpgradeCommands, ListTellsWhatTheConsoleReads) {
  EXPECT_EQ(Get(), R"({"a_en_all_maxi":{"installed_zim_title":"A","old_zim_id":"id-old","new_zim_id":"id-new",)"
                   R"("old_zim_version":"2025-09","new_zim_version":"2026-03","old_zim_size_k":"110000",)"
                   R"("new_zim_size_k":"210000","size_diff_human":"+97.7M"},)"
                   R"("b_en":{"installed_zim_title":"B","old_zim_id":"id-old-b","new_zim_id":"id-zip",)"
                   R"("old_zim_version":"2014-01","new_zim_version":"2015-09","old_zim_size_k":"9",)"
                   R"("new_zim_size_k":"10","size_diff_human":"+1.00K"}})");
}

TEST_F(ZimUpgradeCommands, ListIsEmptyWhereNothingWasIndexed) {
  for (const std::string& file : {Index(), Library(), box_.settings.kiwix_catalog_file}) {
    std::filesystem::remove(file);
    EXPECT_EQ(Get(), "{}");
  }
}

TEST_F(ZimUpgradeCommands, ListSaysWhenItCannotTell) {
  box_.Write(Index(), "{\"a\": ");
  EXPECT_EQ(Get(), "error: Unable to determine upgradeable Zims");
  box_.Write(Index(), "[]");
  EXPECT_EQ(Get(), "error: Unable to determine upgradeable Zims");
  box_.Write(Index(), kIndex);
  box_.Write(Library(), "<library><book");
  EXPECT_EQ(Get(), "error: Unable to determine upgradeable Zims");
  box_.Write(Library(), kLibrary);
  box_.Write(box_.settings.kiwix_catalog_file, "{");
  EXPECT_EQ(Get(), "error: Unable to determine upgradeable Zims");
}

TEST_F(ZimUpgradeCommands, UpgradeIsFollowedByTheIndex) {
  const auto outcome = Upgrade(R"(["a_en_all_maxi"])");
  ASSERT_TRUE(outcome) << outcome.error().message;
  const auto& plan = std::get<JobPlan>(*outcome);
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[0].display, "iiab-cmdsrv-step upgrade-zims --partly-is-success -z -- a_en_all_maxi");
  EXPECT_EQ(plan.steps[0].locks, (std::vector<std::string>{"zim:a_en_all_maxi_2025-09", "zim:a_en_all_maxi_2026-03"}));
  EXPECT_EQ(plan.steps[1].display, "iiab-cmdsrv-step make-kiwix-lib");
  EXPECT_EQ(plan.steps[1].after, 0U);
  EXPECT_FALSE(plan.service);
}

TEST_F(ZimUpgradeCommands, UpgradeReservesItsSpace) {
  const auto outcome = Upgrade(R"(["a_en_all_maxi"])");
  ASSERT_TRUE(outcome) << outcome.error().message;
  const auto& space = std::get<JobPlan>(*outcome).space;
  ASSERT_EQ(space.size(), 1U);
  EXPECT_EQ(space[0].claim.bytes, 210'000U * 1024);
  EXPECT_EQ(space[0].claim.margin, 210'000U * 1024 / 20);
  EXPECT_EQ(space[0].claim.stays, 100'000 * 1024) << "the old one goes";
  const std::string part = box_.settings.zim_working_dir + "a_en_all_maxi_2026-03.zim.part";
  EXPECT_EQ(std::ranges::count(space[0].claim.grows, part), 1);
}

TEST_F(ZimUpgradeCommands, UpgradeIsRefusedWhereTheSystemWouldHaveTooLittleLeft) {
  box_.settings.root_reserve_mb = 1'000'000'000;
  EXPECT_EQ(TextOf(Upgrade(R"(["a_en_all_maxi"])")), "error: Not enough storage space for Zims");
  // An upgrade that is under way will give back more than enough.
  box_.board.claims = {{.directory = box_.settings.zim_working_dir, .stays = -4'000'000'000'000'000}};
  EXPECT_TRUE(Upgrade(R"(["a_en_all_maxi"])"));
}

TEST_F(ZimUpgradeCommands, UpgradeOfAnArchiveHoldsTheLibrary) {
  const auto outcome = Upgrade(R"(["b_en", "a_en_all_maxi"])");
  ASSERT_TRUE(outcome) << outcome.error().message;
  const auto& locks = std::get<JobPlan>(*outcome).steps[0].locks;
  EXPECT_NE(std::ranges::find(locks, "kiwix-library"), locks.end());
}

TEST_F(ZimUpgradeCommands, OnlyWhatCanBeUpgradedIsTaken) {
  for (const std::string_view names :
       {"[]", R"([""])", R"(["-a"])", R"(["--help"])", R"(["a_en_all_maxi", "-d"])", R"(["../a_en_all_maxi"])",
        R"(["a_en_all_maxi", "a_en_all_maxi"])", R"(["a_en_all_maxi_2025-09"])", R"(["nothing"])", R"("a_en_all_maxi")",
        R"(["a_en_all_maxi b_en"])", "[1]", "null"})
    EXPECT_TRUE(IsMalformed(names)) << names;
  EXPECT_FALSE(box_.Ask("UPGRADE-ZIMS"));
}

TEST_F(ZimUpgradeCommands, WhatIsWrongWithAListIsNamed) {
  EXPECT_EQ(TextOf(Upgrade(R"(["nothing"])")), "error: there is no upgrade for the ZIM nothing");
  EXPECT_EQ(TextOf(Upgrade(R"(["b_en", "b_en"])")), "error: the ZIM b_en comes twice");
}

TEST_F(ZimUpgradeCommands, OneAtATime) {
  for (const char* other :
       {R"(UPGRADE-ZIMS {"zim_permarefs":["b_en"]})", R"(INST-ZIMS {"zim_id":"x"})", R"(INST-ZIM {"zim_id":"x"})"}) {
    box_.board.unfinished = {{CommandId{1}, other}};
    EXPECT_EQ(TextOf(Upgrade(R"(["a_en_all_maxi"])")), "error: ZIMs already being installed or upgraded.");
  }
  box_.board.unfinished = {{CommandId{1}, "MAKE-KIWIX-LIB"}};
  EXPECT_TRUE(Upgrade(R"(["a_en_all_maxi"])"));
}

TEST_F(ZimUpgradeCommands, NotWhileTheFileIsCopiedOrDeleted) {
  for (const char* other :
       {R"(COPY-ZIMS {"file_ref":"a_en_all_maxi_2025-09","source":"internal","dest":"/media/usb0"})",
        R"(COPY-ZIMS {"file_ref":"a_en_all_maxi_2026-03"})",
        R"(DEL-CONTENT {"device":"internal","content":{"zims":["x","a_en_all_maxi_2025-09"]}})",
        R"(DEL-MODULES {"device":"internal","mod_type":"zims","mod_list":["a_en_all_maxi_2025-09"]})"}) {
    box_.board.unfinished = {{CommandId{1}, other}};
    EXPECT_EQ(TextOf(Upgrade(R"(["a_en_all_maxi"])")), "error: a_en_all_maxi_2025-09 is being copied or deleted");
    EXPECT_TRUE(Upgrade(R"(["b_en"])")) << other;
  }
}

}  // namespace
}  // namespace cmdsrv
