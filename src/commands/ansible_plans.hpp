#pragma once

#include <optional>

#include "commands/services.hpp"

namespace cmdsrv {

/// An Ansible job runs or waits for its turn.
bool AnsibleIsComing(const Services& services);

/// How the roles of the box become what the variables want of them.
struct RolesPlan {
  json::object changes;        ///< of local_vars.yml; to be set before the job is submitted
  std::optional<JobPlan> job;  ///< none when all roles are as requested
};

/// For RUN-ANSIBLE-ROLES, and for INST-PRESETS with the variables that it is going to set. Changes nothing. Errors are
/// Refused or Unavailable: an Ansible job runs or waits; the variables or the state of the roles cannot be read; a role
/// is to be installed without internet; there is no Ansible.
Result<RolesPlan> PlanAnsibleRoles(Services& services, bool add_network, const json::object& coming = {});

/// Sets them in local_vars.yml. Refused, and logged: the file cannot be read or written; it is as it was then.
Result<void> SetLocalVariables(const Services& services, const json::object& changes);

}  // namespace cmdsrv
