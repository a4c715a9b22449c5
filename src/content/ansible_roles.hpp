#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

/// Which roles a run of RUN-ANSIBLE-ROLES is for (spec commands 6.3), and its playbook. Pure.
namespace cmdsrv {

/// A role as it is wanted and as it is.
struct RoleWish {
  std::string name;
  bool install = false;  ///< wanted
  bool enable = false;   ///< wanted
  bool installed = false;
  bool enabled = false;
  bool active = false;
};

struct RolesRun {
  std::vector<std::string> roles;  ///< names of the playbooks, in order
  json::object changes;            ///< of local_vars.yml
  bool installs = false;           ///< so it needs the internet
};

RolesRun PlanRolesRun(const std::vector<RoleWish>& wishes, bool add_network);

/// What the playbook of roles begins with: one play, the files of variables, the role 0-init. `files` are those that
/// exist, in the order in which later ones win. `become`: its tasks become root.
std::string RolesPlaybookHead(const std::vector<std::string>& files, bool become);

/// The head of an own file (assets/run-roles-base.yml) or of RolesPlaybookHead, with a line for each role.
std::string RolesPlaybook(std::string_view head, const std::vector<std::string>& roles);

}  // namespace cmdsrv
