#include "steps/proof.hpp"

#include <fmt/format.h>

#include <fstream>

#include "base/text.hpp"
#include "steps/net.hpp"

namespace cmdsrv {

bool LooksLikeAWebPage(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  return Trim(head).starts_with('<');
}

bool IsWebPageFile(const std::string& path) {
  std::string head(512, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return LooksLikeAWebPage(head);
}

Proof ProveHash(const std::string& path, const ProofDemands& demands, Progress& progress) {
  if (demands.sha256.empty()) return {};
  const auto digests = net::ReadDigests(path, 0, [&](std::uint64_t bytes) { progress.Report(bytes); });
  if (!digests) return {ProofFailure::Unreadable, digests.error().message};
  return CompareHash(digests->sha256, demands);
}

Proof CompareHash(const std::string& sha256, const ProofDemands& demands) {
  if (demands.sha256.empty() || sha256 == demands.sha256) return {};
  return {ProofFailure::WrongHash,
          fmt::format("the SHA-256 of the download is {} and should be {}", sha256, demands.sha256)};
}

}  // namespace cmdsrv
