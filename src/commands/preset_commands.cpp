#include <algorithm>

#include "base/log.hpp"
#include "base/names.hpp"
#include "commands/ansible_plans.hpp"
#include "commands/handlers.hpp"
#include "commands/preset_plan.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::size_t kMostText = 500;

Failure AnsibleFailed(std::string_view why) { return Fail(ErrorCode::Refused, "Ansible install step failed. {}", why); }

/// The menu first, then the services, then the content as soon as its service is there.
JobPlan Compose(const std::string& id, PresetPlan preset, std::optional<JobPlan> ansible) {
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep({"preset-menu", "--", id}, {"menus"}));
  const auto append = [&](std::vector<StepPlan> steps) {
    const std::size_t first = plan.steps.size();
    for (StepPlan& step : steps) {
      if (step.after) *step.after += first;
      plan.steps.push_back(std::move(step));
    }
  };
  if (ansible) {
    ansible->steps.front().ansible = ansible->steps.front().full_log = true;
    append(std::move(ansible->steps));
  }
  plan.space = preset.space.Uses();
  append(std::move(preset.steps));
  return plan;
}

std::string Warnings(const PresetPlan& preset) {
  std::string text;
  if (!preset.added.empty())
    text = fmt::format("WARNING: The following services were added - {}", fmt::join(preset.added, ", "));
  if (!preset.skipped.empty())
    text += fmt::format("{}WARNING: The following items were skipped - {}", text.empty() ? "" : " ",
                        fmt::join(preset.skipped, "; "));
  return text;
}

bool IsPresetName(std::string_view name) { return IsMenuDir(name) && !name.starts_with('-'); }

bool IsPlainText(std::string_view text) {
  const auto characters = std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return static_cast<std::size_t>(characters) <= kMostText && std::ranges::none_of(text, is_control);
}

}  // namespace

Result<Outcome> GetPresetList(const Arguments&, Services& services) {
  PresetList list = ListPresets(services.settings.presets_dir);
  for (const std::string& skipped : list.skipped) log::Warning(kCommands, "{}", skipped);
  return Answer(json::value(std::move(list.presets)));
}

Result<Preset> FindPreset(const std::string& id, const Services& services) {
  auto preset = ReadPreset(services.settings.presets_dir, id);
  if (preset) return preset;
  if (preset.error().code == ErrorCode::NotFound) return Fail(ErrorCode::Refused, "Preset {} not found.", id);
  log::Warning(kCommands, "{}", preset.error().message);
  return Fail(ErrorCode::Refused, "Preset {} has errors in the json.", id);
}

Result<Outcome> InstallPreset(const Arguments& arguments, Services& services) {
  const std::string id(*arguments.Text("preset_id"));
  const auto preset = FindPreset(id, services);
  if (!preset) return tl::unexpected(preset.error());
  // Everything that can refuse comes before the first change.
  if (AnsibleIsComing(services)) return AnsibleFailed("Ansible Command already Running.");
  auto planned = PlanPreset(id, *preset, services);
  if (!planned) return tl::unexpected(std::move(planned.error()));
  auto roles = PlanAnsibleRoles(services, false, planned->variables);
  if (!roles) return AnsibleFailed(roles.error().message);
  if (const auto set = SetLocalVariables(services, roles->changes); !set) return AnsibleFailed(set.error().message);
  std::string warnings = Warnings(*planned);
  Answer answer = Success{"All jobs scheduled"};
  if (!warnings.empty()) answer = Warning{std::move(warnings)};
  return AnsweredPlan{std::move(answer), Compose(id, *std::move(planned), std::move(roles->job))};
}

Result<Outcome> MakePreset(const Arguments& arguments, Services& services) {
  const std::string name(*arguments.Text("preset_name"));
  if (name.empty()) return Fail(ErrorCode::Malformed, "preset_name is empty");
  if (!IsPresetName(name)) return Fail(ErrorCode::Refused, "Preset name may only contain letters, digits, - and _.");
  if (IsSuppliedPreset(services.settings.presets_dir, name))
    return Fail(ErrorCode::Refused, "'{}' is a supplied preset and cannot be overwritten.", name);
  std::vector<std::string> step{"make-preset"};
  const std::pair<const char*, const char*> texts[] = {
      {"title", "--title"}, {"description", "--description"}, {"default_lang", "--lang"}, {"location", "--location"}};
  for (const auto& [key, option] : texts) {
    const std::string_view text = arguments.Text(key).value_or("");
    if (!IsPlainText(text)) return Fail(ErrorCode::Malformed, "{} is longer than 500 characters or no plain text", key);
    if (!text.empty()) step.push_back(fmt::format("{}={}", option, text));
  }
  step.insert(step.end(), {"--", name});
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep(std::move(step), {"presets"}));
  return plan;
}

}  // namespace cmdsrv
