#include <algorithm>

#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "commands/preset_plan.hpp"
#include "commands/space_needs.hpp"
#include "commands/work_in_progress.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kKiwixLibraryLock = "kiwix-library";
constexpr std::string_view kMenusLock = "menus";

std::vector<std::string> InstallLocks(std::string_view zim_lock) {
  return {std::string(zim_lock), std::string(kKiwixLibraryLock), std::string(kMenusLock)};
}

/// Where the steps write: the box may have none of it yet.
bool MakeDirectoriesFor(const CatalogZim& zim, const Settings& settings) {
  return MakeDirectories(settings.zim_working_dir) && MakeDirectories(settings.zim_downloads_dir) &&
         MakeDirectories(settings.zim_dir + "content") &&
         (zim.source != ZimSource::Portable || MakeDirectories(settings.zim_working_dir + zim.file_ref));
}

JobPlan PlanZimInstall(const CatalogZim& zim) {
  const std::string lock = "zim:" + zim.file_ref;
  std::vector<std::string> fetch{"zim-fetch", "--file-ref",     zim.file_ref, "--size-k", fmt::format("{}", zim.size_k),
                                 "--url",     zim.DownloadUrl()};
  if (zim.HasMetalink()) fetch.insert(fetch.end(), {"--metalink", zim.url});
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep(std::move(fetch), {lock}));
  plan.steps.back().retry = RetryPolicy::Temporary;
  plan.steps.push_back(PlanOwnStep({"zim-install", zim.file_ref + ".zim"}, InstallLocks(lock)));
  plan.steps.back().after = 0;
  return plan;
}

/// The old distribution: a zip archive. The metalink of such an entry is that of the ZIM, which is another file.
JobPlan PlanZipInstall(const CatalogZim& zim) {
  const std::string lock = "zim:" + zim.file_ref;
  const std::string size_k = fmt::format("{}", zim.size_k);
  JobPlan plan;
  plan.steps.push_back(
      PlanOwnStep({"zip-fetch", "--file-ref", zim.file_ref, "--size-k", size_k, "--url", zim.DownloadUrl()}, {lock}));
  plan.steps.back().retry = RetryPolicy::Temporary;
  plan.steps.push_back(PlanOwnStep({"zip-unpack", "--size-k", size_k, zim.file_ref}, {lock}));
  plan.steps.push_back(PlanOwnStep({"zip-install", zim.file_ref}, InstallLocks(lock)));
  plan.steps[1].after = 0;
  plan.steps[2].after = 1;
  return plan;
}

/// Keeps the catalog that it is of.
Result<std::shared_ptr<const CatalogZim>> FindZim(const Arguments& arguments, Services& services) {
  const auto catalog = services.zim_catalog.Get();
  if (!catalog) return tl::unexpected(catalog.error());
  const CatalogZim* zim = (*catalog)->Find(*arguments.Text("zim_id"));
  if (zim == nullptr) return Fail(ErrorCode::Refused, "Zim ID not found in Command");
  return std::shared_ptr<const CatalogZim>(*catalog, zim);
}

Result<JobPlan> PlanInstall(const CatalogZim& zim, const Arguments& arguments, Services& services) {
  if (services.library.Get()->Has(zim.id) || ZimsInProgress(UnfinishedContent(services)).contains(zim.id)) {
    return Fail(ErrorCode::Refused, "Zim is already installed or being installed");
  }
  const SpaceNeeds needs = NeedsOf(zim, services);
  if (!needs.Fit(services)) return Fail(ErrorCode::Refused, "Not enough storage space for Zim");
  JobPlan plan = zim.source == ZimSource::Portable ? PlanZipInstall(zim) : PlanZimInstall(zim);
  plan.space = needs.Uses();
  plan.service = arguments.Service("service_required").value_or(std::pair<std::string, std::string>("kiwix", "active"));
  return plan;
}

}  // namespace

Result<Outcome> GetKiwixCat(const Arguments&, Services& services) {
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  // The step gives up first, so that it can say why.
  const std::string own = fmt::format("{}", std::max<std::int64_t>(1, deadline.count() - 5));
  const auto outcome = services.catalog_refresh.Run([&] {
    return RunForHandler(services, OwnStep({"kiwix-catalog", "--deadline", own}), deadline);
  });
  if (!Succeeded(outcome)) {
    log::Warning({"commands"}, "cannot get the Kiwix catalog: {}", WhyNot(outcome));
    return Fail(ErrorCode::Refused, "Failed to get the Kiwix Catalog. Keeping the previous one.");
  }
  const auto catalog = services.zim_catalog.Get();
  if (!catalog) return tl::unexpected(catalog.error());
  services.health.Set("kiwix_catalog", PartState::Good);
  return Answer(Success{});
}

Result<Outcome> GetZimStat(const Arguments&, Services& services) {
  const auto library = services.library.Get();
  std::string reply;
  reply.reserve(library->installed_json.size() + 64);
  reply += R"({"WIP":)";
  reply += PrintJson(ZimsInProgress(UnfinishedContent(services)));
  reply += R"(,"INSTALLED":)";
  reply += library->installed_json;
  reply += '}';
  return Answer(JsonText{std::move(reply)});
}

Result<Outcome> PlanZims(const Arguments& arguments, Services& services) {
  const auto zim = FindZim(arguments, services);
  if (!zim) return tl::unexpected(zim.error());
  return PlanInstall(**zim, arguments, services);
}

Result<Outcome> InstallZims(const Arguments& arguments, Services& services) {
  const auto zim = FindZim(arguments, services);
  if (!zim) return tl::unexpected(zim.error());
  auto plan = PlanInstall(**zim, arguments, services);
  if (plan && !MakeDirectoriesFor(**zim, services.settings))
    return Fail(ErrorCode::Refused, "Error creating directory in Command");
  return plan;
}

Result<Outcome> MakeKiwixLib(const Arguments&, Services&) {
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep({"make-kiwix-lib"}, {std::string(kKiwixLibraryLock)}));
  plan.steps.back().merge = "kiwix-index";
  return plan;
}

Result<Outcome> RestartKiwix(const Arguments&, Services& services) {
  const auto systemctl = services.root.FindActingProgram("systemctl");
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  const auto outcome =
      systemctl
          ? RunForHandler(services, {*systemctl, "restart", "kiwix-serve.service"}, deadline)
          : Result<RunOutcome>(Fail(ErrorCode::Unavailable, "there is no systemctl; install the package systemd"));
  if (Succeeded(outcome)) return Answer(Success{});
  log::Warning({"commands"}, "cannot start kiwix-serve again: {}", WhyNot(outcome));
  return tl::unexpected(Error{ErrorCode::Refused, {}});  // the text that the old server gave for every failure
}

}  // namespace cmdsrv
