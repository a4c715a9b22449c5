#pragma once

#include "commands/power_switch.hpp"
#include "commands/role_status.hpp"
#include "commands/shared_run.hpp"

namespace cmdsrv {

/// What the handlers of the box itself share: services, devices, power. Safe to use from several workers at once.
struct BoxServices {
  BoxServices(const Settings& settings, const Root& root, VariableOf variable)
      : roles(settings, root, std::move(variable)), power(settings, root) {}

  RoleReader roles;
  SharedRun hardware;  ///< lshw
  PowerSwitch power;
};

}  // namespace cmdsrv
