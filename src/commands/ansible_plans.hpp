#pragma once

#include "commands/services.hpp"

namespace cmdsrv {

/// An Ansible job runs or waits for its turn.
bool AnsibleIsComing(const Services& services);

/// The steps that make the roles of the box as local_vars.yml wants them (RUN-ANSIBLE-ROLES; INST-PRESETS too). Sets
/// the variables of roles that are to be switched off. Errors are Refused, and nothing was changed then: an Ansible job
/// runs or waits; "All Roles are already As Requested."; a role is to be installed without internet.
Result<JobPlan> PlanAnsibleRoles(Services& services, bool add_network);

}  // namespace cmdsrv
