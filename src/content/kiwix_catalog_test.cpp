#include "content/kiwix_catalog.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/names.hpp"
#include "content/shared_data.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kNew = R"({"download_date": "2026-05-01.12:34:56", "zims": {
  "00000000-0000-0000-0000-000000000001": {"title": "Demo", "url": "https://h/zim/other/demo_en_all_2026-01.zim.meta4",
    "download_url": "https://h/zim/other/demo_en_all_2026-01.zim", "file_ref": "demo_en_all_2026-01",
    "perma_ref": "demo_en_all", "size": "34373", "source": "zims"},
  "iiab-1": {"url": "http://h/a.zim", "file_ref": "a", "size": 7, "source": "IIAB"},
  "zip": {"url": "http://h/z_2015-09.zim.meta4", "download_url": "http://h/z_2015-09.zip", "file_ref": "z_2015-09"},
  "no-size": {"download_url": "https://h/n.zim", "file_ref": "n", "size": "-3"}}})";

TEST(KiwixCatalog, ReadsTheNewFormat) {
  const auto catalog = KiwixCatalog::Parse(kNew);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Size(), 4U);
  EXPECT_EQ(catalog->LeftOut(), 0U);
  EXPECT_EQ(catalog->DownloadDate(), "2026-05-01.12:34:56");
  const CatalogZim* zim = catalog->Find("00000000-0000-0000-0000-000000000001");
  ASSERT_NE(zim, nullptr);
  EXPECT_EQ(zim->title, "Demo");
  EXPECT_EQ(zim->url, "https://h/zim/other/demo_en_all_2026-01.zim.meta4");
  EXPECT_EQ(zim->DownloadUrl(), "https://h/zim/other/demo_en_all_2026-01.zim");
  EXPECT_EQ(zim->size_k, 34373U);
  EXPECT_EQ(zim->source, ZimSource::Zims);
  EXPECT_EQ(catalog->Find("another"), nullptr);
}

TEST(KiwixCatalog, FillsWhatIsMissing) {
  const auto catalog = KiwixCatalog::Parse(kNew);
  ASSERT_TRUE(catalog);
  const CatalogZim* iiab = catalog->Find("iiab-1");
  ASSERT_NE(iiab, nullptr);
  EXPECT_EQ(iiab->source, ZimSource::Iiab);
  EXPECT_EQ(iiab->DownloadUrl(), "http://h/a.zim");
  EXPECT_EQ(iiab->perma_ref, "a");
  EXPECT_EQ(iiab->size_k, 7U);
  const CatalogZim* zip = catalog->Find("zip");
  ASSERT_NE(zip, nullptr);
  EXPECT_EQ(zip->source, ZimSource::Portable);
  EXPECT_EQ(zip->perma_ref, "z");
  EXPECT_EQ(catalog->Find("no-size")->size_k, 0U);
  EXPECT_EQ(catalog->Find("no-size")->url, "https://h/n.zim");
}

TEST(KiwixCatalog, LeavesOutWhatCouldHarm) {
  const char* const hostile[] = {
      R"({"file_ref": "../etc/passwd", "download_url": "https://h/x.zim"})",
      R"({"file_ref": "-rf", "download_url": "https://h/x.zim"})",
      R"({"file_ref": "x", "download_url": "file:///etc/shadow"})",
      R"({"file_ref": "x", "download_url": "--post-file=/etc/shadow"})",
      R"({"file_ref": "x y", "download_url": "https://h/x.zim"})",
      R"({"file_ref": "x"})",
      R"({"download_url": "https://h/x.zim"})",
      "7",
  };
  for (const char* entry : hostile) {
    const auto catalog = KiwixCatalog::Parse(fmt::format(R"({{"zims": {{"id": {}}}}})", entry));
    ASSERT_TRUE(catalog);
    EXPECT_EQ(catalog->Size(), 0U) << entry;
    EXPECT_EQ(catalog->LeftOut(), 1U) << entry;
  }
}

TEST(KiwixCatalog, WhatIsNoCatalogIsCorrupt) {
  for (const char* text : {"", "{", "[]", "{}", R"({"zims": []})", R"({"zims": {}} x)"}) {
    const auto catalog = KiwixCatalog::Parse(text);
    ASSERT_FALSE(catalog) << text;
    EXPECT_EQ(catalog.error().code, ErrorCode::Corrupt);
  }
  std::string deep(1000, '[');
  EXPECT_FALSE(KiwixCatalog::Parse(R"({"zims": )" + deep));
}

class CatalogFile : public ::testing::Test {
 protected:
  ~CatalogFile() override { ::unlink(path_.c_str()); }
  void Write(std::string_view text) { ASSERT_TRUE(WriteFileAtomically(path_, text)); }
  const std::string path_ = fmt::format("{}/catalog-test-{}.json", ::testing::TempDir(), ::getpid());
};

TEST_F(CatalogFile, IsReadAgainOnlyWhenItChanged) {
  KiwixCatalogCache cache(path_);
  Write(kNew);
  const auto first = cache.Get();
  ASSERT_TRUE(first);
  EXPECT_EQ(cache.Get()->get(), first->get());
  Write(R"({"zims": {}})");
  const auto second = cache.Get();
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->Size(), 0U);
  EXPECT_EQ((*first)->Size(), 4U) << "a snapshot in use stays as it was";
}

TEST_F(CatalogFile, SaysHowToMendIt) {
  KiwixCatalogCache cache(path_);
  for (const char* text : {"", "{"}) {
    if (*text != '\0') Write(text);
    const auto catalog = cache.Get();
    ASSERT_FALSE(catalog);
    EXPECT_EQ(catalog.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(catalog.error().message, HasSubstr("Refresh Kiwix Catalog"));
  }
  Write(kNew);
  EXPECT_TRUE(cache.Get());
}

TEST(KiwixCatalog, ReadsTheCatalogOfFirstUse) {
  CMDSRV_NEEDS_SHARED_DATA();
  const auto catalog = KiwixCatalog::Parse(test::SharedText("catalogs/kiwix_catalog.json"));
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Size(), 1467U);
  EXPECT_EQ(catalog->LeftOut(), 0U);
  const CatalogZim* zim = catalog->Find("8195cbca-f6c3-c454-3b59-70735c0781de");
  ASSERT_NE(zim, nullptr);
  EXPECT_EQ(zim->source, ZimSource::Portable);
  EXPECT_EQ(zim->perma_ref, "wikivoyage_uk_all");
}

}  // namespace
}  // namespace cmdsrv
