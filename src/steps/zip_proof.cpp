#include "steps/zip_proof.hpp"

#include "platform/files.hpp"
#include "steps/zip.hpp"

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

}  // namespace

Proof ProveArchive(const std::string& path, const ProofDemands& demands, const std::function<Result<void>()>& plan) {
  const auto planned = plan();
  const bool is_page = !planned && zip_tools::IsWebPage(planned.error());
  if (auto size = ProveSize(path, demands); !size && !is_page) return size;
  if (!planned) return ToProof(planned.error());
  Progress progress("verify", demands.bytes);
  return ProveHash(path, demands, progress);
}

}  // namespace cmdsrv
