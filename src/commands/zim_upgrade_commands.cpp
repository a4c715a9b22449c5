#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "commands/preset_plan.hpp"
#include "commands/space_needs.hpp"
#include "commands/work_in_progress.hpp"
#include "content/zim_upgrades.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

Result<std::vector<ZimUpgrade>> FindThem(Services& services) {
  const std::string& file = services.settings.kiwix_catalog_file;
  if (!Look(file)) return Fail(ErrorCode::NotFound, "there is no {}", file);
  return services.zim_catalog.Get().and_then(
      [&](const auto& catalog) { return ReadUpgrades(services.settings, *catalog); });
}

Result<std::vector<ZimUpgrade>> FindOrSay(Services& services) {
  auto upgrades = FindThem(services);
  if (upgrades) return upgrades;
  if (upgrades.error().code == ErrorCode::NotFound) return std::vector<ZimUpgrade>{};  // nothing was ever indexed
  log::Warning({"commands"}, "cannot tell which ZIMs can be upgraded: {}", upgrades.error().message);
  return Fail(ErrorCode::Refused, "Unable to determine upgradeable Zims");
}

/// The names of ZIM files that unfinished Commands copy or delete: stems without ".zim".
std::set<std::string> NamesInUse(const std::vector<UnfinishedCommand>& unfinished) {
  std::set<std::string> names;
  for (const UnfinishedCommand& item : unfinished) {
    const auto command = ParseCommand(item.message);
    if (!command) continue;
    const json::object& arguments = command->arguments;
    if (command->verb == "COPY-ZIMS") names.emplace(TextMember(arguments, "file_ref"));
    const char* list = command->verb == "DEL-CONTENT" ? "zims" : command->verb == "DEL-MODULES" ? "mod_list" : nullptr;
    if (list == nullptr) continue;
    const json::value* content = arguments.if_contains("content");
    const json::object& holder = content != nullptr && content->is_object() ? content->get_object() : arguments;
    const json::value* zims = holder.if_contains(list);
    if (zims == nullptr || !zims->is_array()) continue;
    for (const json::value& zim : zims->get_array()) {
      if (zim.is_string()) names.emplace(zim.get_string());
    }
  }
  return names;
}

bool IsBeingInstalledOrUpgraded(const std::vector<UnfinishedCommand>& unfinished) {
  return std::ranges::any_of(unfinished, [](const UnfinishedCommand& item) {
    const std::string_view verb = VerbOf(item.message);
    return verb == "UPGRADE-ZIMS" || verb == "INST-ZIMS" || verb == "INST-ZIM";
  });
}

/// Those of the given names, in their order. Malformed when one of them cannot be upgraded or comes twice.
Result<std::vector<ZimUpgrade>> Choose(const std::vector<ZimUpgrade>& upgrades, const std::vector<std::string>& names) {
  if (names.empty()) return Fail(ErrorCode::Malformed, "zim_permarefs is empty");
  std::vector<ZimUpgrade> chosen;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(upgrades, name, &ZimUpgrade::perma_ref);
    if (found == upgrades.end()) return Fail(ErrorCode::Malformed, "there is no upgrade for the ZIM {}", name);
    if (!seen.insert(name).second) return Fail(ErrorCode::Malformed, "the ZIM {} comes twice", name);
    chosen.push_back(*found);
  }
  return chosen;
}

JobPlan Plan(const std::vector<ZimUpgrade>& chosen) {
  std::vector<std::string> upgrade{"upgrade-zims", "--partly-is-success", "-z", "--"};
  std::set<std::string> locks;
  for (const ZimUpgrade& one : chosen) {
    upgrade.push_back(one.perma_ref);
    locks.insert({"zim:" + one.old_stem, "zim:" + one.zim.file_ref});
    // The archive of an old entry is installed and indexed by the step itself.
    if (one.zim.source == ZimSource::Portable) locks.insert({"kiwix-library", "menus"});
  }
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep(std::move(upgrade), {locks.begin(), locks.end()}));
  plan.steps.back().retry = RetryPolicy::Temporary;
  plan.steps.push_back(PlanOwnStep({"make-kiwix-lib"}, {"kiwix-library"}));
  plan.steps.back().merge = "kiwix-index";
  plan.steps.back().after = 0;
  return plan;
}

}  // namespace

Result<Outcome> GetUpgradeableZims(const Arguments&, Services& services) {
  const auto upgrades = FindOrSay(services);
  if (!upgrades) return tl::unexpected(upgrades.error());
  return Answer(json::value(DescribeUpgrades(*upgrades)));
}

Result<Outcome> UpgradeZims(const Arguments& arguments, Services& services) {
  const auto unfinished = UnfinishedContent(services);
  if (IsBeingInstalledOrUpgraded(unfinished))
    return Fail(ErrorCode::Refused, "ZIMs already being installed or upgraded.");
  const auto upgrades = FindOrSay(services);
  if (!upgrades) return tl::unexpected(upgrades.error());
  const auto chosen = Choose(*upgrades, arguments.TextList("zim_permarefs"));
  if (!chosen) return tl::unexpected(chosen.error());
  const auto in_use = NamesInUse(unfinished);
  for (const ZimUpgrade& one : *chosen) {
    if (in_use.contains(one.old_stem) || in_use.contains(one.zim.file_ref))
      return Fail(ErrorCode::Refused, "{} is being copied or deleted", one.old_stem);
  }
  JobPlan plan = Plan(*chosen);
  SpaceNeeds needs(FloorOf(services.settings, services.root));
  for (const ZimUpgrade& one : *chosen) {
    needs.Add(NeedsOf(one.zim, services).Uses());
    needs.AddFreed(services.settings.zim_dir + "content/", one.old_size_k * 1024);
  }
  if (!needs.Fit(services)) return Fail(ErrorCode::Refused, "Not enough storage space for Zims");
  plan.space = needs.Uses();
  return plan;
}

}  // namespace cmdsrv
