// make-preset: what is on this box becomes a preset.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <set>

#include "base/clock.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/map_catalog.hpp"
#include "content/menu.hpp"
#include "content/menu_defs.hpp"
#include "content/module_catalog.hpp"
#include "content/presets.hpp"
#include "content/roles.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"
#include "platform/systemd_units.hpp"
#include "platform/trees.hpp"
#include "steps/options.hpp"
#include "steps/preset_learning.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr std::string_view kNoTitle = "Put a title here";
constexpr std::string_view kSampleModule = "en-test_mod";
constexpr std::string_view kSampleZim = "test";

/// Roles that are active now. When nobody can tell about services, only those that are known by files.
std::vector<std::string> ActiveRoles(const Context& context) {
  const auto table = RoleTableCache(context.settings.cmdsrv_dir + "roles.json").Get();
  const auto installed =
      InstalledRoles(ReadFile(context.root.Path("/etc/iiab/iiab_state.yml")).value_or(std::string()));
  std::vector<std::string> active, with_unit;
  UnitQuestion question{.units = {}};
  for (const RoleRow& row : table->Rows()) {
    const std::string unit = UnitOrFileOf(row, {});
    bool is_active = false;
    switch (row.source) {
      case RoleSource::Service:
        with_unit.push_back(row.name);
        question.units.push_back(unit);
        break;
      case RoleSource::NginxConf: is_active = Look(context.root.Path("/etc/nginx/conf.d/" + unit)).has_value(); break;
      case RoleSource::NginxSite:
        is_active = Look(context.root.Path("/etc/nginx/sites-enabled/" + unit)).has_value();
        break;
      case RoleSource::Install: is_active = installed.contains(row.name); break;
      case RoleSource::Apache: break;
    }
    if (is_active) active.push_back(row.name);
  }
  const auto facts = LookAtUnits(context.root, question);
  if (!facts) Say("warning: {}; services are not taken into the preset", facts.error().message);
  for (std::size_t i = 0; facts && i < with_unit.size(); ++i) {
    if ((*facts)[i].IsActive()) active.push_back(with_unit[i]);
  }
  std::ranges::sort(active);
  return active;
}

/// A name that is no text would make a preset that nobody can read.
std::vector<std::string> Names(const std::string& directory) {
  auto names = ListDirectory(directory).value_or(std::vector<std::string>{});
  std::erase_if(names, [&](const std::string& name) {
    if (IsUtf8(name)) return false;
    Say("left out {}{}: its name is no valid UTF-8", directory, ToUtf8(name));
    return true;
  });
  return names;
}

json::array ToArray(const std::set<std::string>& names) { return json::array(names.begin(), names.end()); }

class Maker {
 public:
  Maker(const Context& context, const Options& options)
      : context_(context), settings_(context.settings), options_(options), name_(options.Operands().front()) {}

  StepEnd Run() {
    const std::string menu_name = options_.Has("-m") ? options_.Text("-m") : "home";
    if (!IsMenuDir(menu_name)) return Fail(ErrorCode::Malformed, "-m must be the name of a menu directory");
    const std::string menu_file = fmt::format("{}{}/menu.json", settings_.doc_root, menu_name);
    const auto menu = ReadMenu(menu_file);
    if (!menu) return Failure(menu.error());
    if (options_.Has("-n")) {
      if (auto taken = TakeFromMenu(MenuItems(menu->document)); !taken) return Failure(taken.error());
    } else {
      TakeFromBox();
    }
    TakeMaps();
    roles_ = ActiveRoles(context_);
    TakeLearning();
    const std::string draft = fmt::format("{}.{}.draft/", settings_.presets_dir, name_);
    if (auto removed = RemoveTree(draft); !removed) return Failure(removed.error());
    if (auto made = MakeDirectories(draft, 0755); !made) return Failure(made.error());
    const std::pair<const char*, std::string> files[] = {{"preset.json", PrintJsonIndented(Describe())},
                                                         {"menu.json", PrintJsonIndented(menu->document)},
                                                         {"vars.yml", Variables()},
                                                         {"content.json", PrintJsonIndented(Content())}};
    for (const auto& [file, text] : files) {
      if (auto written = WriteFileAtomically(draft + file, text); !written) return Failure(written.error());
    }
    if (auto swapped = Swap(draft); !swapped) return Failure(swapped.error());
    if (const auto made = ReadPreset(settings_.presets_dir, name_); !made) return Failure(made.error());
    return fmt::format("the preset {} has {} ZIMs, {} modules and {} maps", name_, zims_.size(), modules_.size(),
                       maps_.size());
  }

