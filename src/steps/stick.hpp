#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"
#include "steps/context.hpp"

/// Sticks: what is on them is hostile, and they may be pulled out at any moment.
namespace cmdsrv {

/// "" for "internal", "/media/usb0" for a stick; Malformed for everything else.
Result<std::string> ReadDeviceName(std::string_view text);

struct CopyRoute {
  std::string from, to;  ///< exactly one of them is "", the box
};

/// The values of --from and --to. Malformed when not exactly one of them is the box.
Result<CopyRoute> ReadCopyRoute(std::string_view from, std::string_view to);

/// The directory of a mounted stick. Unavailable when nothing is mounted there: copying there would fill the disk of
/// the box.
Result<UniqueFd> OpenStick(const Context& context, const std::string& usb);

/// A directory by its descriptor and by the path that programs get.
struct OpenPlace {
  UniqueFd directory;
  std::string path;  ///< ends in '/'
};

}  // namespace cmdsrv
