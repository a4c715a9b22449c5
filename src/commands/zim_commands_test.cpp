#include <gtest/gtest.h>

#include "commands/fake_box.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kCatalog = R"({"download_date": "2026-05-01.12:34:56", "zims": {
  "id-new": {"title": "New", "url": "http://u:secret@h/new_en_2026-01.zim.meta4", "download_url": "http://u:secret@h/new_en_2026-01.zim",
             "size": "100", "file_ref": "new_en_2026-01", "perma_ref": "new_en", "source": "zims"},
  "id-plain": {"title": "Plain", "url": "http://h/plain.zim", "download_url": "http://h/plain.zim", "size": "1", "file_ref": "plain", "source": "zims"},
  "id-old": {"title": "Old", "url": "http://h/old.zip", "download_url": "http://h/old.zip", "size": "1", "file_ref": "old_en_all"},
  "id-2015": {"title": "2015", "url": "http://h/zim/y2015.zim.meta4", "download_url": "http://h/portable/kiwix-0.9+y2015.zip", "size": "2", "file_ref": "y2015"},
  "id-old-big": {"title": "Old", "url": "http://h/o.zip", "download_url": "http://h/o.zip", "size": "99999999999", "file_ref": "old_big"},
  "id-have": {"title": "Have", "url": "http://h/have.zim", "download_url": "http://h/have.zim", "size": "52", "file_ref": "have", "source": "zims"},
  "id-big": {"title": "Big", "url": "http://h/big.zim", "download_url": "http://h/big.zim", "size": "99999999999", "file_ref": "big", "source": "zims"},
  "id-over": {"title": "Over", "url": "http://h/o.zim", "download_url": "http://h/o.zim", "size": "18014398509481984", "file_ref": "over", "source": "zims"},
  "id-path": {"title": "Path", "url": "http://h/p.zim", "download_url": "http://h/p.zim", "size": "1", "file_ref": "../p", "source": "zims"},
  "id-option": {"title": "Option", "url": "--output=/etc/x", "download_url": "--output=/etc/x", "size": "1", "file_ref": "o", "source": "zims"}}})";
constexpr std::string_view kLibrary =
    R"(<library><book id="id-have" path="content/have.zim" title="Have" language="eng,fra" size="52" favicon="x"/></library>)";

class ZimCommands : public testing::Test {
 protected:
  ZimCommands() {
    box_.Write(box_.settings.kiwix_catalog_file, kCatalog);
    box_.Write(box_.settings.zim_dir + "library.xml", kLibrary);
  }
  Result<Outcome> Install(std::string_view id) {
    return box_.Ask("INST-ZIMS", fmt::format(R"({{"zim_id": "{}"}})", id));
  }
  JobPlan PlanOf(std::string_view id) {
    auto outcome = Install(id);
    EXPECT_TRUE(outcome && std::holds_alternative<JobPlan>(*outcome)) << TextOf(outcome);
    return outcome && std::holds_alternative<JobPlan>(*outcome) ? std::get<JobPlan>(*outcome) : JobPlan{};
  }
  FakeBox box_;
};

TEST_F(ZimCommands, InstallFetchesThenInstalls) {
  const JobPlan plan = PlanOf("id-new");
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[0].display,
            "iiab-cmdsrv-step zim-fetch --file-ref new_en_2026-01 --size-k 100 --url http://***@h/new_en_2026-01.zim "
            "--metalink http://***@h/new_en_2026-01.zim.meta4");
  EXPECT_EQ(plan.steps[0].argv.back(), "http://u:secret@h/new_en_2026-01.zim.meta4");
  EXPECT_EQ(plan.steps[1].display, "iiab-cmdsrv-step zim-install new_en_2026-01.zim");
  EXPECT_EQ(plan.steps[1].after, 0U);
  EXPECT_EQ(plan.service, std::pair(std::string("kiwix"), std::string("active")));
}

TEST_F(ZimCommands, InstallWithoutMetalink) {
  EXPECT_EQ(PlanOf("id-plain").steps[0].display,
            "iiab-cmdsrv-step zim-fetch --file-ref plain --size-k 1 --url http://h/plain.zim");
}

TEST_F(ZimCommands, InstallOfTheOldKindFetchesUnpacksAndInstalls) {
  const JobPlan plan = PlanOf("id-old");
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_EQ(plan.steps[0].display,
            "iiab-cmdsrv-step zip-fetch --file-ref old_en_all --size-k 1 --url http://h/old.zip");
  EXPECT_EQ(plan.steps[1].display, "iiab-cmdsrv-step zip-unpack --size-k 1 old_en_all");
  EXPECT_EQ(plan.steps[2].display, "iiab-cmdsrv-step zip-install old_en_all");
  EXPECT_FALSE(plan.steps[0].after);
  EXPECT_EQ(plan.steps[1].after, 0U);
  EXPECT_EQ(plan.steps[2].after, 1U);
  EXPECT_EQ(plan.steps[2].locks, (std::vector<std::string>{"zim:old_en_all", "kiwix-library", "menus"}));
  EXPECT_TRUE(std::filesystem::is_directory(box_.settings.zim_working_dir + "old_en_all"));
}

