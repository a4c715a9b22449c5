#include "support/box/box.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"

namespace cmdsrv::test::box {
namespace {

constexpr const char* kNowhere = "http://127.0.0.1:9";

/// The fields of an old module entry, with the nulls that real ones have.
json::object Module(std::string_view moddir, std::string_view id, std::string_view title, std::string_view lang,
                    std::string_view type, int kilobytes) {
  return {
      {"moddir", moddir},
      {"module_id", id},
      {"title", title},
      {"description", fmt::format("{}: a module of the box", title)},
      {"lang", lang},
      {"type", type},
      {"ksize", fmt::format("{}", kilobytes)},
      {"file_count", "12"},
      {"age_range", nullptr},
      {"category", "Science"},
      {"rating", nullptr},
      {"version", "2026-01"},
      {"logo_url", nullptr},
      {"rsync_url", fmt::format("rsync://127.0.0.1/modules/{}", moddir)},
      {"index_mod_sample_url", fmt::format("{}/modules/{}/", kNowhere, moddir)},
      {"source_url", nullptr},
      {"is_hidden", "0"},
      {"prereq_id", nullptr},
      {"prereq_note", nullptr},
      {"zip_ftp_url", nullptr},
      {"zip_http_url", nullptr},
  };
}

json::object Modules() {
  json::object modules;
  modules["en-wells"] = Module("en-wells", "301", "Wells and pumps", "en", "html", 900);
  modules["fr-semences"] = Module("fr-semences", "302", "Semences", "fr", "html", 400);
  modules["en-old-zim"] = Module("en-old-zim", "303", "An old ZIM", "en", "zim", 100);
  return {{"download_date", "2026-05-01.12:34:56"}, {"modules", modules}};
}

json::array IiabModules() {
  json::object module = Module("en-radio", "IIAB301", "Build a radio", "en", "html", 250);
  module["rclone"] = "contabo:iiab-modules/en-radio";
  module["has_live_menudef"] = false;
  module["has_wip_menudef"] = false;
  module["has_redundant_menudef"] = false;
  module["module_downloaded"] = false;
  return {module};
}

json::object Map(std::string_view file, std::string_view region, std::string_view title, int number, int bytes) {
  return {
      {"filename", file},
      {"title", title},
      {"region", region},
      {"perma_ref", region.empty() ? std::string() : fmt::format("osm-{}", region)},
      {"seq", number},
      {"size", bytes},
      {"mbtile_size", bytes},
      {"date", "2026-01-10"},
      {"version", "v3"},
      {"zoom", "7"},
      {"center_lat", "-1.95"},
      {"center_lon", "30.06"},
      {"north", "5"},
      {"south", "-12"},
      {"east", "42"},
      {"west", "28"},
      {"publish", "True"},
      {"detail_url", fmt::format("{}/maps/iiab/{}", kNowhere, file)},
      {"archive_url", fmt::format("{}/maps/archive/{}/{}", kNowhere, file, file)},
      {"bittorrent_url", ""},
  };
}

json::object Maps() {
  json::object base;
  base["osm-planet_z0-z10_2020.mbtiles"] = Map("osm-planet_z0-z10_2020.mbtiles", "", "Planet", 1, 300'000);
  base["satellite_z0-z9_2020.mbtiles"] = Map("satellite_z0-z9_2020.mbtiles", "", "Satellite", 2, 200'000);
  json::object maps;
  maps["osm-lakes_z11-z14_2026.mbtiles"] = Map("osm-lakes_z11-z14_2026.mbtiles", "lakes", "Great Lakes", 10, 150'000);
  return {{"base", base}, {"maps", maps}};
}

}  // namespace

Result<void> WriteCatalogs(const std::string& root, unsigned entries) {
  auto zims = MirrorZims(root, "other");
  PadWithSyntheticZims(zims, entries);
  json::object catalog = KiwixCatalog(zims, kNowhere);
  AddPortableZims(catalog, MirrorZims(root, "portable"), kNowhere);
  const std::string assets = root + "/library/www/html/common/assets/";
  struct File {
    std::string path;
    json::value document;
  };
  const File files[] = {
      {root + kCatalogFile, catalog},
      {root + "/etc/iiab/oer2go_catalog.json", Modules()},
      {root + "/internet/iiab-module-cat.json", IiabModules()},
      {assets + "adm-map-catalog.json", Maps()},
      {assets + "vector-map-idx.json", json::object{}},
  };
  for (const File& file : files) {
    if (auto written = WriteTextIfMissing(file.path, PrintJsonIndented(file.document)); !written) return written;
  }
  return {};
}

}  // namespace cmdsrv::test::box
