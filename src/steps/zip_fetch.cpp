// zip-fetch: the zip archive of a portable ZIM from the internet, the first step of three.
#include "platform/files.hpp"
#include "steps/fetch.hpp"
#include "steps/fetch_source.hpp"
#include "steps/zip_plan.hpp"
#include "steps/zip_proof.hpp"

namespace cmdsrv {
namespace {

/// `size_k` of the catalog is the ZIM's, not the archive's.
Result<void> Plan(const std::string& path, std::uint64_t size_k) {
  const auto plan = PlanZip(path);
  if (!plan) return Failure(plan.error());
  const auto facts = Look(path);
  return CheckCatalogSize(*plan, facts ? facts->bytes : 0, size_k);
}

}  // namespace

StepEnd ZipFetch(const Context& context, std::span<const std::string> arguments) {
  auto request = ReadFetchRequest(arguments, Metalinks::Unknown);
  if (!request) return Failure(request.error());
  const auto name = ZipName(context.settings.zim_download_prefix, request->file_ref);
  if (!name) return Failure(name.error());
  const std::uint64_t size_k = std::exchange(request->size_k, 0);
  const auto prove = [size_k](const std::string& path, const ProofDemands& demands) {
    return ProveArchive(path, demands, [&] { return Plan(path, size_k); });
  };
  FetchGoal goal{.directory = context.settings.zim_downloads_dir,
                 .file = *name,
                 .lock_prefix = "zip-fetch",
                 .needless = {},
                 .prove = prove};
  return FetchFile(context, *std::move(request), std::move(goal));
}

}  // namespace cmdsrv
