// map-install: a downloaded map moves into use. map-finish: the viewer learns of it.
#include "content/map_catalog.hpp"
#include "platform/files.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

/// The coarse maps that come with the box, and the fine ones that take their place.
struct Preview {
  std::string preview, production;
};

Result<std::string> ReadName(const Options& options) {
  const std::string& name = options.Operands().front();
  if (!IsMapFile(name)) return Fail(ErrorCode::Malformed, "the operand must be the plain name of a map");
  return name;
}

Result<MapCatalog> ReadCatalog(const Settings& settings) {
  const auto text = ReadFile(settings.map_catalog_file);
  return text ? MapCatalog::Parse(*text) : Failure(text.error());
}

Result<void> CheckSize(const std::string& path, std::uint64_t bytes) {
  const auto facts = Look(path);
  if (bytes == 0 || (facts && facts->bytes == bytes)) return {};
  return Fail(ErrorCode::Corrupt, "{} has {} bytes and should have {}", path, facts ? facts->bytes : 0, bytes);
}

Result<void> Move(const Settings& settings, const std::string& name, std::uint64_t bytes) {
  const std::string from = settings.maps_working_dir + name;
  const std::string to = settings.map_tiles_dir + name;
  if (!Look(from) && Look(to)) {
    Say("{} is in use already", name);
    return CheckSize(to, bytes);
  }
  if (!Look(from)) return Fail(ErrorCode::NotFound, "there is no {}", from);
  if (auto right = CheckSize(from, bytes); !right) return right;
  Say("moving {} into use", name);
  return MoveFileDurably(from, to);
}

/// Once the fine map is there nobody wants to see the coarse one.
Result<void> RemovePreviews(const Settings& settings) {
  const Preview previews[] = {{"planet_z0-z6_2020.mbtiles", settings.maps_tiles_base},
                              {"satellite_z0-z6_2020.mbtiles", settings.maps_sat_base}};
  for (const Preview& one : previews) {
    if (one.preview == one.production || !Look(settings.map_tiles_dir + one.production)) continue;
    const auto removed = RemoveFile(settings.map_tiles_dir + one.preview);
    if (!removed) return Failure(removed.error());
    if (*removed) Say("removed the preview {}", one.preview);
  }
  return {};
}

}  // namespace

StepEnd MapInstall(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"--size", true}}, 1);
  if (!options) return Failure(options.error());
  const auto name = ReadName(*options);
  if (!name) return Failure(name.error());
  const auto bytes = options->Number("--size", 0, 0);
  if (!bytes) return Failure(bytes.error());
  const Settings& settings = context.settings;
  if (!Look(settings.map_tiles_dir))
    return Fail(ErrorCode::NotFound, "there is no {}: maps are not installed on this box", settings.map_tiles_dir);
  auto moved =
      Move(settings, *name, static_cast<std::uint64_t>(*bytes)).and_then([&] { return RemovePreviews(settings); });
  if (!moved) return Failure(moved.error());
  return fmt::format("{} is in use", *name);
}

StepEnd MapFinish(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const auto name = ReadName(*options);
  if (!name) return Failure(name.error());
  const Settings& settings = context.settings;
  const auto catalog = ReadCatalog(settings);
  if (!catalog) return Failure(catalog.error());
  const CatalogMap* map = catalog->Find(*name);
  if (map == nullptr) return Fail(ErrorCode::NotFound, "{} is not in the map catalog", *name);
  const auto files = ListDirectory(settings.map_tiles_dir);
  if (!files) return Failure(files.error());
  if (!Look(settings.map_tiles_dir + *name))
    return Fail(ErrorCode::NotFound, "there is no {}{}", settings.map_tiles_dir, *name);
  if (!map->is_base) {
    const auto written = WriteFileAtomically(settings.map_viewer_dir + "init.json", PrintJsonIndented(MapInit(*map)));
    if (!written) return Failure(written.error());
  }
  const json::object index = MapIndex(*catalog, *files);
  const auto written = WriteFileAtomically(settings.assets_dir + "vector-map-idx.json", PrintJsonIndented(index));
  if (!written) return Failure(written.error());
  return fmt::format("the index of maps has {} entries", index.size());
}

}  // namespace cmdsrv
