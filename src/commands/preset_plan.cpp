#include "commands/preset_plan.hpp"

#include <algorithm>

#include "commands/handlers.hpp"
#include "content/variables.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

/// A Command that installs one thing of a preset.
struct Item {
  std::string shown;  ///< "zim wikem_en_all"
  std::string_view verb;
  json::object arguments;
};

bool IsDirectory(const std::string& path) {
  const auto facts = Look(path);
  return facts && facts->is_directory;
}

class Items {
 public:
  Items(const PresetContent& content, Services& services) : content_(content), services_(services) {}

  /// What is not there yet; what nobody offers goes to `skipped`.
  std::vector<Item> Missing(std::vector<std::string>& skipped) {
    AddZims(skipped);
    for (const std::string& module : content_.modules) {
      if (!IsDirectory(services_.settings.modules_dir + module))
        items_.push_back({"module " + module, "INST-OER2GO-MOD", {{"moddir", module}}});
    }
    const auto maps = services_.content.maps.Get();
    for (const std::string& map : content_.maps) {
      const CatalogMap* known = maps ? (*maps)->Find(map) : nullptr;
      const auto there = Look(services_.settings.map_tiles_dir + map);
      if (there && (known == nullptr || known->bytes == 0 || known->bytes == there->bytes)) continue;
      items_.push_back({"map " + map, "INST-OSM-VECT-SET", {{"osm_vect_id", map}}});
    }
    AddKolibri();
    return std::move(items_);
  }

 private:
  void AddZims(std::vector<std::string>& skipped) {
    if (content_.zims.empty()) return;
    const auto catalog = services_.zim_catalog.Get();
    const auto newest = catalog ? (*catalog)->Newest() : std::unordered_map<std::string_view, const CatalogZim*>();
    const auto library = services_.library.Get();
    for (const std::string& perma_ref : content_.zims) {
      const auto found = newest.find(perma_ref);
      if (found == newest.end()) {
        skipped.push_back(fmt::format("zim {}: not in the catalog", perma_ref));
      } else if (!library->Has(found->second->id)) {
        items_.push_back({"zim " + perma_ref, "INST-ZIMS", {{"zim_id", found->second->id}}});
      }
    }
  }

  void AddKolibri() {
    constexpr std::size_t kMostOfOneCommand = 100;
    for (std::size_t first = 0; first < content_.channels.size(); first += kMostOfOneCommand) {
      json::array channels;
      for (std::size_t i = first; i < std::min(first + kMostOfOneCommand, content_.channels.size()); ++i) {
        const KolibriChannel& channel = content_.channels[i];
        json::object one{{"channel_id", channel.channel_id}};
        if (!channel.node_id.empty()) one["node_id"] = channel.node_id;
        channels.push_back(std::move(one));
      }
      items_.push_back({"kolibri", "INST-KOLIBRI", {{"channels", std::move(channels)}}});
    }
  }

  const PresetContent& content_;
  Services& services_;
  std::vector<Item> items_;
};

/// By the planner of the verb itself.
Result<JobPlan> PlanItem(const Item& item, Services& services) {
  const CommandRowInfo& row = *FindCommand(item.verb);  // the verbs are those of this file
  const auto arguments = Arguments::Check(row.parameters, item.arguments);
  if (!arguments) return tl::unexpected(arguments.error());
  auto outcome = row.planner(*arguments, services);
  if (!outcome) return tl::unexpected(std::move(outcome.error()));
  if (auto* plan = std::get_if<JobPlan>(&*outcome)) return std::move(*plan);
  return JobPlan{};  // answered at once: there is nothing to do
}

void Append(PresetPlan& preset, JobPlan plan) {
  const std::size_t first = preset.steps.size();
  for (StepPlan& step : plan.steps) {
    if (step.after) {
      *step.after += first;
    } else {
      step.service = plan.service;
      // Each item waits for its own space: what fits does not wait for what does not.
      for (SpaceUse& use : plan.space) step.space.push_back(use.claim);
    }
    preset.steps.push_back(std::move(step));
  }
  preset.space.Add(plan.space);
}

/// Services that the content needs, as far as neither the box nor the preset wants them already.
void AddServices(PresetPlan& plan, const Preset& preset, Services& services) {
  const auto box = services.config.variables.Get();
  plan.variables = preset.variables;
  const auto wanted = [&](const std::string& name) {
    const json::value* own = plan.variables.if_contains(name);
    return own != nullptr ? own->is_bool() && own->get_bool() : box->Flag(name);
  };
  const auto need = [&](const std::string& role, std::string_view shown) {
    if (wanted(role + "_install") && wanted(role + "_enabled")) return;
    plan.variables[role + "_install"] = true;
    plan.variables[role + "_enabled"] = true;
    plan.added.emplace_back(shown);
  };
  if (!preset.content.zims.empty()) need("kiwix", "Kiwix");
  if (!preset.content.maps.empty()) need("osm_vector_maps", "OSM Vector Maps");
  if (!preset.content.channels.empty()) {
    need("kolibri", "Kolibri");
    if (!preset.content.kolibri_language.empty()) plan.variables["kolibri_language"] = preset.content.kolibri_language;
  }
}

}  // namespace

Result<PresetPlan> PlanPreset(const std::string& id, const Preset& preset, Services& services) {
  const auto no_space = [&] { return Fail(ErrorCode::Refused, "Not enough storage space for Preset {}.", id); };
  PresetPlan plan(FloorOf(services.settings, services.root));
  AddServices(plan, preset, services);
  for (const Item& item : Items(preset.content, services).Missing(plan.skipped)) {
    auto one = PlanItem(item, services);
    if (one) {
      Append(plan, *std::move(one));
    } else if (one.error().message.starts_with("Not enough storage space")) {
      return no_space();
    } else {
      plan.skipped.push_back(fmt::format("{}: {}", item.shown, one.error().message));
    }
  }
  if (!plan.space.Fit(services)) return no_space();
  return plan;
}

std::vector<UnfinishedCommand> UnfinishedContent(Services& services) {
  std::vector<UnfinishedCommand> all = services.jobs.Unfinished();
  const std::size_t count = all.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (VerbOf(all[i].message) != "INST-PRESETS") continue;
    const auto command = ParseCommand(all[i].message);
    if (!command) continue;
    const auto preset =
        ReadPreset(services.settings.presets_dir, std::string(TextMember(command->arguments, "preset_id")));
    if (!preset) continue;
    std::vector<std::string> skipped;
    for (const Item& item : Items(preset->content, services).Missing(skipped))
      all.push_back({all[i].id, fmt::format("{} {}", item.verb, PrintJson(item.arguments))});
  }
  return all;
}

}  // namespace cmdsrv
