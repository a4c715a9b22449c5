#include "content/map_catalog.hpp"

#include <gtest/gtest.h>

#include "content/shared_data.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kCatalog = R"({"base": {"planet.mbtiles": {"size": 300, "perma_ref": "", "region": ""}},
  "maps": {"lakes.mbtiles": {"size": "150", "perma_ref": "osm-lakes", "region": "lakes", "date": "2026-01-10", "zoom": 7,
    "center_lat": "-1.95", "center_lon": "30.06", "detail_url": "http://h/d", "archive_url": "--output=/etc/x"},
    "../x": {"size": 1}, "-o": {"size": 1}, "n": null}})";

TEST(MapCatalog, BothPartsAreOneTable) {
  const auto catalog = MapCatalog::Parse(kCatalog);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Size(), 2U);
  EXPECT_EQ(catalog->LeftOut(), 3U);
  EXPECT_TRUE(catalog->Find("planet.mbtiles")->is_base);
  const CatalogMap* map = catalog->Find("lakes.mbtiles");
  ASSERT_NE(map, nullptr);
  EXPECT_EQ(map->bytes, 150U);
  EXPECT_EQ(map->detail_url, "http://h/d");
  EXPECT_EQ(map->archive_url, "");
  EXPECT_EQ(PrintJson(MapInit(*map)), R"({"region":"lakes","zoom":"7","center_lon":"30.06","center_lat":"-1.95"})");
}

TEST(MapCatalog, IndexKeepsBothBaseMapsApart) {
  const auto catalog = MapCatalog::Parse(kCatalog);
  ASSERT_TRUE(catalog);
  const auto index = MapIndex(*catalog, {"lakes.mbtiles", "planet.mbtiles", "stranger.mbtiles"});
  ASSERT_EQ(index.size(), 2U);
  EXPECT_EQ(index.at("osm-lakes").at("file_name"), "lakes.mbtiles");
  EXPECT_EQ(index.at("osm-lakes").at("menu_item"), "osm-lakes");
  EXPECT_EQ(index.at("planet").at("language"), "en");
}

TEST(MapCatalog, SizesDoNotRunOver) {
  const auto catalog = MapCatalog::Parse(R"({"base": {}, "maps": {"a.mbtiles": {"size": 18446744073709551615}}})");
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Find("a.mbtiles")->bytes, 1ULL << 48U);
}

TEST(MapCatalog, TextsThatAreNone) {
  for (const char* text : {"", "[]", "{}", "{\"maps\": {"}) EXPECT_FALSE(MapCatalog::Parse(text)) << text;
}

TEST(MapCatalog, TheRealOne) {
  CMDSRV_NEEDS_SHARED_DATA();
  const auto catalog = MapCatalog::Parse(test::SharedText("catalogs/adm-map-catalog.json"));
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Size(), 14U);
  EXPECT_EQ(catalog->LeftOut(), 0U);
}

}  // namespace
}  // namespace cmdsrv
