#pragma once

#include <sys/types.h>

namespace cmdsrv::shim {

/// Sends `signal` to every process that descends from this one, whatever session or group it has moved to. Being the
/// sub-reaper, this process stays the ancestor of all of them. Members of the process group `except_group` are left out
/// (0: none). A process born while this runs may be missed: who needs all of them calls again after a child's end.
void SignalDescendants(int signal, pid_t except_group);

}  // namespace cmdsrv::shim
