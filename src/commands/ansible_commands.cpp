#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/ansible_plans.hpp"
#include "commands/handlers.hpp"
#include "content/ansible_roles.hpp"
#include "content/variables_merge.hpp"
#include "platform/box_facts.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kAllTags = "ALL-TAGS";
constexpr std::size_t kMostTags = 100;
constexpr std::string_view kTagsMark = "TASK TAGS: ";
constexpr std::string_view kLock = "ansible";

Failure AlreadyRunning() { return Fail(ErrorCode::Refused, "Ansible Command already Running."); }

bool IsTag(std::string_view tag) {
  constexpr std::string_view kInside = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !tag.empty() && tag.front() != '-' && tag.find_first_not_of(kInside) == std::string_view::npos;
}

bool AreTags(std::string_view text) {
  const auto tags = Split(text, ',');
  return tags.size() <= kMostTags && std::ranges::all_of(tags, IsTag);
}

JobPlan PlanAnsible(StepPlan step) {
  step.locks.emplace_back(kLock);
  JobPlan plan;
  plan.ansible = true;
  plan.full_log = true;
  plan.steps.push_back(std::move(step));
  return plan;
}

/// The settings' directories end in '/'.
std::string InRepo(const Services& services, std::string_view name) {
  return fmt::format("{}{}", services.settings.iiab_repo, name);
}

/// Roles that the local variables speak of, as they are wanted and as they are.
std::vector<RoleWish> WishesOf(const Variables& variables, const RoleReader::Statuses& statuses) {
  std::vector<RoleWish> wishes;
  for (const auto& [role, status] : statuses.of) {
    if (!variables.local.contains(role + "_install")) continue;
    wishes.push_back({.name = role,
                      .install = variables.Flag(role + "_install"),
                      .enable = variables.Flag(role + "_enabled"),
                      .installed = status.installed,
                      .enabled = status.enabled,
                      .active = status.active});
  }
  return wishes;
}

}  // namespace

bool AnsibleIsComing(const Services& services) {
  const ActiveSummary jobs = services.jobs.Active();
  return jobs.ansible || jobs.ansible_waiting;
}

Result<RolesPlan> PlanAnsibleRoles(Services& services, bool add_network, const json::object& coming) {
  if (AnsibleIsComing(services)) return AlreadyRunning();
  const auto variables = services.config.variables.Get();
  if (!variables->local_problem.empty()) return Fail(ErrorCode::Refused, "{}", variables->local_problem);
  const auto statuses = services.box.roles.Look({}, services.stop_fd);
  // A role whose unit cannot be seen would count as switched off, and be made anew.
  if (!statuses.trouble.empty()) return Fail(ErrorCode::Unavailable, "{}", statuses.trouble);
  RolesRun run = PlanRolesRun(WishesOf(variables->With(coming), statuses), add_network);
  RolesPlan plan{coming, {}};
  if (run.roles.empty()) return plan;
  if (run.installs && !services.config.internet()) {
    return Fail(ErrorCode::Refused, "Internet is Required to install a Service, but is Not Available.");
  }
  if (auto program = services.root.FindProgram(services.settings.ansible_playbook_program); !program)
    return tl::unexpected(std::move(program.error()));
  for (const auto& [name, value] : run.changes) plan.changes[name] = value;
  std::vector<std::string> step{"run-roles", "--"};
  step.insert(step.end(), run.roles.begin(), run.roles.end());
  plan.job = PlanAnsible(PlanOwnStep(std::move(step), {}));
  plan.job->steps.push_back(PlanOwnStep({"update-menus"}, {"menus"}));
  plan.job->steps.back().after = 0;
  return plan;
}

Result<void> SetLocalVariables(const Services& services, const json::object& changes) {
  if (changes.empty()) return {};
  const auto changed = ChangeVariablesFile(services.settings.iiab_local_vars_file, changes);
  if (changed) return {};
  log::Error({"commands"}, "cannot set variables: {}", changed.error().message);
  return Fail(ErrorCode::Refused, "Unable to update local variables.");
}

Result<Outcome> GetAns(const Arguments&, Services& services) {
  const std::chrono::seconds wait(std::min(services.settings.handler_deadline_s, 50));
  auto facts = services.config.facts.Get(wait, services.stop_fd);
  if (facts) return Answer(std::move(facts));
  return Answer(json::value(CompleteFacts({}, ReadBoxFacts(services.root))));
}

Result<Outcome> GetAnsTags(const Arguments&, Services& services) {
  const auto failed = [](std::string_view why) {
    log::Warning({"commands"}, "cannot read the tags of Ansible: {}", why);
    return Fail(ErrorCode::Refused, "Unable to read Ansible tags");
  };
  const auto program = services.root.FindProgram(services.settings.ansible_playbook_program);
  if (!program) return failed(program.error().message);
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  const auto outcome = RunForHandler(services,
                                     {*program, "-i", InRepo(services, "ansible_hosts"),
                                      InRepo(services, "iiab-from-console.yml"), "--connection=local", "--list-tags"},
                                     deadline);
  if (!outcome) return failed(outcome.error().message);
  const std::string_view output = outcome->output;
  const auto at = output.find(kTagsMark);
  if (at == std::string_view::npos) return failed(WhyNot(outcome));
  const std::string_view rest = output.substr(at + kTagsMark.size());
  const std::string tags = ToUtf8(Trim(rest.substr(0, rest.find('\n'))));
  return Answer(json::value(json::object{{"ansible_tags", tags}}));
}

Result<Outcome> RunAnsible(const Arguments& arguments, Services& services) {
  const std::string_view tags = *arguments.Text("tags");
  if (!AreTags(tags)) return Fail(ErrorCode::Malformed, "argument tags is no list of tags");
  if (services.jobs.Active().ansible) return AlreadyRunning();
  const auto program = services.root.FindProgram(services.settings.ansible_playbook_program);
  if (!program) return tl::unexpected(program.error());
  StepPlan step;
  step.argv = {*program,
               "-M",
               InRepo(services, "modules"),
               "-i",
               InRepo(services, "ansible_hosts"),
               InRepo(services, "iiab-from-console.yml"),
               "--connection=local"};
  if (tags != kAllTags) step.argv.push_back(fmt::format("--tags={}", tags));
  return PlanAnsible(std::move(step));
}

Result<Outcome> RunAnsibleRoles(const Arguments& arguments, Services& services) {
  auto plan = PlanAnsibleRoles(services, arguments.Flag("add_network").value_or(false));
  if (!plan) return tl::unexpected(std::move(plan.error()));
  if (!plan->job) return Fail(ErrorCode::Refused, "All Roles are already As Requested.");
  if (auto set = SetLocalVariables(services, plan->changes); !set) return tl::unexpected(std::move(set.error()));
  return Outcome(*std::move(plan->job));
}

Result<Outcome> ResetNetwork(const Arguments&, Services& services) {
  if (services.jobs.Active().ansible) return AlreadyRunning();
  StepPlan step;
  step.argv = {InRepo(services, "iiab-network")};
  if (!Look(step.argv.front())) return Fail(ErrorCode::Unavailable, "There is no {}.", step.argv.front());
  JobPlan plan = PlanAnsible(std::move(step));
  // The program insists on its own directory.
  plan.cwd = services.settings.iiab_repo.substr(0, services.settings.iiab_repo.size() - 1);
  return plan;
}

}  // namespace cmdsrv
