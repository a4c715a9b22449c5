#pragma once

#include "base/json.hpp"
#include "commands/services.hpp"

namespace cmdsrv {

/// The reply of GET-NETWORK-INFO, to which GET-SYSTEM-INFO adds. What cannot be learned is empty. On a Raspberry Pi it
/// takes as long as NetworkManager takes to list access points, at most 20 s; elsewhere some milliseconds.
json::object DescribeNetwork(Services& services);

/// From the device tree or, without one, /proc/cpuinfo.
bool IsRaspberryPi(const Root& root);

}  // namespace cmdsrv
