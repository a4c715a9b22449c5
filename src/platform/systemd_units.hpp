#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/root.hpp"

/// What systemd says about units. Any thread; nothing is cached, no connection is kept. Blocks at most the deadline.
namespace cmdsrv {

struct UnitFacts {
  std::string active = "inactive";  ///< systemd's word: "active", "failed", …
  std::string file = "not-found";   ///< systemd's word for the unit file: "enabled", "static", …

  bool IsActive() const;   ///< as exit status 0 of `systemctl is-active`
  bool IsEnabled() const;  ///< as exit status 0 of `systemctl is-enabled`
};

/// A name that systemd could know, with its suffix; never an option, a path or a pattern.
bool IsUnitName(std::string_view text);

/// The address of the bus where systemd is to be asked; empty where it does not run. In a box only one that the box
/// brings along.
std::string SystemBusAddress(const Root& root);

struct UnitQuestion {
  std::vector<std::string> units;  ///< IsUnitName; the answer has the same order
  std::chrono::milliseconds deadline{10'000};
  int stop_fd = -1;  ///< readable: give up
};

/// Over D-Bus, all units in one round. Unavailable or Timeout with the reason.
Result<std::vector<UnitFacts>> AskSystemd(const std::string& address, const UnitQuestion& question);

/// By running systemctl, once for all units (and once more for each template). Unavailable without one.
Result<std::vector<UnitFacts>> AskSystemctl(const Root& root, const UnitQuestion& question);

/// Over D-Bus, and when that cannot be had by systemctl.
Result<std::vector<UnitFacts>> LookAtUnits(const Root& root, const UnitQuestion& question);

}  // namespace cmdsrv
