#include <fcntl.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/names.hpp"
#include "commands/devices.hpp"
#include "commands/handlers.hpp"
#include "commands/preset_plan.hpp"
#include "commands/space_needs.hpp"
#include "commands/work_in_progress.hpp"
#include "content/rclone_remotes.hpp"
#include "platform/files.hpp"
#include "platform/tree_walk.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};

/// The old server gave these texts without its verb.
Failure Say(std::string_view text) { return Fail(ErrorCode::Stated, "{} .", text); }

std::string Lock(std::string_view module) { return fmt::format("module:{}", module); }

bool IsDirectory(const std::string& path) {
  const auto facts = Look(path);
  return facts && facts->is_directory;
}

/// How the module is fetched; empty when there is no way that may be used.
std::vector<std::string> SourceOf(const CatalogModule& module, const Settings& settings) {
  if (!module.rclone.empty()) {
    const auto remotes = RcloneRemotes(settings);
    if (std::ranges::find(remotes, module.Remote()) != remotes.end()) return {"--rclone", module.rclone};
    log::Warning(kCommands, "the module {} names the rclone remote {}, which is not one that catalogs may use",
                 module.moddir, module.Remote());
  }
  if (!module.rsync_url.empty()) return {"--rsync-url", module.rsync_url};
  return {};
}

JobPlan PlanInstall(const CatalogModule& module, const std::vector<std::string>& source) {
  std::vector<std::string> fetch{"module-fetch"};
  fetch.insert(fetch.end(), source.begin(), source.end());
  if (module.size_k > 0) fetch.insert(fetch.end(), {"--size-k", fmt::format("{}", module.size_k)});
  fetch.insert(fetch.end(), {"--", module.moddir});
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep(std::move(fetch), {Lock(module.moddir)}));
  plan.steps.back().retry = RetryPolicy::Temporary;
  plan.steps.push_back(PlanOwnStep({"module-install", "--", module.moddir}, {Lock(module.moddir), "menus"}));
  plan.steps.back().after = 0;
  return plan;
}

JobPlan PlanCopy(const Device& source, const Device& dest, const std::string& module) {
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep({"copy-module", "--from", source.name, "--to", dest.name, "--", module},
                                   {Lock(module), dest.IsInternal() ? source.name : dest.name}));
  if (!dest.IsInternal()) return plan;
  plan.steps.push_back(PlanOwnStep({"module-install", "--", module}, {Lock(module), "menus"}));
  plan.steps.back().after = 0;
  return plan;
}

/// Bytes of the module on the device; nothing when it is no directory there, or a link leads to it.
std::optional<std::uint64_t> ModuleBytes(const Device& device, const std::string& module, const Settings& settings) {
  const auto modules = OpenPlace(device, Place::Modules, settings);
  if (!modules) return std::nullopt;
  const auto opened = OpenBeneath(modules->Get(), module, O_RDONLY | O_DIRECTORY);
  if (!opened) return std::nullopt;
  const auto tree = CountTree(fmt::format("/proc/self/fd/{}/", opened->Get()));
  return tree ? std::optional(tree->bytes) : std::nullopt;
}

}  // namespace

Result<Outcome> GetOer2goCat(const Arguments&, Services& services) {
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  // The step gives up first, so that it can say why.
  const std::string own = fmt::format("{}", std::max<std::int64_t>(1, deadline.count() - 5));
  const auto outcome = services.content.module_refresh.Run([&] {
    return RunForHandler(services, OwnStep({"module-catalog", "--deadline", own}), deadline);
  });
  if (Succeeded(outcome)) {
    const auto catalog = services.content.modules.Get();
    if (!catalog) return tl::unexpected(catalog.error());
    return Answer(Success{});
  }
  log::Warning(kCommands, "cannot get the module catalog: {}", WhyNot(outcome));
  const int status = outcome && outcome->exited ? outcome->status : 0;
  if (status == 2)
    return Fail(ErrorCode::Refused, "The module catalog of IIAB could not be fetched. Keeping the previous one.");
  if (status == 3)
    return Fail(ErrorCode::Refused, "The module catalog of IIAB could not be used. Keeping the previous one.");
  return Fail(ErrorCode::Refused, "Failed to read OER2go Catalog.");
}

Result<Outcome> GetOer2goStat(const Arguments&, Services& services) {
  json::array installed;
  const auto catalog = services.content.modules.Get();
  // Without a catalog the console could not name them anyway, and its start must not fail for it.
  if (!catalog) log::Warning(kCommands, "{}", catalog.error().message);
  const std::string& directory = services.settings.modules_dir;
  for (const std::string& name : ListDirectory(directory).value_or(std::vector<std::string>{})) {
    if (catalog && (*catalog)->Find(name) != nullptr && IsDirectory(directory + name)) installed.emplace_back(name);
  }
  return Answer(
      json::value{{"WIP", ModulesInProgress(UnfinishedContent(services))}, {"INSTALLED", std::move(installed)}});
}

Result<Outcome> InstallModule(const Arguments& arguments, Services& services) {
  const std::string_view moddir = *arguments.Text("moddir");
  const auto catalog = services.content.modules.Get();
  if (!catalog) return tl::unexpected(catalog.error());
  const CatalogModule* module = (*catalog)->Find(moddir);
  if (module == nullptr) return Fail(ErrorCode::Refused, "Module not in catalog in Command");
  const Settings& settings = services.settings;
  if (IsDirectory(settings.modules_dir + module->moddir))
    return Fail(ErrorCode::Refused, "Module already installed in Command");
  if (FindNamesAtWork(services).modules.contains(moddir))
    return Fail(ErrorCode::Refused, "Module is already being installed");
  const auto source = SourceOf(*module, settings);
  if (source.empty()) return Fail(ErrorCode::Refused, "Module has no download source");
  const SpaceNeeds needs = NeedsOf(*module, services);
  if (!needs.Fit(services)) return Fail(ErrorCode::Refused, "Not enough storage space for Module");
  JobPlan plan = PlanInstall(*module, source);
  plan.space = needs.Uses();
  return plan;
}

Result<Outcome> CopyModules(const Arguments& arguments, Services& services) {
  const auto source = ReadDevice(*arguments.Text("source"), services.root);
  const auto dest = ReadDevice(*arguments.Text("dest"), services.root);
  if (!source || !dest || source->IsInternal() == dest->IsInternal()) return Say("Invalid Source or Destination.");
  if (!IsReady(*source) || !IsReady(*dest)) return Say("USB device is not mounted.");
  const Settings& settings = services.settings;
  const std::string module(*arguments.Text("file_ref"));
  const auto bytes = IsPlainName(module) ? ModuleBytes(*source, module, settings) : std::nullopt;
  if (!bytes) return Say("Module not found on Source.");
  if (dest->IsInternal() && Look(settings.modules_dir + module)) return Say("Module is already installed.");
  if (FindNamesAtWork(services).modules.contains(module)) return Say("Module is already being installed or copied.");
  SpaceNeeds needs(FloorOf(settings, services.root));
  if (dest->IsInternal()) {
    needs.AddFetch(settings.module_working_dir, *bytes, {settings.module_working_dir + module});
    needs.AddMove(settings.module_working_dir, settings.modules_dir, *bytes, settings.modules_dir + module);
  } else {
    needs.AddFetch(dest->path, *bytes, {PathOf(*dest, Place::Modules, settings) + "/" + module});
  }
  if (!needs.Fit(services)) return Say("Not enough storage space on Destination.");
  JobPlan plan = PlanCopy(*source, *dest, module);
  plan.space = needs.Uses();
  return plan;
}

}  // namespace cmdsrv
