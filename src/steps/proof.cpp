#include "steps/proof.hpp"

#include <fmt/format.h>

#include "steps/net.hpp"

namespace cmdsrv {

Proof ProveHash(const std::string& path, const ProofDemands& demands, Progress& progress) {
  if (demands.sha256.empty()) return {};
  const auto hash = net::Sha256(path, [&](std::uint64_t bytes) { progress.Report(bytes); });
  if (!hash) return {ProofFailure::Unreadable, hash.error().message};
  if (*hash == demands.sha256) return {};
  return {ProofFailure::WrongHash,
          fmt::format("the SHA-256 of the download is {} and should be {}", *hash, demands.sha256)};
}

}  // namespace cmdsrv
