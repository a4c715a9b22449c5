#pragma once

#include <chrono>
#include <optional>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

/// What the server arranges with the system for its own process, once at start, before there are threads.
namespace cmdsrv {

/// Few threads allocate much at a time, so two arenas do; glibc's eight per core cost memory on a Raspberry Pi.
void SaveMemory();

/// As many descriptors as the hard limit allows, at most 65536: thousands of clients may be connected.
void AllowManyDescriptors();

/// No core dumps and no looking at our memory by others: passwords pass through it.
void HideMemory();

/// The umask of a service, whatever the one who starts us has: files that are for everybody to read are, and no others.
void SetUmask();

/// Standard error is the journal already (systemd.exec(5), JOURNAL_STREAM), so that a line printed there comes twice.
bool StandardErrorIsJournal();

/// Blocks TERM, INT and HUP in this and all later threads and gives them out as a signalfd; ignores PIPE.
Result<UniqueFd> TakeSignals();

/// How often systemd's watchdog wants to hear from us: half of WATCHDOG_USEC. Empty when it does not watch us.
std::optional<std::chrono::milliseconds> WatchdogInterval();

}  // namespace cmdsrv
