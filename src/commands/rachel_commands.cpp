#include "base/log.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "commands/handlers.hpp"
#include "commands/space_needs.hpp"
#include "content/ini_file.hpp"
#include "content/rachel.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::size_t kPageLimit = 1U << 20U;
constexpr std::chrono::seconds kCheckDeadline{8};  ///< the step itself gives up after 5 s

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

/// http or https: wget speaks ftp too, but nobody ever distributed RACHEL so.
bool IsWebUrl(std::string_view url) {
  return IsFetchUrl(url) && (url.starts_with("http://") || url.starts_with("https://"));
}

/// What the server says about the archive. 0 bytes: nothing about its size.
Result<std::uint64_t> AskForSize(const std::string& url, const Services& services) {
  const auto outcome = RunForHandler(services, OwnStep({"url-check", "--deadline", "5", "--", url}), kCheckDeadline);
  if (!Succeeded(outcome)) {
    log::Warning(kCommands, "cannot reach the archive of RACHEL: {}", WhyNot(outcome));
    return Fail(ErrorCode::Refused, "Can't access {} Cmd", MaskUrlCredentials(url));
  }
  constexpr std::string_view kUnit = " bytes";
  std::string_view line = Trim(outcome->output);
  if (!line.ends_with(kUnit)) return 0;
  line.remove_suffix(kUnit.size());
  const auto bytes = ToInteger(line.substr(line.rfind(' ') + 1));
  return bytes && *bytes > 0 ? static_cast<std::uint64_t>(*bytes) : 0;
}

/// The archive stays, and what is unpacked of it takes about the same: nearly all of it is compressed already.
SpaceNeeds NeedsOfRachel(const std::string& version, std::uint64_t bytes, const Services& services) {
  const Settings& settings = services.settings;
  const std::string zip = settings.module_downloads_dir + version + ".zip";
  const std::string unpacked = settings.module_working_dir + version;
  SpaceNeeds needs(FloorOf(settings, services.root));
  if (bytes == 0) return needs;
  needs.AddFetch(settings.module_downloads_dir, bytes, {zip, zip + ".part"});
  needs.AddMade(settings.module_working_dir, bytes, {unpacked});
  needs.AddMove(settings.module_working_dir, settings.rachel_dir, bytes, settings.rachel_dir + "www");
  return needs;
}

/// Ends in '/'. The host project says where it is; the configuration where it does not.
std::string ContentPath(const std::optional<std::string>& named, const Services& services) {
  if (!named || !named->starts_with('/')) return services.settings.rachel_dir + "www/";
  std::string path = services.root.Path(*named);
  if (!path.ends_with('/')) path += '/';
  return path;
}

}  // namespace

Result<Outcome> GetRachelStat(const Arguments&, Services& services) {
  const auto ini = IniFile::Read(services.settings.iiab_ini_file);
  if (!ini) log::Warning(kCommands, "{}", ini.error().message);
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

Result<Outcome> InstallRachel(const Arguments&, Services& services) {
  const auto ini = IniFile::Read(services.settings.iiab_ini_file);
  if (!ini) log::Warning(kCommands, "{}", ini.error().message);
  if (!ini || !ini->HasSection("rachel")) return Fail(ErrorCode::Refused, "RACHEL is not installed");
  const std::string url = ini->Get("rachel", "rachel_src_url").value_or("");
  const std::string version = ini->Get("rachel", "rachel_version").value_or("");
  if (!IsWebUrl(url)) return Fail(ErrorCode::Refused, "Can't access {} Cmd", MaskUrlCredentials(url));
  const auto bytes = AskForSize(url, services);
  if (!bytes) return tl::unexpected(bytes.error());
  const std::string& working = services.settings.module_working_dir;
  if (!IsSafeName(version) || version.size() > 200 || !MakeDirectories(working + version))
    return Fail(ErrorCode::Refused, "Error creating directory in Command");
  const SpaceNeeds needs = NeedsOfRachel(version, *bytes, services);
  if (!needs.Fit(services)) return Fail(ErrorCode::Refused, "Not enough storage space for RACHEL");
  JobPlan plan;
  plan.space = needs.Uses();
  plan.steps.push_back(PlanOwnStep({"rachel-fetch", "--url", url, "--file-ref", version}, {"rachel"}));
  plan.steps.back().retry = RetryPolicy::Temporary;
  plan.steps.push_back(PlanOwnStep({"rachel-unpack", "--", version}, {"rachel"}));
  plan.steps.push_back(PlanOwnStep({"rachel-install", "--", version}, {"rachel"}));
  plan.steps[1].after = 0;
  plan.steps[2].after = 1;
  return plan;
}

}  // namespace cmdsrv
