#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/config_rules.hpp"
#include "commands/handlers.hpp"
#include "content/ini_file.hpp"
#include "content/roles.hpp"
#include "content/variables_merge.hpp"
#include "content/yaml_reader.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kStateFile = "/etc/iiab/iiab_state.yml";
constexpr std::string_view kEnabled = "_enabled";

/// Who switches a service on wants it installed; who switches it off keeps it if it is there.
void AddInstallations(json::object& changes, Services& services) {
  const auto state = ReadFile(services.root.Path(kStateFile), kYamlLimit);
  const auto installed = InstalledRoles(state.value_or(""));
  json::object added;
  for (const auto& [name, value] : changes) {
    if (!name.ends_with(kEnabled) || !value.is_bool()) continue;
    const std::string role(name.substr(0, name.size() - kEnabled.size()));
    if (services.box.roles.Has(role)) added[role + "_install"] = value.get_bool() || installed.contains(role);
  }
  for (const auto& [name, value] : added) changes[name] = value;
}

}  // namespace

void TellHealth(const Variables& variables, HealthBoard& health) {
  std::vector<std::string> problems;
  for (const std::string& problem : {variables.local_problem, variables.defaults_problem}) {
    if (!problem.empty()) problems.push_back(problem);
  }
  if (problems.empty()) return health.Set("variables", PartState::Good);
  health.Set("variables", PartState::Degraded,
             fmt::format("{}; mend the file, it is read again at each use", fmt::join(problems, "; ")));
}

Result<Outcome> GetVars(const Arguments&, Services& services) {
  const auto variables = services.config.variables.Get();
  TellHealth(*variables, services.health);
  for (const std::string& problem : {variables->local_problem, variables->defaults_problem}) {
    if (!problem.empty()) return Fail(ErrorCode::Refused, "{}", problem);
  }
  return Answer(ReadyJson(variables, &variables->shown));
}

Result<Outcome> GetIiabIni(const Arguments&, Services& services) {
  const auto ini = IniFile::Read(services.settings.iiab_ini_file);
  if (!ini) return tl::unexpected(ini.error());
  return Answer(json::value(ini->ToJson()));
}

Result<Outcome> SetConf(const Arguments& arguments, Services& services) {
  json::object changes = *arguments.Object("config_vars");
  if (auto checked = CheckConfigVariables(changes); !checked) return tl::unexpected(checked.error());
  if (auto checked = CheckConfigFields(changes); !checked) return tl::unexpected(checked.error());
  if (services.jobs.Active().ansible) {
    return Fail(ErrorCode::Refused,
                "Cannot set Configuration while Ansible Command is Running. Please resubmit later.");
  }
  const auto variables = services.config.variables.Get();
  if (!variables->local_problem.empty()) return Fail(ErrorCode::Refused, "{}", variables->local_problem);
  changes = WithNumbers(std::move(changes), variables->effective);
  AddInstallations(changes, services);
  if (auto changed = ChangeVariablesFile(services.settings.iiab_local_vars_file, changes); !changed) {
    log::Error({"commands"}, "cannot set variables: {}", changed.error().message);
    return Fail(ErrorCode::Refused, "Unable to update local variables.");
  }
  std::vector<std::string_view> names;
  for (const auto& [name, value] : changes) names.push_back(name);
  constexpr std::size_t kLongestLine = 1000;
  log::Info({"commands"}, "set the variables {}", Shorten(fmt::format("{}", fmt::join(names, ", ")), kLongestLine));
  return Answer(Success{});
}

}  // namespace cmdsrv
