#pragma once

#include <string_view>
#include <vector>

#include "platform/block_devices.hpp"

namespace cmdsrv {

/// A disk that a person may plug in and out, and not one that the box itself lives on: it runs from a stick as well as
/// from a card. Pure.
bool IsRemovable(const Disk& disk, const Root& root);

/// Null when there is no such disk among them, or it is not removable.
const Disk* FindRemovable(const std::vector<Disk>& disks, std::string_view path, const Root& root);

}  // namespace cmdsrv
