// The catalogs of modules and maps, and the fetched one merged into the one of before. Before the first NUL: the
// fetched.
#include "base/names.hpp"
#include "content/map_catalog.hpp"
#include "content/module_catalog.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

void CheckModules(std::string_view text) {
  const auto catalog = ModuleCatalog::Parse(text);
  if (!catalog) return;
  for (const auto& [name, module] : catalog->All()) {
    FUZZ_CHECK(IsSafeName(name) && module.moddir == name);
    FUZZ_CHECK(module.rsync_url.empty() || IsModuleRsyncUrl(module.rsync_url, name));
    FUZZ_CHECK(module.rclone.empty() || IsRcloneSource(module.rclone));
    FUZZ_CHECK(module.logo_url.empty() || IsFetchUrl(module.logo_url));
    FUZZ_CHECK(!module.Remote().starts_with('-'));
  }
}

void CheckMaps(std::string_view text) {
  const auto catalog = MapCatalog::Parse(text);
  if (!catalog) return;
  const auto value = ParseJson(text);
  FUZZ_CHECK(value.has_value() && value->is_object());
  std::vector<std::string> files;
  for (const auto& part : value->get_object()) {
    if (!part.value().is_object()) continue;
    for (const auto& member : part.value().get_object()) files.emplace_back(member.key());
  }
  for (const std::string& file : files) {
    const CatalogMap* map = catalog->Find(file);
    if (map == nullptr) continue;
    FUZZ_CHECK(IsSafeName(map->file) && IsMapFile(file));
    FUZZ_CHECK(map->detail_url.empty() || IsFetchUrl(map->detail_url));
    FUZZ_CHECK(map->archive_url.empty() || IsFetchUrl(map->archive_url));
    FUZZ_CHECK(ParseJson(PrintJson(MapInit(*map))).has_value());
  }
  FUZZ_CHECK(ParseJson(PrintJson(MapIndex(*catalog, files))).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = AsText(data, size);
  const std::size_t nul = std::min(input.find('\0'), input.size());
  const std::string_view fetched = input.substr(0, nul);
  const std::string_view previous = input.substr(std::min(nul + 1, input.size()));
  CheckModules(fetched);
  CheckMaps(fetched);
  const auto merged = MergeModuleCatalogs(fetched, previous, ExcludedModuleIds(previous), "2026-05-01.12:34:56");
  if (!merged) return 0;
  const auto catalog = ModuleCatalog::Parse(merged->text);
  FUZZ_CHECK(catalog.has_value() && catalog->Size() <= merged->count);
  CheckModules(merged->text);
  return 0;
}
