#include "server/peer.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace cmdsrv {

std::optional<Peer> ParsePeer(std::string_view address) {
  // For each frame that comes in: without a list of parts.
  auto next = [rest = address]() mutable -> std::optional<long long> {
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(colon + 1);
    return ToInteger(rest.substr(0, rest.find(':')));
  };
  if (std::ranges::count(address, ':') != 3) return std::nullopt;
  const auto uid = next(), gid = next(), pid = next();
  const auto is_id = [](std::optional<long long> number) {
    // The largest number means "no such id" to the kernel; nobody may pass as nobody.
    return number && *number >= 0 && *number < std::numeric_limits<uid_t>::max();
  };
  if (!is_id(uid) || !is_id(gid) || !pid || *pid < 0 || *pid > std::numeric_limits<pid_t>::max()) return std::nullopt;
  return Peer{static_cast<uid_t>(*uid), static_cast<gid_t>(*gid), static_cast<pid_t>(*pid)};
}

bool PeerRules::MayCall(const Peer& peer, Caller caller) const {
  switch (caller) {
    case Caller::Root: return IsRoot(peer);
    case Caller::Console:
    case Caller::Gateway: return MayConnect(peer);
  }
  return false;
}

}  // namespace cmdsrv
