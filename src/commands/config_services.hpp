#pragma once

#include <functional>

#include "commands/ansible_facts.hpp"
#include "commands/health.hpp"
#include "content/settings.hpp"
#include "content/variables.hpp"

namespace cmdsrv {

/// What the handlers of variables and Ansible share. Safe to use from several workers at once.
struct ConfigServices {
  explicit ConfigServices(const Settings& settings)
      : variables(settings.iiab_repo + "vars/default_vars.yml", settings.iiab_local_vars_file,
                  settings.secret_variables) {}

  VariablesCache variables;
  AnsibleFacts facts;
  std::function<bool()> internet = [] { return false; };  ///< is it there; may take a few seconds
};

/// Says in GET-HEALTH whether the variables can be read.
void TellHealth(const Variables& variables, HealthBoard& health);

}  // namespace cmdsrv
