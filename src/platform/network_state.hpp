#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv {

struct NetworkInterface {
  std::string name;
  std::string state;                   ///< of the kernel, as `ip` shows it: UP, DOWN, UNKNOWN, DORMANT …
  std::optional<std::string> address;  ///< the first one, without prefix length; IPv4 before IPv6
  bool loopback = false;
  bool forwards = false;  ///< a port of a bridge that forwards

  friend bool operator==(const NetworkInterface&, const NetworkInterface&) = default;
};

struct DefaultRoute {
  std::string gateway;  ///< empty for a line without one (a modem)
  std::string device;

  friend bool operator==(const DefaultRoute&, const DefaultRoute&) = default;
};

struct NetworkState {
  std::vector<NetworkInterface> interfaces;  ///< in the order of the kernel
  std::vector<DefaultRoute> default_routes;  ///< of IPv4 in the main table, in the order of `ip route`
};

/// What the kernel knows of this network namespace: one dump of links, one of addresses, one of routes, over a netlink
/// socket. Needs no right. Any thread; takes well under a millisecond. Errors: Io, Timeout when the kernel is silent.
Result<NetworkState> ReadNetworkState();

}  // namespace cmdsrv
