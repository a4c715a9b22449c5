#include "commands/disks.hpp"

#include <algorithm>
#include <array>

namespace cmdsrv {

bool IsRemovable(const Disk& disk, const Root& root) {
  // Swap in use counts too: a disk that is pulled out then takes programs along.
  constexpr std::array<std::string_view, 7> kOfTheBox = {"/",    "/boot",    "/boot/firmware", "/boot/efi",
                                                         "/usr", "/library", "[SWAP]"};
  if (!disk.removable && disk.transport != "usb") return false;
  if (disk.bytes == 0) return false;
  return std::ranges::none_of(kOfTheBox, [&](std::string_view place) {
    const auto holds = [&](std::string_view point) {
      return std::ranges::find(disk.mount_points, point) != disk.mount_points.end();
    };
    return holds(place) || holds(root.Path(place));
  });
}

Result<std::vector<Disk>> FindRemovableDisks(const Services& services) {
  auto disks = ReadDisks(services.root, services.stop_fd);
  if (!disks) return disks;
  std::erase_if(*disks, [&](const Disk& disk) { return !IsRemovable(disk, services.root); });
  return disks;
}

}  // namespace cmdsrv
