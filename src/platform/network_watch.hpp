#pragma once

#include <functional>

#include "platform/event_loop.hpp"

namespace cmdsrv {

/// Calls `changed`, in the loop's thread, when an interface, an address or a route of this machine comes, goes or
/// changes, as long as the source lives; a burst of changes is one call. Nothing is asked while nothing changes. `loop`
/// must outlive the source. Errors: Io when the kernel does not tell (no netlink).
Result<EventLoop::SourcePtr> WatchNetwork(EventLoop& loop, std::function<void()> changed);

}  // namespace cmdsrv
