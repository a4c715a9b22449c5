#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "commands/preset_plan.hpp"
#include "commands/space_needs.hpp"
#include "commands/work_in_progress.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};

/// Where the configuration says that maps come from; empty for a source that there is not.
std::string AddressOf(const CatalogMap& map, const Settings& settings) {
  if (settings.maps_download_src == "contabo") return "contabo:iiab-maps/" + map.file;
  if (settings.maps_download_src == "archive")
    return fmt::format("{}{}/{}", settings.map_archive_url, map.file, map.file);
  if (settings.maps_download_src == "iiab.me") return settings.map_iiab_url + map.file;
  return {};
}

bool IsWhole(const std::string& path, std::uint64_t bytes) {
  const auto facts = Look(path);
  return facts && facts->is_regular && bytes > 0 && facts->bytes == bytes;
}

JobPlan PlanInstall(const CatalogMap& map, const Settings& settings, const std::string& address) {
  const std::string lock = "map:" + map.file;
  const std::string size = fmt::format("{}", map.bytes);
  JobPlan plan;
  const auto add = [&](std::vector<std::string> step, std::vector<std::string> locks) {
    plan.steps.push_back(PlanOwnStep(std::move(step), std::move(locks)));
    if (plan.steps.size() > 1) plan.steps.back().after = plan.steps.size() - 2;
  };
  if (!IsWhole(settings.maps_working_dir + map.file, map.bytes)) {
    std::vector<std::string> fetch{"map-fetch", "--from", address};
    for (const std::string& other : {map.detail_url, map.archive_url}) {
      if (!other.empty() && other != address) fetch.insert(fetch.end(), {"--from", other});
    }
    if (map.bytes > 0) fetch.insert(fetch.end(), {"--size", size});
    fetch.insert(fetch.end(), {"--", map.file});
    add(std::move(fetch), {lock});
    plan.steps.back().retry = RetryPolicy::Temporary;
  }
  add({"map-install", "--size", size, "--", map.file}, {lock, "maps"});
  add({"map-finish", "--", map.file}, {"maps"});
  plan.extra_vars = PrintJson(json::object{{"download_url", address}, {"size", map.bytes}});
  return plan;
}

/// -96.7, 17.06, 50: without exponent, without useless zeros.
std::string PlainNumber(double number) {
  std::string text = fmt::format("{:.6f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

Result<Outcome> GetOsmVectCat(const Arguments&, Services&) {
  // Nobody ever wrote this verb; the old server answered so.
  return Fail(ErrorCode::Stated, "Malformed Command DUMMY.");
}

Result<Outcome> GetOsmVectStat(const Arguments&, Services& services) {
  const Settings& settings = services.settings;
  const auto catalog = services.content.maps.Get();
  if (!catalog) log::Warning(kCommands, "{}", catalog.error().message);
  json::object installed;
  for (const std::string& file : ListDirectory(settings.map_tiles_dir).value_or(std::vector<std::string>{}))
    installed[file] = true;
  const std::string role[] = {"osm_vector_maps"};
  const auto roles = services.box.roles.Look(role, services.stop_fd);
  const auto status = roles.of.find(role[0]);
  const auto address = [&](const CatalogMap& map) { return AddressOf(map, settings); };
  json::object reply;
  reply["WIP"] = MapsInProgress(UnfinishedContent(services), catalog ? catalog->get() : nullptr, address);
  reply["tile_base_installed"] = installed.contains(settings.maps_tiles_base);
  reply["sat_base_installed"] = installed.contains(settings.maps_sat_base);
  reply["maps_active"] = status != roles.of.end() && status->second.active;
  reply["INSTALLED"] = std::move(installed);
  return Answer(json::value(std::move(reply)));
}

Result<Outcome> InstallMap(const Arguments& arguments, Services& services) {
  const Settings& settings = services.settings;
  const std::string_view id = *arguments.Text("osm_vect_id");
  const auto catalog = services.content.maps.Get();
  if (!catalog) return tl::unexpected(catalog.error());
  const CatalogMap* map = (*catalog)->Find(id);
  if (map == nullptr) return Fail(ErrorCode::Refused, "Map Tile Set is not in catalog in Command");
  const auto there = Look(settings.map_tiles_dir + map->file);
  if (there && (map->bytes == 0 || there->bytes == map->bytes))
    return Fail(ErrorCode::Refused, "{} is already downloaded", map->file);
  if (MapsInProgress(UnfinishedContent(services), nullptr, {}).contains(id))
    return Fail(ErrorCode::Refused, "{} is already being downloaded", map->file);
  const std::string& source = settings.maps_download_src;
  if (source == "bittorrent") return Fail(ErrorCode::Refused, "Not able to do bittorrent yet in Command");
  const std::string address = AddressOf(*map, settings);
  if (address.empty()) return Fail(ErrorCode::Refused, "Unknown Map Source {}", source);
  const SpaceNeeds needs = NeedsOf(*map, services);
  if (!needs.Fit(services)) return Fail(ErrorCode::Refused, "Not enough storage space for Map");
  JobPlan plan = PlanInstall(*map, settings, address);
  plan.space = needs.Uses();
  plan.service =
      arguments.Service("service_required").value_or(std::pair<std::string, std::string>("osm_vector_maps", "active"));
  return plan;
}

Result<Outcome> InstallSatelliteArea(const Arguments& arguments, Services& services) {
  const auto program = services.root.FindActingProgram("/usr/bin/iiab-extend-sat.py");
  if (!program) return Fail(ErrorCode::Refused, "Satellite maps are not installed");
  StepPlan step;
  step.argv = {*program, "--lon=" + PlainNumber(*arguments.Number("longitude")),
               "--lat=" + PlainNumber(*arguments.Number("latitude")),
               "--radius=" + PlainNumber(*arguments.Number("radius"))};
  step.locks = {"maps"};
  JobPlan plan;
  plan.steps.push_back(std::move(step));
  return plan;
}

}  // namespace cmdsrv
