#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "commands/table.hpp"
#include "server/peer.hpp"

namespace cmdsrv {

/// Where a reply goes.
struct Address {
  std::string identity;    ///< opaque bytes of libzmq; never logged
  bool delimiter = false;  ///< a REQ client: an empty frame comes before the reply
};

/// A Command on its way to a worker. The text is valid UTF-8 and not too long; nothing else is known of it.
struct Request {
  Address from;
  Peer peer;
  Lane lane = Lane::Quick;
  std::string text;
  SteadyTime received = {};
};

struct Reply {
  Address to;
  std::string text;
  std::chrono::milliseconds delay{0};  ///< the router keeps it back so long; the worker is free meanwhile
  std::optional<EventWait> wait = {};  ///< there is no text yet: the router makes it when something happens
  int tries = 0;                       ///< how often its client had no room for it
};

}  // namespace cmdsrv
