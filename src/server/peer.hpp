#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "commands/table.hpp"

namespace cmdsrv {

/// Who is at the other end of the socket, as the kernel says (SO_PEERCRED at the time of the connection).
struct Peer {
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
  pid_t pid = 0;

  friend bool operator==(const Peer&, const Peer&) = default;
};

/// Reads libzmq's message property "Peer-Address" of ipc: "localhost:<uid>:<gid>:<pid>".
std::optional<Peer> ParsePeer(std::string_view address);

/// Which peers may do what. A value; any thread.
struct PeerRules {
  uid_t web_uid = 0;                      ///< the account that owns the socket
  std::optional<uid_t> gateway_uid = {};  ///< an account of its own for the gateway, where there is one
  std::optional<uid_t> own;               ///< in a --root box: the daemon's own uid counts as root

  bool IsRoot(const Peer& peer) const { return peer.uid == 0 || peer.uid == own; }
  bool MayConnect(const Peer& peer) const { return IsRoot(peer) || peer.uid == web_uid || peer.uid == gateway_uid; }
  bool MayCall(const Peer& peer, Caller caller) const;
};

}  // namespace cmdsrv
