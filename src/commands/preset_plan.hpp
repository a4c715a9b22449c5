#pragma once

#include <string>
#include <vector>

#include "commands/services.hpp"
#include "commands/space_needs.hpp"
#include "content/presets.hpp"

namespace cmdsrv {

/// What installing a preset means on this box now: what is there already is left out.
struct PresetPlan {
  explicit PresetPlan(SpaceFloor floor) : space(std::move(floor)) {}

  std::vector<StepPlan> steps;  ///< of the content, each with the service that it waits for
  SpaceNeeds space;
  std::vector<std::string> skipped;  ///< "zim wikem_en_all: Zim ID not found"
  std::vector<std::string> added;    ///< shown names of services that it needs and the box has not
  json::object variables;            ///< for local_vars.yml
};

/// Refused when there is no such preset, or one of its files cannot be read.
Result<Preset> FindPreset(const std::string& id, const Services& services);

/// Nothing is changed. Each item is planned by the very Command that would install it alone. Errors: Refused when the
/// space does not suffice.
Result<PresetPlan> PlanPreset(const std::string& id, const Preset& preset, Services& services);

/// The unfinished Commands, and for each preset among them those that would install what it still lacks: for tables of
/// what is under way.
std::vector<UnfinishedCommand> UnfinishedContent(Services& services);

}  // namespace cmdsrv
