#pragma once

#include <vector>

#include "commands/services.hpp"
#include "platform/block_devices.hpp"

namespace cmdsrv {

/// The disks that a person may plug in and out, without those that the box itself lives on: it runs from a stick as
/// well as from a card. Takes as long as lsblk, at most 10 s. Errors: those of ReadDisks.
Result<std::vector<Disk>> FindRemovableDisks(const Services& services);

/// The rule of it; pure.
bool IsRemovable(const Disk& disk, const Root& root);

}  // namespace cmdsrv
