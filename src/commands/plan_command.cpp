// PLAN: what another Command would do, by the very function that does it.

#include "commands/handlers.hpp"
#include "commands/preset_plan.hpp"
#include "platform/files.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

json::array DescribeSpace(const SpaceNeeds& needs, const Services& services) {
  json::array list;
  for (const SpaceNeeds::Standing& one : needs.Standings(services)) {
    list.push_back(json::object{{"directory", one.use.claim.directory},
                                {"volume", one.volume.name},
                                {"fetch", one.use.fetch},
                                {"peak", one.use.peak},
                                {"final", one.use.final},
                                {"available", one.volume.available},
                                {"promised", one.promised},
                                {"floor", one.volume.floor}});
  }
  return list;
}

json::array DescribeSteps(const std::vector<StepPlan>& steps,
                          const std::optional<std::pair<std::string, std::string>>& service) {
  json::array list;
  for (const StepPlan& step : steps) {
    json::object one{{"step", step.display}};
    if (step.after) one["after"] = *step.after + 1;
    const auto& needs = step.service ? step.service : service;
    if (needs && !step.after) one["waits_for"] = needs->first;
    list.push_back(std::move(one));
  }
  return list;
}

json::array ToArray(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

std::uint64_t Fetched(const std::vector<SpaceUse>& uses) {
  std::uint64_t bytes = 0;
  for (const SpaceUse& use : uses) bytes += use.fetch;
  return bytes;
}

json::object Describe(const std::vector<StepPlan>& steps, const SpaceNeeds& needs, const Services& services,
                      const std::optional<std::pair<std::string, std::string>>& service) {
  const std::string waits = needs.WhyWaiting(services);
  return {{"accepted", true},
          {"waits_for_space", waits.empty() ? json::value(nullptr) : json::value(waits)},
          {"steps", DescribeSteps(steps, service)},
          {"fetch", Fetched(needs.Uses())},
          {"space", DescribeSpace(needs, services)},
          {"services_added", json::array()},
          {"skipped", json::array()}};
}

Outcome Declined(const Error& error) {
  return Answer(json::value(json::object{{"accepted", false}, {"reason", error.message}}));
}

}  // namespace

Result<Outcome> PlanPresetCommand(const Arguments& arguments, Services& services) {
  const std::string id(*arguments.Text("preset_id"));
  const auto preset = FindPreset(id, services);
  if (!preset) return Declined(preset.error());
  const auto planned = PlanPreset(id, *preset, services);
  if (!planned) return Declined(planned.error());
  json::object reply = Describe(planned->steps, planned->space, services, std::nullopt);
  reply["services_added"] = ToArray(planned->added);
  reply["skipped"] = ToArray(planned->skipped);
  return Answer(json::value(std::move(reply)));
}

Result<Outcome> PlanCommand(const Arguments& arguments, Services& services) {
  const auto command = ParseCommand(*arguments.Text("command"));
  if (!command) return Fail(ErrorCode::Malformed, "command is no Command");
  const CommandRowInfo* row = FindCommand(command->verb);
  if (row == nullptr || row->planner == nullptr)
    return Fail(ErrorCode::Refused, "Only Commands that install, upgrade or copy content can be planned.");
  const auto checked = Arguments::Check(row->parameters, command->arguments);
  if (!checked) return Declined(checked.error());
  auto outcome = row->planner(*checked, services);
  if (!outcome) return Declined(outcome.error());
  const auto* plan = std::get_if<JobPlan>(&*outcome);
  if (plan == nullptr) return outcome;  // it has described itself
  SpaceNeeds needs(FloorOf(services.settings, services.root));
  needs.Add(plan->space);
  return Answer(json::value(Describe(plan->steps, needs, services, plan->service)));
}

}  // namespace cmdsrv
