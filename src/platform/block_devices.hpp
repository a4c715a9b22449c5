#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/mount_table.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// A whole disk, with what is on it: partitions, and volumes in those.
struct Disk {
  std::string path;       ///< "/dev/sda"
  std::string transport;  ///< "usb", "sata", …; often empty
  bool removable = false;
  std::uint64_t bytes = 0;
  std::vector<std::string> mount_points;  ///< of all that is on it; "[SWAP]" for swap in use
};

/// What `lsblk --json --bytes --output PATH,TYPE,RM,SIZE,TRAN,MAJ:MIN,MOUNTPOINT` printed, in its order; only the type
/// "disk" with a plain path below /dev. Mount points also come from `mounts`, because lsblk shows one of several only.
/// Numbers and flags may be texts, as older versions print them. Corrupt when it is no such JSON. Pure.
Result<std::vector<Disk>> ParseDisks(std::string_view json, const std::vector<Mount>& mounts);

/// Runs lsblk, at most 10 s, or until `stop_fd` is readable.
Result<std::vector<Disk>> ReadDisks(const Root& root, int stop_fd = -1);

}  // namespace cmdsrv
