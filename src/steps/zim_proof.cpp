#include "steps/zim_proof.hpp"

#include <algorithm>

#include "steps/fetch_source.hpp"
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

Proof ProveBeginning(const std::string& path, const ProofDemands& demands) {
  const auto header = zim_tools::ReadZimHeader(path);
  if (header) return ProveSize(*header, demands);
  const std::string& message = header.error().message;
  if (header.error().code != ErrorCode::Corrupt) return Failed(ProofFailure::Unreadable, message);
  if (message.find("web page") != std::string::npos)
    return Failed(ProofFailure::WebPage, "the server sent a web page instead of the ZIM");
  return Failed(ProofFailure::WrongKind, "the server sent something that is no ZIM");
}

Proof ProveContent(const std::string& path, zim_tools::Depth depth) {
  const auto checked = zim_tools::CheckZim(path, depth);
  if (checked) return {};
  const bool corrupt = checked.error().code == ErrorCode::Corrupt;
  return Failed(corrupt ? ProofFailure::Unsound : ProofFailure::Unreadable, checked.error().message);
}

}  // namespace

Proof LookAtZim(const std::string& path, const ProofDemands& demands) {
  if (auto beginning = ProveBeginning(path, demands); !beginning) return beginning;
  return ProveContent(path, zim_tools::Depth::Opens);
}

Proof ProveZim(const std::string& path, const ProofDemands& demands) {
  if (auto beginning = ProveBeginning(path, demands); !beginning) return beginning;
  Progress progress("verify", demands.bytes);
  progress.Report(0);
  if (auto hash = ProveHash(path, demands, progress); !hash) return hash;
  if (auto content = ProveContent(path, zim_tools::Depth::WholeFile); !content) return content;
  if (demands.bytes != 0) progress.Finish(demands.bytes);
  return {};
}

}  // namespace cmdsrv
