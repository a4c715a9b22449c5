#include "content/zim_upgrades.hpp"

#include <gmock/gmock.h>

#include "content/shared_data.hpp"

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Names(const std::vector<ZimUpgrade>& upgrades) {
  std::vector<std::string> names;
  for (const auto& upgrade : upgrades) names.push_back(upgrade.perma_ref);
  return names;
}

json::object Index(std::initializer_list<std::pair<const char*, const char*>> zims) {
  json::object index;
  for (const auto& [perma_ref, stem] : zims) index[perma_ref] = {{"file_name", stem}};
  return index;
}

LibraryBook Book(const std::string& id, const std::string& stem, const std::string& size = "2000000") {
  const std::string path = "content/" + stem + ".zim";
  return {id, path, {{"path", path}, {"title", "Title of " + id}, {"size", size}}};
}

/// Each entry: id, perma_ref, version, size in K.
KiwixCatalog Catalog(const std::vector<std::array<std::string, 4>>& entries) {
  json::object zims;
  for (const auto& [id, perma_ref, version, size] : entries) {
    const std::string stem = perma_ref + "_" + version;
    zims[id] = {{"file_ref", stem},
                {"perma_ref", perma_ref},
                {"size", size},
                {"url", "https://h/zim/" + stem + ".zim.meta4"},
                {"download_url", "https://h/zim/" + stem + ".zim"},
                {"source", "zims"}};
  }
  return KiwixCatalog::Parse(PrintJson(json::object{{"zims", zims}})).value();
}

TEST(SuccessorOf, NormalisesAsTheOldProgram) {
  EXPECT_EQ(SuccessorOf("wikipedia_en_all_maxi"), "wikipedia_en_all_maxi");
  EXPECT_EQ(SuccessorOf("wikipedia_en_all_nopic"), "wikipedia_en_all_nopic");
  EXPECT_EQ(SuccessorOf("wikipedia_en_all_novid"), "wikipedia_en_all_maxi");
  EXPECT_EQ(SuccessorOf("wikipedia_en_all"), "wikipedia_en_all_maxi");
  EXPECT_EQ(SuccessorOf("wikipedia_en_medicine"), "wikipedia_en_medicine_maxi");
  EXPECT_EQ(SuccessorOf("wikipedia_en_all_mini"), "wikipedia_en_all_mini");
  EXPECT_EQ(SuccessorOf("phet_en"), "phet_en");
}

TEST(ZimVersion, StandsBehindTheLastLine) {
  EXPECT_EQ(ZimVersion("x_en_all_2026-01"), "2026-01");
  EXPECT_EQ(ZimVersion("test"), "test");
  EXPECT_TRUE(IsNewerVersion("2026-03", "2025-09"));
  EXPECT_FALSE(IsNewerVersion("2025-09", "2026-03"));
  EXPECT_FALSE(IsNewerVersion("2025-09", "2025-09"));
  EXPECT_TRUE(IsNewerVersion("2025-09", "all"));
  EXPECT_TRUE(IsNewerVersion("all", "2025-09"));
}

TEST(FindUpgrades, OffersTheNewestOfTheCatalog) {
  const auto catalog = Catalog({{"id-2", "a_en_all_maxi", "2026-02", "2100000"},
                                {"id-3", "a_en_all_maxi", "2026-03", "2100000"},
                                {"id-1", "a_en_all_maxi", "2026-01", "1"}});
  const auto upgrades =
      FindUpgrades(Index({{"a_en_all", "a_en_all_2025-09"}}), {Book("id-0", "a_en_all_2025-09")}, catalog);
  EXPECT_EQ(PrintJson(DescribeUpgrades(upgrades)),
            R"({"a_en_all":{"installed_zim_title":"Title of id-0","old_zim_id":"id-0","new_zim_id":"id-3",)"
            R"("old_zim_version":"2025-09","new_zim_version":"2026-03","old_zim_size_k":"2000000",)"
            R"("new_zim_size_k":"2100000","size_diff_human":"+97.7M"}})");
}

TEST(FindUpgrades, NeverOffersWhatIsOlderOrTheSame) {
  const auto catalog = Catalog({{"id-a", "a_en_all_maxi", "2025-01", "1"}, {"id-b", "b_en_all_maxi", "2026-01", "1"}});
  const auto index = Index({{"a_en_all_maxi", "a_en_all_maxi_2025-09"}, {"b_en_all_maxi", "b_en_all_maxi_2026-01"}});
  EXPECT_THAT(FindUpgrades(index, {Book("x", "a_en_all_maxi_2025-09"), Book("id-b", "b_en_all_maxi_2026-01")}, catalog),
              IsEmpty());
}

TEST(FindUpgrades, LeavesOutWhatTheLibraryOrTheCatalogLacks) {
  const auto catalog = Catalog({{"id-a", "a_en_all_maxi", "2026-01", "1"}, {"id-b", "b_en_all_maxi", "2026-01", "1"}});
  const auto index = Index({{"a_en_all_maxi", "a_en_all_maxi_2025-09"},
                            {"b_en_all_maxi", "b_en_all_maxi_2025-09"},
                            {"own", "own_2025-09"},
                            {"../evil", "own_2025-09"}});
  EXPECT_THAT(Names(FindUpgrades(index, {Book("b", "b_en_all_maxi_2025-09"), Book("o", "own_2025-09")}, catalog)),
              ElementsAre("b_en_all_maxi"));
  json::object odd = index;
  odd["c"] = 5;
  odd["d"] = json::object{{"file_name", 5}};
  EXPECT_THAT(Names(FindUpgrades(odd, {Book("b", "b_en_all_maxi_2025-09")}, catalog)), ElementsAre("b_en_all_maxi"));
}

TEST(FindUpgrades, SaysWhenANewOneIsSmaller) {
  const auto catalog = Catalog({{"n", "a_en_all_maxi", "2026-01", "1000"}});
  const auto upgrades = FindUpgrades(Index({{"a_en_all_maxi", "a_en_all_maxi_2025-09"}}),
                                     {Book("o", "a_en_all_maxi_2025-09", "1512")}, catalog);
  ASSERT_EQ(upgrades.size(), 1U);
  EXPECT_EQ(SizeChange(upgrades[0]), "-512K");
}

/// The real catalog of 2015, with everything in it installed in a version of the year before.
TEST(FindUpgrades, WorksWithTheCatalogOf2015) {
  CMDSRV_NEEDS_SHARED_DATA();
  const auto catalog = KiwixCatalog::Parse(test::SharedText("catalogs/kiwix_catalog.json"));
  ASSERT_TRUE(catalog);
  json::object index;
  std::vector<LibraryBook> books;
  std::size_t plain = 0;
  for (const CatalogZim& zim : catalog->All()) {
    const std::string stem = zim.perma_ref + "_2014-01";
    index[zim.perma_ref] = {{"file_name", stem}};
    books.push_back(Book("old-" + zim.id, stem));
    const bool newer = IsNewerVersion(ZimVersion(zim.file_ref), "2014-01");
    if (newer && SuccessorOf(zim.perma_ref) == zim.perma_ref) ++plain;
  }
  const auto upgrades = FindUpgrades(index, books, *catalog);
  EXPECT_GT(plain, 0U);
  EXPECT_GE(upgrades.size(), plain);
  for (const auto& upgrade : upgrades) EXPECT_EQ(upgrade.zim.source, ZimSource::Portable);
}

}  // namespace
}  // namespace cmdsrv
