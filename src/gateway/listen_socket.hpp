#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv::gateway {

/// A socket that listens, not yet owned by anybody.
struct Listening {
  int fd = -1;
  bool is_unix = false;  ///< whoever connects is a proxy that may be believed
  std::string address;   ///< "http://127.0.0.1:8008" or "unix:/run/iiab-admin/gateway.sock", for people
};

/// `where`: "127.0.0.1:PORT" (0: any free one) or "unix:PATH"; other addresses than loopback are refused, because a
/// proxy belongs in front. The directory of PATH is made when missing; a socket that nobody serves any more is
/// replaced; the new one has mode 0660. Errors: Malformed for the text, Busy when somebody serves there, Io.
Result<Listening> Listen(std::string_view where);

/// The socket that systemd passed (LISTEN_FDS); Unavailable when there is none, Malformed when there are several.
/// The variables are removed, so that no child takes them for its own.
Result<Listening> ListenAsActivated();

/// Tells systemd that requests are taken from now on ("READY=1"), or about to end ("STOPPING=1"). Without systemd this
/// does nothing.
void NotifyManager(std::string_view what);

}  // namespace cmdsrv::gateway
