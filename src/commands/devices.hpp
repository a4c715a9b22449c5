#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/services.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// Where content lies: in the box itself, or on a stick.
struct Device {
  std::string name;  ///< "internal" or "/media/usb0"
  std::string path;  ///< of the mount point, inside the root; empty for internal
  bool IsInternal() const { return path.empty(); }
};

/// Empty when the text names neither.
std::optional<Device> ReadDevice(std::string_view text, const Root& root);

/// Internal, or mounted now.
bool IsReady(const Device& device);

enum class Place { Zims, Indexes, Modules };

/// The directory of the device that holds this. What lies on a stick is hostile: no link on the way there is followed.
Result<UniqueFd> OpenPlace(const Device& device, Place place, const Settings& settings);

/// The same directory as a path without a slash at its end, for numbers only: nobody promises where it leads.
std::string PathOf(const Device& device, Place place, const Settings& settings);

/// Names in an open directory.
Result<std::vector<std::string>> NamesIn(const UniqueFd& directory);

/// Names of ZIM files (without ".zim") and of modules that unfinished Commands download, copy or upgrade.
struct NamesAtWork {
  std::set<std::string, std::less<>> zims;
  std::set<std::string, std::less<>> zim_perma_refs;
  std::set<std::string, std::less<>> modules;

  bool HasZim(std::string_view stem) const;
};
NamesAtWork FindNamesAtWork(Services& services);

}  // namespace cmdsrv
