#include "content/removable_disks.hpp"

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

const Disk* FindRemovable(const std::vector<Disk>& disks, std::string_view path, const Root& root) {
  const auto found = std::ranges::find(disks, path, &Disk::path);
  return found != disks.end() && IsRemovable(*found, root) ? &*found : nullptr;
}

}  // namespace cmdsrv
