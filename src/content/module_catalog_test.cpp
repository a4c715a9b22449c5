#include "content/module_catalog.hpp"

#include <gtest/gtest.h>

#include "content/menu_defs.hpp"
#include "content/module_def.hpp"
#include "content/shared_data.hpp"

namespace cmdsrv {
namespace {

ModuleCatalog Catalog(std::string_view modules) {
  auto catalog = ModuleCatalog::Parse(fmt::format(R"({{"download_date": "d", "modules": {}}})", modules));
  EXPECT_TRUE(catalog) << catalog.error().message;
  return *std::move(catalog);
}

TEST(ModuleCatalog, ReadsWhatTheServerNeeds) {
  const auto catalog = Catalog(R"({"en-a": {"moddir": "en-a", "title": null, "description": null, "lang": "en",
    "ksize": "250", "file_count": "12", "age_range": null, "rsync_url": "rsync://h.example/modules/en-a",
    "rclone": "", "logo_url": "http://h/x.png"}})");
  const CatalogModule* module = catalog.Find("en-a");
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->title, "en-a");
  EXPECT_EQ(module->description, "");
  EXPECT_EQ(module->size_k, 250U);
  EXPECT_EQ(module->rsync_url, "rsync://h.example/modules/en-a");
  EXPECT_EQ(module->rclone, "");
  EXPECT_EQ(module->age_range, "");
}

TEST(ModuleCatalog, HostileEntriesAreLeftOut) {
  const auto catalog = Catalog(R"({"..": {"moddir": ".."}, "a/b": {"moddir": "a/b"}, "-x": {"moddir": "-x"},
    "": {"moddir": ""}, "other": {"moddir": "en-a"}, "n": null, "l": [], "good": {"moddir": "good"}})");
  EXPECT_EQ(catalog.Size(), 1U);
  EXPECT_EQ(catalog.LeftOut(), 7U);
  EXPECT_NE(catalog.Find("good"), nullptr);
}

TEST(ModuleCatalog, SizesDoNotRunOver) {
  const auto catalog = ModuleCatalog::Parse(R"({"modules": {"a": {"moddir": "a", "ksize": "9223372036854775807"}}})");
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Find("a")->size_k * 1024, 1ULL << 48U);
}

TEST(ModuleCatalog, TextsThatAreNone) {
  for (const char* text : {"", "[]", "{}", R"({"modules": []})", "{\"modules\": {", "\xff"})
    EXPECT_FALSE(ModuleCatalog::Parse(text)) << text;
}

TEST(ModuleCatalog, RsyncAddressesEndInTheModule) {
  EXPECT_TRUE(IsModuleRsyncUrl("rsync://127.0.0.1:873/modules/en-a", "en-a"));
  for (const char* url :
       {"rsync://h/modules/en-b", "rsync://h/en-a", "rsync:///m/en-a", "http://h/m/en-a", "rsync://h/m/../en-a",
        "rsync://h/m/en-a/", "rsync://-oProxy/m/en-a", "rsync://h/m /en-a", "--rsh=x", "rsync://h/m/$(x)/en-a"})
    EXPECT_FALSE(IsModuleRsyncUrl(url, "en-a")) << url;
}

TEST(ModuleCatalog, RcloneSources) {
  EXPECT_TRUE(IsRcloneSource("contabo:iiab-modules/en-a b"));
  for (const char* text :
       {"", ":local:/etc", "contabo:", "contabo:-x", "-x:y", "a b:c", "x:../../etc", "x:a\nb", "/etc/x"})
    EXPECT_FALSE(IsRcloneSource(text)) << text;
}

constexpr std::string_view kOld = R"({"modules": {
  "en-iiab": {"moddir": "en-iiab", "title": "old", "type": "html", "module_id": "IIAB1", "has_live_menudef": true},
  "en-gone": {"moddir": "en-gone", "type": "html", "module_id": "IIAB2", "has_live_menudef": true},
  "en-kept": {"moddir": "en-kept", "type": "html", "module_id": "301"},
  "en-zim": {"moddir": "en-zim", "type": "zim", "module_id": "302"},
  "en-excluded": {"moddir": "en-excluded", "type": "html", "module_id": "26"}}})";

TEST(ModuleCatalog, FetchedEntriesWinOverOldOnes) {
  const auto merged = MergeModuleCatalogs(R"([{"moddir": "en-iiab", "title": "new"}, {"moddir": "../x"}, 5])", kOld,
                                          ExcludedModuleIds(""), "2026-05-01.12:34:56");
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->left_out, 2U);
  EXPECT_EQ(merged->iiab, 1U);
  EXPECT_EQ(merged->iiab_before, 2U);
  const auto catalog = ModuleCatalog::Parse(merged->text);
  ASSERT_TRUE(catalog);
  EXPECT_EQ(catalog->Size(), 3U);
  EXPECT_EQ(catalog->Find("en-iiab")->title, "new");
  EXPECT_NE(catalog->Find("en-kept"), nullptr);
  EXPECT_EQ(catalog->Find("en-excluded"), nullptr);
  EXPECT_EQ(catalog->Find("en-zim"), nullptr);
}

TEST(ModuleCatalog, WhatIsNoListIsNotMerged) {
  for (const char* text : {"", "{}", "[", "[]", R"([{"moddir": ".."}])", "<html></html>"})
    EXPECT_FALSE(MergeModuleCatalogs(text, kOld, {}, "")) << text;
  const auto merged = MergeModuleCatalogs(R"([{"moddir": "a"}])", "{broken", {}, "d");
  ASSERT_TRUE(merged) << "a broken old file is no reason to stay without modules";
  EXPECT_EQ(merged->count, 1U);
}

TEST(ModuleCatalog, ExcludedIdsAreData) {
  EXPECT_EQ(ExcludedModuleIds("").size(), 48U);
  EXPECT_EQ(ExcludedModuleIds(R"(["1", 2])").size(), 2U);
  EXPECT_TRUE(ExcludedModuleIds("{broken").contains("190"));
}

TEST(ModuleCatalog, DefinitionOfAModule) {
  const auto catalog = Catalog(R"({"en-a": {"moddir": "en-a", "title": "A <b>\"x\"</b>", "lang": "en", "ksize": "250",
    "file_count": null}})");
  const auto def = GenerateModuleDef(*catalog.Find("en-a"), "", "2026-05-01");
  EXPECT_EQ(def.at("logo_url"), "content.jpg");
  EXPECT_EQ(def.at("footnote"), "Size: 250K, Files: , Age: undefined");
  EXPECT_EQ(def.at("title"), "A <b>\"x\"</b>");
  EXPECT_TRUE(ParseMenuDef(PrintMenuDef(def)));
}

TEST(ModuleCatalog, TheRealOne) {
  CMDSRV_NEEDS_SHARED_DATA();
  const std::string text = test::SharedText("catalogs/oer2go_catalog.json");
  const auto catalog = ModuleCatalog::Parse(text);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Size(), 156U);
  for (const auto& [moddir, module] : catalog->All()) EXPECT_FALSE(module.rsync_url.empty()) << moddir;
  const auto merged =
      MergeModuleCatalogs(R"([{"moddir": "en-cdc", "type": "html"}])", text, ExcludedModuleIds(""), "d");
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->iiab_before, 5U);
  EXPECT_GT(merged->count, 80U);
}

}  // namespace
}  // namespace cmdsrv