 private:
  void TakeFromBox() {
    for (const std::string& file : Names(settings_.zim_dir + "content")) {
      const std::string whole = WholeZimName(file);
      if (whole.empty() || ZimStem(whole) == kSampleZim) continue;
      zims_.insert(PermaRef(whole));
    }
    for (const std::string& module : Names(settings_.modules_dir)) {
      const auto facts = Look(settings_.modules_dir + module);
      if (facts && facts->is_directory && !module.starts_with('.') && module != kSampleModule) modules_.insert(module);
    }
  }

  Result<void> TakeFromMenu(const std::vector<std::string>& items) {
    const auto defs = ReadMenuDefs(settings_.menu_defs_dir);
    if (!defs) return Failure(defs.error());
    for (const std::string& item : items) {
      const MenuDef* def = defs->Find(item);
      if (def == nullptr) continue;
      const std::string_view use = TextMember(def->fields, "intended_use");
      const std::string_view name = TextMember(def->fields, use == "zim" ? "zim_name" : "moddir");
      if (!name.empty() && use == "zim") zims_.emplace(name);
      if (!name.empty() && use == "html" && name != kSampleModule) modules_.emplace(name);
    }
    return {};
  }

  void TakeMaps() {
    for (const std::string& map : Names(settings_.map_tiles_dir)) {
      const auto facts = Look(settings_.map_tiles_dir + map);
      if (facts && facts->is_regular && map.ends_with(".mbtiles")) maps_.insert(map);
    }
  }

  bool IsActive(std::string_view role) const { return std::ranges::find(roles_, role) != roles_.end(); }

  /// One whose database cannot be read leaves the preset as it was in this point.
  void TakeLearning() {
    const auto take = [&](std::string_view role, Result<LearningContent> (*read)(const Context&)) {
      if (!IsActive(role)) return;
      auto found = read(context_);
      if (!found) {
        Say("warning: {}; {} is not taken into the preset", found.error().message, role);
        return;
      }
      learning_bytes_ += found->bytes;
      learning_[role] = std::move(found->content);
    };
    take("kolibri", ReadKolibriContent);
    take("kalite", ReadKaliteContent);
  }

  json::object Content() const {
    json::object content{{"zims", ToArray(zims_)}, {"modules", ToArray(modules_)}, {"maps", ToArray(maps_)}};
    // What an administrator put in there by hand stays.
    const auto old = ReadFile(fmt::format("{}{}/content.json", settings_.presets_dir, name_), 4U << 20U);
    const auto document = old ? ParseJson(*old) : Result<json::value>(Failure(old.error()));
    for (const char* key : {"kolibri", "kalite"}) {
      const json::value* kept = learning_.if_contains(key);
      if (kept == nullptr && document && document->is_object()) kept = document->get_object().if_contains(key);
      content[key] = kept != nullptr ? *kept : json::value(json::object());
    }
    return content;
  }

  std::string Variables() const {
    std::string text;
    for (const std::string& role : roles_) text += fmt::format("{0}_install: True\n{0}_enabled: True\n", role);
    return text.empty() ? "{}\n" : text;
  }

