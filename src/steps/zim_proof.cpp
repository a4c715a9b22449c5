#include "steps/zim_proof.hpp"

#include <algorithm>

#include "steps/fetch_source.hpp"
#include "steps/net.hpp"
#include "steps/zim.hpp"

namespace cmdsrv {
namespace {

Proof Failed(ProofFailure failure, std::string message) { return {failure, std::move(message)}; }

Proof ProveSize(const zim_tools::ZimHeader& header, const ProofDemands& demands) {
  const std::uint64_t wanted = std::max(demands.bytes, header.wanted);
  if (header.bytes < wanted)
    return Failed(ProofFailure::TooShort,
                  fmt::format("the server sent only {} of {} bytes of the ZIM", header.bytes, wanted));
  const std::uint64_t promised = header.bytes != header.wanted ? header.wanted : demands.bytes;
  if (promised != 0 && header.bytes != promised)
    return Failed(ProofFailure::WrongSize,
                  fmt::format("the ZIM has {} bytes, and {} were promised", header.bytes, promised));
  if (!SizeFits(header.bytes, demands.size_k))
    return Failed(ProofFailure::WrongSize,
                  fmt::format("the ZIM has {} bytes, but the catalog says {} K", header.bytes, demands.size_k));
  return {};
}

Proof Unusable(const Error& error) {
  return Failed(error.code == ErrorCode::Corrupt ? ProofFailure::Unsound : ProofFailure::Unreadable, error.message);
}

Proof NoZim(const Error& error) {
  if (error.code != ErrorCode::Corrupt) return Failed(ProofFailure::Unreadable, error.message);
  if (error.message.find("web page") != std::string::npos)
    return Failed(ProofFailure::WebPage, "the server sent a web page instead of the ZIM");
  return Failed(ProofFailure::WrongKind, "the server sent something that is no ZIM");
}

Proof ProveOpens(const std::string& path) {
  const auto opens = zim_tools::CheckZim(path, zim_tools::Depth::Opens);
  return opens ? Proof{} : Unusable(opens.error());
}

}  // namespace

Proof LookAtZim(const std::string& path, const ProofDemands& demands) {
  const auto header = zim_tools::ReadZimHeader(path);
  if (!header) return NoZim(header.error());
  if (auto size = ProveSize(*header, demands); !size) return size;
  return ProveOpens(path);
}

Proof ProveZim(const std::string& path, const ProofDemands& demands) {
  const auto header = zim_tools::ReadZimHeader(path);
  if (!header) return NoZim(header.error());
  if (auto size = ProveSize(*header, demands); !size) return size;
  Progress progress("verify", demands.bytes);
  progress.Report(0);
  const auto read = net::ReadDigests(path, header->ChecksumAt(), [&](std::uint64_t bytes) { progress.Report(bytes); });
  if (!read) return Unusable(read.error());
  // Nothing else looks into a file of which is known that it is another one.
  if (auto hash = CompareHash(read->sha256, demands); !hash) return hash;
  if (auto opens = ProveOpens(path); !opens) return opens;
  const auto checksum = zim_tools::ReadZimChecksum(path, *header);
  if (!checksum) return Unusable(checksum.error());
  if (read->md5 != *checksum) return Failed(ProofFailure::Unsound, path + " is no sound ZIM: its checksum is wrong");
  if (demands.bytes != 0) progress.Finish(demands.bytes);
  return {};
}

}  // namespace cmdsrv
