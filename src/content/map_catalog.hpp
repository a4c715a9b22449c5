#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "content/catalog_cache.hpp"

/// adm-map-catalog.json of spec config 7.3: tile sets of maps.
namespace cmdsrv {

/// What the server needs of an entry; checked: the file name is SAFE-NAME, addresses are http, https or ftp, or empty.
struct CatalogMap {
  std::string file;       ///< "osm-lakes_z11-z14_2026.mbtiles", the key
  std::string perma_ref;  ///< empty for base maps
  std::string title;
  std::string region;
  std::string date;
  std::string zoom, center_lat, center_lon;
  std::string detail_url;
  std::string archive_url;
  std::uint64_t bytes = 0;  ///< 0: unknown
  bool is_base = false;
};

class MapCatalog {
 public:
  /// Corrupt when the text is no catalog. Pure.
  static Result<MapCatalog> Parse(std::string_view text);

  const CatalogMap* Find(std::string_view file) const;
  std::size_t Size() const { return maps_.size(); }
  std::size_t LeftOut() const { return left_out_; }

 private:
  void Add(const json::value* part, bool is_base);
  std::map<std::string, CatalogMap, std::less<>> maps_;
  std::size_t left_out_ = 0;
};

class MapCatalogCache : public CatalogCache<MapCatalog> {
 public:
  explicit MapCatalogCache(std::string path)
      : CatalogCache(std::move(path), "map catalog", "it comes with the Admin Console; install that again") {}
};

/// A name that map files can have; SAFE-NAME.
bool IsMapFile(std::string_view name);

/// vector-map-idx.json (spec config 7.6) of the tile files that are there. Files that the catalog does not know are no
/// maps. An entry without perma_ref has its file name without extension as key.
json::object MapIndex(const MapCatalog& catalog, const std::vector<std::string>& files);

/// init.json of the viewer for a map: where it opens.
json::object MapInit(const CatalogMap& map);

}  // namespace cmdsrv
