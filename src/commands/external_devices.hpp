#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "commands/services.hpp"
#include "platform/mount_table.hpp"

namespace cmdsrv {

/// A stick, or another disk that is plugged in, as it is mounted at /media/usbN.
struct ExternalDevice {
  std::string name;    ///< "/media/usb0"
  std::string source;  ///< "/dev/sda1"
  Usage usage;
};

/// What is mounted there now; not the small partitions that machines start from. Sorted by name.
std::vector<ExternalDevice> FindExternalDevices(const Root& root);

/// Modules of the catalog in the library of the stick, sorted. Links are followed nowhere.
json::array ModulesOn(const ExternalDevice& device, Services& services);

/// The ZIM files in its library.xml as GET-ZIM-STAT tells of those of the box. When a ZIM is newer than that file, it
/// is brought up to date first, unless the stick can only be read; that ends after `deadline`.
json::object ZimsOn(const ExternalDevice& device, Services& services, std::chrono::milliseconds deadline);

}  // namespace cmdsrv