  /// Of what the catalogs know; 0 when they know nothing.
  double CatalogBytes() const {
    double bytes = learning_bytes_;
    const auto zims =
        ReadFile(settings_.kiwix_catalog_file).and_then([](const auto& text) { return KiwixCatalog::Parse(text); });
    std::map<std::string, double> newest;
    if (zims) {
      for (const CatalogZim& zim : zims->All()) {
        if (!zims_.contains(zim.perma_ref)) continue;
        double& size = newest[zim.perma_ref];
        size = std::max(size, static_cast<double>(zim.size_k) * 1024);
      }
    }
    for (const auto& [perma_ref, size] : newest) bytes += size;
    const auto modules =
        ReadFile(settings_.module_catalog_file).and_then([](const auto& text) { return ModuleCatalog::Parse(text); });
    for (const std::string& name : modules_) {
      const CatalogModule* module = modules ? modules->Find(name) : nullptr;
      if (module != nullptr) bytes += static_cast<double>(module->size_k) * 1024;
    }
    const auto maps =
        ReadFile(settings_.map_catalog_file).and_then([](const auto& text) { return MapCatalog::Parse(text); });
    for (const std::string& name : maps_) {
      const CatalogMap* map = maps ? maps->Find(name) : nullptr;
      if (map != nullptr) bytes += static_cast<double>(map->bytes);
    }
    return bytes;
  }

  json::object Describe() const {
    const auto used = [](const Space& space) { return (space.total_bytes - space.available_bytes) / 1024; };
    const auto root = SpaceAt(context_.root.Path("/"));
    const auto library = SpaceAt(settings_.content_base);
    const std::uint64_t root_k = root ? used(*root) : 0;
    const std::uint64_t library_k = root && library && library->device != root->device ? used(*library) : 0;
    const double from_catalogs = std::round(CatalogBytes() / kGiB * 10) / 10;
    const double from_disks = std::floor(static_cast<double>(root_k + library_k) * 1024 / kGiB) + 1;
    // From the command line they may be anything.
    const auto text = [&](const char* option) { return ToUtf8(options_.Text(option)); };
    const std::string title = text("--title");
    return {{"name", title.empty() ? kNoTitle : std::string_view(title)},
            {"description", text("--description")},
            {"default_lang", options_.Has("--lang") ? text("--lang") : "en"},
            {"location", text("--location")},
            {"root_size_in_k", root_k},
            {"libr_size_in_k", library_k},
            {"size_in_gb", from_catalogs > 0 ? from_catalogs : from_disks},
            {"last_modified", ToDate(Clock().Wall())}};
  }

  /// The draft takes the place of the preset in one act; the old one goes afterwards.
  Result<void> Swap(const std::string& draft) const {
    const std::string from = draft.substr(0, draft.size() - 1);
    const std::string to = settings_.presets_dir + name_;
    if (!Look(to)) {
      if (::rename(from.c_str(), to.c_str()) != 0) return FailFromErrno(errno, "make " + to);
      return SyncDirectory(settings_.presets_dir);
    }
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) != 0)
      return FailFromErrno(errno, "replace " + to);
    if (auto synced = SyncDirectory(settings_.presets_dir); !synced) return synced;
    return RemoveTree(from).map([](bool) {});
  }

  const Context& context_;
  const Settings& settings_;
  const Options& options_;
  const std::string name_;
  std::set<std::string> zims_, modules_, maps_;
  std::vector<std::string> roles_;
  json::object learning_;  ///< of Kolibri and KA Lite, where they are active
  double learning_bytes_ = 0;
};

}  // namespace

StepEnd MakePreset(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(
      arguments,
      {{"-m", true}, {"-n", false}, {"--title", true}, {"--description", true}, {"--lang", true}, {"--location", true}},
      1);
  if (!options) return Failure(options.error());
  const std::string& name = options->Operands().front();
  if (!IsMenuDir(name) || name.starts_with('-'))
    return Fail(ErrorCode::Malformed, "the name of a preset has letters, digits, - and _");
  if (IsSuppliedPreset(context.settings.presets_dir, name))
    return Fail(ErrorCode::Refused, "'{}' is a supplied preset and cannot be overwritten.", name);
  return Maker(context, *options).Run();
}

}  // namespace cmdsrv
