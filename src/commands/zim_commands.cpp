#include <algorithm>

#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "commands/work_in_progress.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kKiwixLibraryLock = "kiwix-library";
constexpr std::string_view kMenusLock = "menus";

std::vector<std::string> InstallLocks(std::string_view zim_lock) {
  return {std::string(zim_lock), std::string(kKiwixLibraryLock), std::string(kMenusLock)};
}

/// Refused when the file, 5 % more, and what is on the disk of it already do not fit.
Result<void> CheckSpace(const CatalogZim& zim, const std::string& directory, const std::string& partial) {
  const auto space = SpaceAt(directory);
  if (!space) return tl::unexpected(space.error());
  const std::uint64_t wanted = zim.size_k * 1024 + zim.size_k * 1024 / 20;
  const auto facts = Look(partial);
  const std::uint64_t have = facts ? facts->bytes : 0;
  if (wanted > have && wanted - have > space->available_bytes) {
    return Fail(ErrorCode::Refused, "Not enough storage space for Zim");
  }
  return {};
}

JobPlan PlanZimInstall(const CatalogZim& zim) {
  const std::string lock = "zim:" + zim.file_ref;
  std::vector<std::string> fetch{"zim-fetch",   "--file-ref", zim.file_ref, "--size-k", fmt::format("{}", zim.size_k),
                                 "--url",       zim.download_url};
  if (zim.url.ends_with(".meta4")) fetch.insert(fetch.end(), {"--metalink", zim.url});
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep(std::move(fetch), {lock}));
  plan.steps.back().retry = RetryPolicy::Temporary;
  plan.steps.push_back(PlanOwnStep({"zim-install", zim.file_ref + ".zim"}, InstallLocks(lock)));
  plan.steps.back().after = 0;
  return plan;
}

}  // namespace

Result<Outcome> GetKiwixCat(const Arguments&, Services& services) {
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  // The step gives up first, so that it can say why.
  const std::string own = fmt::format("{}", std::max<std::int64_t>(1, deadline.count() - 5));
  const auto outcome = services.catalog_refresh.Run(
      [&] { return RunForHandler(services, OwnStep({"kiwix-catalog", "--deadline", own}), deadline); });
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
  auto reply = std::make_shared<std::string>();
  reply->reserve(library->installed_json.size() + 64);
  *reply += R"({"WIP":)";
  *reply += PrintJson(ZimsInProgress(services.jobs.Unfinished()));
  *reply += R"(,"INSTALLED":)";
  *reply += library->installed_json;
  *reply += '}';
  return Answer(ReadyJson(std::move(reply)));
}

Result<Outcome> InstallZims(const Arguments& arguments, Services& services) {
  const std::string_view zim_id = *arguments.Text("zim_id");
  const auto catalog = services.zim_catalog.Get();
  if (!catalog) return tl::unexpected(catalog.error());
  const CatalogZim* zim = (*catalog)->Find(zim_id);
  if (zim == nullptr) return Fail(ErrorCode::Refused, "Zim ID not found in Command");
  if (services.library.Get()->Has(zim_id) || ZimsInProgress(services.jobs.Unfinished()).contains(zim_id)) {
    return Fail(ErrorCode::Refused, "Zim is already installed or being installed");
  }
  if (zim->source == ZimSource::Portable) {
    return Fail(ErrorCode::Refused, "This Zim is offered as a zip archive only; refresh the Kiwix catalog to get it as a Zim.");
  }
  const std::string& directory = services.settings.zim_working_dir;
  if (!MakeDirectories(directory)) return Fail(ErrorCode::Refused, "Error creating directory in Command");
  if (const auto fits = CheckSpace(*zim, directory, directory + zim->file_ref + ".zim.part"); !fits) {
    return tl::unexpected(fits.error());
  }
  JobPlan plan = PlanZimInstall(*zim);
  plan.service = arguments.Service("service_required").value_or(std::pair<std::string, std::string>("kiwix", "active"));
  return plan;
}

Result<Outcome> MakeKiwixLib(const Arguments&, Services&) {
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep({"make-kiwix-lib"}, {std::string(kKiwixLibraryLock)}));
  plan.steps.back().merge = "kiwix-index";
  return plan;
}

}  // namespace cmdsrv