/// In the catalog of 2015 `url` is the metalink of the ZIM, which is another file than the archive.
TEST_F(ZimCommands, InstallOfTheOldKindPassesNoMetalink) {
  const JobPlan plan = PlanOf("id-2015");
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_EQ(plan.steps[0].display,
            "iiab-cmdsrv-step zip-fetch --file-ref y2015 --size-k 2 --url http://h/portable/kiwix-0.9+y2015.zip");
}

TEST_F(ZimCommands, InstallOfTheOldKindThatIsRefusedLeavesNothing) {
  EXPECT_EQ(TextOf(Install("id-old-big")), "error: Not enough storage space for Zim");
  EXPECT_FALSE(std::filesystem::exists(box_.settings.zim_working_dir + "old_big"));
  std::filesystem::create_directories(box_.settings.zim_working_dir);
  box_.Write(box_.settings.zim_working_dir + "old_en_all", "a file is in the way");
  EXPECT_EQ(TextOf(Install("id-old")), "error: Error creating directory in Command");
}

TEST_F(ZimCommands, PlanMakesNoDirectories) {
  const auto planned = box_.Ask("PLAN", R"({"command": "INST-ZIMS {\"zim_id\": \"id-old\"}"})");
  EXPECT_NE(TextOf(planned).find("\"accepted\":true"), std::string::npos) << TextOf(planned);
  for (const std::string& directory : {box_.settings.zim_working_dir, box_.settings.zim_downloads_dir})
    EXPECT_FALSE(std::filesystem::exists(directory)) << directory;
}

TEST_F(ZimCommands, InstallRefusesWhatCannotWork) {
  EXPECT_EQ(TextOf(Install("nothing")), "error: Zim ID not found in Command");
  EXPECT_EQ(TextOf(Install("id-have")), "error: Zim is already installed or being installed");
  EXPECT_EQ(TextOf(Install("id-big")), "error: Not enough storage space for Zim");
  EXPECT_EQ(TextOf(Install("id-over")), "error: Not enough storage space for Zim") << "2^64 bytes are not 0";
  box_.board.unfinished = {{CommandId{1}, R"(INST-ZIMS {"zim_id":"id-new","x":1})"}};
  EXPECT_EQ(TextOf(Install("id-new")), "error: Zim is already installed or being installed");
}

TEST_F(ZimCommands, CatalogEntriesThatCouldHurtAreNoEntries) {
  EXPECT_EQ(TextOf(Install("id-path")), "error: Zim ID not found in Command");
  EXPECT_EQ(TextOf(Install("id-option")), "error: Zim ID not found in Command");
}

TEST_F(ZimCommands, InstallWithoutACatalogSaysHowToGetOne) {
  std::filesystem::remove(box_.settings.kiwix_catalog_file);
  const auto outcome = Install("id-new");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable);
}

TEST_F(ZimCommands, ServiceRequiredIsChecked) {
  const auto good = box_.Ask("INST-ZIMS", R"({"zim_id": "id-new", "service_required": ["kolibri", "enabled"]})");
  ASSERT_TRUE(good && std::holds_alternative<JobPlan>(*good));
  EXPECT_EQ(std::get<JobPlan>(*good).service->first, "kolibri");
  EXPECT_FALSE(box_.Ask("INST-ZIMS", R"({"zim_id": "id-new", "service_required": ["no-role", "active"]})"));
}

TEST_F(ZimCommands, StatTellsWhatIsInstalledAndUnderWay) {
  box_.board.unfinished = {{CommandId{1}, R"(INST-ZIMS {"zim_id":"id-new"})"}};
  const auto reply = ParseJson(TextOf(box_.Ask("GET-ZIM-STAT")));
  ASSERT_TRUE(reply);
  EXPECT_EQ(PrintJson(reply->at("INSTALLED")),
            R"({"id-have":{"path":"content/have.zim","title":"Have","language":"mul","size":"52"}})");
  EXPECT_EQ(reply->at("WIP").at("id-new").at("action"), "DOWNLOAD");
}

TEST_F(ZimCommands, StatOfABrokenLibraryIsEmpty) {
  box_.Write(box_.settings.zim_dir + "library.xml", "<library><book");
  EXPECT_EQ(TextOf(box_.Ask("GET-ZIM-STAT")), R"({"WIP":{},"INSTALLED":{}})");
}

TEST_F(ZimCommands, ReindexIsOneStepUnderTheLibraryLock) {
  const auto outcome = box_.Ask("MAKE-KIWIX-LIB");
  ASSERT_TRUE(outcome);
  const auto& plan = std::get<JobPlan>(*outcome);
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].locks, std::vector<std::string>{"kiwix-library"});
}

}  // namespace
}  // namespace cmdsrv
