#include "content/map_catalog.hpp"

#include <vector>

#include "base/names.hpp"
#include "content/catalog_values.hpp"

namespace cmdsrv {
namespace {

std::string Url(const json::object& entry, std::string_view key) {
  const std::string_view url = TextMember(entry, key);
  return IsFetchUrl(url) ? std::string(url) : std::string();
}

/// Numbers come as numbers or as texts; they go where they came from.
std::string NumberText(const json::object& entry, std::string_view key) {
  const json::value* value = entry.if_contains(key);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  return value->is_number() ? PrintJson(*value) : std::string();
}

}  // namespace

bool IsMapFile(std::string_view name) { return IsSafeName(name) && name.size() <= 200; }

void MapCatalog::Add(const json::value* part, bool is_base) {
  const json::object* entries = part != nullptr ? part->if_object() : nullptr;
  if (entries == nullptr) return;
  for (const auto& [key, value] : *entries) {
    const json::object* entry = value.if_object();
    if (entry == nullptr || !IsMapFile(key)) {
      ++left_out_;
      continue;
    }
    CatalogMap map;
    map.file = key;
    map.perma_ref = TextMember(*entry, "perma_ref");
    map.title = TextMember(*entry, "title");
    map.region = TextMember(*entry, "region");
    map.date = TextMember(*entry, "date");
    map.zoom = NumberText(*entry, "zoom");
    map.center_lat = NumberText(*entry, "center_lat");
    map.center_lon = NumberText(*entry, "center_lon");
    map.detail_url = Url(*entry, "detail_url");
    map.archive_url = Url(*entry, "archive_url");
    map.bytes = BytesMember(*entry, "size");
    map.is_base = is_base;
    maps_.insert_or_assign(std::string(key), std::move(map));
  }
}

Result<MapCatalog> MapCatalog::Parse(std::string_view text) {
  const auto document = ParseJson(text, {.depth = 16});
  if (!document) return Failure(document.error());
  const json::object* top = document->if_object();
  if (top == nullptr || (!top->contains("base") && !top->contains("maps")))
    return Fail(ErrorCode::Corrupt, "the catalog has neither \"base\" nor \"maps\"");
  MapCatalog catalog;
  catalog.Add(top->if_contains("maps"), false);
  catalog.Add(top->if_contains("base"), true);
  return catalog;
}

const CatalogMap* MapCatalog::Find(std::string_view file) const {
  const auto found = maps_.find(file);
  return found == maps_.end() ? nullptr : &found->second;
}

json::object MapIndex(const MapCatalog& catalog, const std::vector<std::string>& files) {
  json::object index;
  for (const std::string& file : files) {
    const CatalogMap* map = catalog.Find(file);
    if (map == nullptr) continue;
    const std::string key = map->perma_ref.empty() ? file.substr(0, file.rfind('.')) : map->perma_ref;
    json::object entry{{"file_name", file}};
    entry["menu_item"] = map->perma_ref.empty() ? json::value(nullptr) : json::value(map->perma_ref);
    entry["size"] = HumanSize(static_cast<double>(map->bytes));
    entry["date"] = map->date;
    entry["region"] = map->region;
    entry["language"] = "en";
    index[key] = std::move(entry);
  }
  return index;
}

json::object MapInit(const CatalogMap& map) {
  return {{"region", map.region}, {"zoom", map.zoom}, {"center_lon", map.center_lon}, {"center_lat", map.center_lat}};
}

}  // namespace cmdsrv
