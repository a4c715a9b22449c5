#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "content/ini_file.hpp"
#include "content/rachel.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kPageLimit = 1U << 20U;

/// The modules of one directory by their titles; one that has none is named by its directory.
void AddModules(json::object& modules, const std::string& directory, bool enabled) {
  for (const std::string& name : ListDirectory(directory).value_or(std::vector<std::string>{})) {
    const std::string path = directory + "/" + name;
    const auto facts = Look(path);
    if (!facts || !facts->is_directory) continue;
    const auto page = ReadFile(path + "/index.htmlf", kPageLimit);
    std::string title = page ? RachelTitle(*page) : std::string();
    if (title.empty()) title = name;
    modules[title] = json::object{{"path", path}, {"enabled", enabled}};
  }
}

/// Ends in '/'. The host project says where it is; the configuration where it does not.
std::string ContentPath(const std::optional<std::string>& named, const Services& services) {
  if (!named || !named->starts_with('/')) return services.settings.rachel_dir;
  std::string path = services.root.Path(*named);
  if (!path.ends_with('/')) path += '/';
  return path;
}

}  // namespace

Result<Outcome> GetRachelStat(const Arguments&, Services& services) {
  const auto ini = IniFile::Read(services.settings.iiab_ini_file);
  if (!ini) log::Warning({"commands"}, "{}", ini.error().message);
  const std::string rachel = ContentPath(ini ? ini->Get("rachel", "rachel_content_path") : std::nullopt, services);
  json::object reply{{"status", "NOT-INSTALLED"}, {"content_installed", false}};
  if (ini && ini->HasSection("rachel"))
    reply["status"] = ini->Get("rachel", "enabled").value_or("") == "True" ? "ENABLED" : "INSTALLED";
  if (!Look(rachel + "index.php")) return Answer(json::value(std::move(reply)));
  json::object modules;
  AddModules(modules, rachel + "modules.out", false);
  AddModules(modules, rachel + "modules", true);
  reply["content_installed"] = true;
  reply["enabled"] = std::move(modules);
  return Answer(json::value(std::move(reply)));
}

}  // namespace cmdsrv
