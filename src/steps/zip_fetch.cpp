// zip-fetch: the zip archive of a portable ZIM from the internet, the first step of three.
#include "platform/files.hpp"
#include "steps/fetch.hpp"
#include "steps/fetch_source.hpp"
#include "steps/zip_plan.hpp"

namespace cmdsrv {
namespace {

Proof ProveSize(const std::string& path, const ProofDemands& demands) {
  const auto facts = Look(path);
  if (!facts || !facts->is_regular) return {ProofFailure::Unreadable, fmt::format("{} is no regular file", path)};
  if (demands.bytes == 0 || facts->bytes == demands.bytes) return {};
  if (facts->bytes < demands.bytes)
    return {ProofFailure::TooShort,
            fmt::format("the server sent only {} of {} bytes of the archive", facts->bytes, demands.bytes)};
  return {ProofFailure::WrongSize,
          fmt::format("the archive has {} bytes, and {} were promised", facts->bytes, demands.bytes)};
}

Proof ToProof(const Error& error) {
  if (zip_tools::IsWebPage(error))
    return {ProofFailure::WebPage, "the server sent a web page instead of the zip archive"};
  if (error.code == ErrorCode::Corrupt)
    return {ProofFailure::Unsound, "the server sent no sound zip archive: " + error.message};
  return {error.code == ErrorCode::Refused ? ProofFailure::Unfit : ProofFailure::Unreadable, error.message};
}

/// Beginning, end, table of contents, size, hash. The checksums of what is inside are proven by unpacking it.
/// `size_k` of the catalog is the ZIM's, not the archive's.
Proof ProveZip(const std::string& path, const ProofDemands& demands, std::uint64_t size_k) {
  const auto plan = PlanZip(path);
  const bool is_page = !plan && zip_tools::IsWebPage(plan.error());
  if (auto size = ProveSize(path, demands); !size && !is_page) return size;
  if (!plan) return ToProof(plan.error());
  const auto facts = Look(path);
  if (auto fits = CheckCatalogSize(*plan, facts ? facts->bytes : 0, size_k); !fits) return ToProof(fits.error());
  Progress progress("verify", demands.bytes);
  return ProveHash(path, demands, progress);
}

}  // namespace

StepEnd ZipFetch(const Context& context, std::span<const std::string> arguments) {
  auto request = ReadFetchRequest(arguments, Metalinks::Unknown);
  if (!request) return Failure(request.error());
  const auto name = ZipName(context.settings.zim_download_prefix, request->file_ref);
  if (!name) return Failure(name.error());
  const std::uint64_t size_k = std::exchange(request->size_k, 0);
  const auto prove = [size_k](const std::string& path, const ProofDemands& demands) {
    return ProveZip(path, demands, size_k);
  };
  FetchGoal goal{.directory = context.settings.zim_downloads_dir,
                 .file = *name,
                 .lock_prefix = "zip-fetch",
                 .needless = {},
                 .prove = prove};
  return FetchFile(context, *std::move(request), std::move(goal));
}

}  // namespace cmdsrv
