#include "content/ansible_roles.hpp"

#include "content/roles.hpp"
#include "content/yaml_scalar.hpp"

namespace cmdsrv {

RolesRun PlanRolesRun(const std::vector<RoleWish>& wishes, bool add_network) {
  RolesRun run;
  for (const RoleWish& wish : wishes) {
    if (wish.install == wish.installed && wish.enable == wish.active) continue;
    if (wish.install && !wish.installed) {
      run.installs = true;
    } else if (!wish.install && wish.installed) {
      // Nothing takes a role away again, but it can be switched off.
      if (!wish.enable && !wish.enabled && !wish.active) continue;
      if (wish.enable) run.changes[wish.name + "_enabled"] = false;
    } else if (!wish.installed) {
      continue;  // its playbook would install what nobody wants
    }
    run.roles.emplace_back(PlaybookName(wish.name));
  }
  if (add_network) run.roles.emplace_back("network");
  return run;
}

std::string RolesPlaybookHead(const std::vector<std::string>& files, bool become) {
  std::string text =
      "# Made by iiab-cmdsrv for one run, and removed after it.\n"
      "- hosts: all\n";
  if (become) text += "  become: yes\n";
  text +=
      "\n"
      "  vars:\n"
      "    # Playbooks expect these, the defaults have them no more.\n"
      "    kalite_install: False\n"
      "    kalite_enabled: False\n"
      "    kalite_server_port: 8008\n"
      "    kalite_root: \"{{ content_base }}/ka-lite\"\n"
      "\n";
  if (!files.empty()) text += "  vars_files:\n";
  for (const std::string& file : files) text += "    - " + SpellScalar(json::value(file)) + "\n";
  return text + "\n  roles:\n    - { role: 0-init }\n";
}

std::string RolesPlaybook(std::string_view head, const std::vector<std::string>& roles) {
  std::string text(head);
  if (!text.ends_with('\n')) text += '\n';
  for (const std::string& role : roles) text += "    - { role: " + role + " }\n";
  return text;
}

}  // namespace cmdsrv
