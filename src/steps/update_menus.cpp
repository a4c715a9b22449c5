// update-menus: what is installed gets an item on the home menu, what has no definition any more loses it.
#include <algorithm>
#include <map>
#include <set>

#include "base/clock.hpp"
#include "base/names.hpp"
#include "base/time_text.hpp"
#include "content/ini_file.hpp"
#include "content/menu.hpp"
#include "content/menu_defs.hpp"
#include "content/menu_lock.hpp"
#include "content/roles.hpp"
#include "content/version_index.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"
#include "steps/kiwix_library.hpp"
#include "steps/menu_files.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kSampleModule = "en-test_mod";
constexpr std::string_view kSampleZim = "test";

class Update {
 public:
  explicit Update(const Settings& settings) : settings_(settings) {}

  StepEnd Run(bool force) {
    auto menu = ReadMenu(settings_.home_menu_file);
    if (!menu) return Failure(menu.error());
    if (!MayUpdateItself(menu->document) && !force)
      return "the home menu is not updated: its automatic update is turned off";
    if (menu->origin == MenuOrigin::Repaired) Say("the home menu had surplus text after its end, which is dropped");
    if (menu->origin == MenuOrigin::Backup) Say("the home menu was broken; its backup takes its place");
    if (auto read = ReadParts(); !read) return Failure(read.error());
    std::vector<std::string> items = MenuItems(menu->document);
    // A library that cannot be read is no reason for modules and services to go without their items.
    const auto zims = AddZims(items);
    if (auto services = AddServices(); !services) return Failure(services.error());
    if (auto modules = AddModules(); !modules) return Failure(modules.error());
    const std::size_t before = items.size();
    const bool changed = UpdateMenuItems(
        items, wanted_, [&](const std::string& item) { return defs_.names.contains(item); }, languages_);
    const bool up_to_date = !changed && menu->origin == MenuOrigin::File;
    if (!up_to_date) {
      SetMenuItems(menu->document, items);
      const auto written = WriteMenu(settings_.home_menu_file, menu->document, ToFileStamp(Clock().Wall()));
      if (!written) return Failure(written.error());
    }
    if (!zims) return Fail(zims.error().code, "the menu items of the ZIMs stay as they are: {}", zims.error().message);
    if (up_to_date) return "the home menu is up to date";
    return fmt::format("the home menu has {} items, before it had {}", items.size(), before);
  }

 private:
  Result<void> ReadParts() {
    // Without this directory every item would look as if its definition had been removed.
    auto defs = ReadMenuDefs(settings_.menu_defs_dir);
    if (!defs) return Failure(defs.error());
    defs_ = *std::move(defs);
    if (defs_.names.empty())
      return Fail(ErrorCode::NotFound, "there are no menu item definitions in {}", settings_.menu_defs_dir);
    for (const std::string& skipped : defs_.skipped) Say("{}", skipped);
    languages_ = ReadLanguages(settings_.assets_dir);
    return {};
  }

  /// ZIMs of the version index that no item on the menu stands for.
  Result<void> AddZims(const std::vector<std::string>& items) {
    const auto books = ReadLibraryFile(settings_.zim_dir);
    if (!books) return Failure(books.error());
    const auto index = WriteVersionIndex(settings_, *books, defs_);
    if (!index) return Failure(index.error());
    std::set<std::string, std::less<>> on_menu;
    for (const std::string& item : items) {
      if (const MenuDef* def = defs_.Find(item)) on_menu.emplace(TextMember(def->fields, "zim_name"));
    }
    std::map<std::string, const LibraryBook*> by_stem;
    for (const LibraryBook& book : *books) by_stem.emplace(ZimStem(book.path), &book);
    const auto by_zim = defs_.ByZim();
    bool generated = false;
    for (const auto& [perma_ref, facts] : *index) {
      if (perma_ref == kSampleZim || on_menu.contains(std::string_view(perma_ref))) continue;
      const ZimForMenu zim = Describe(std::string(perma_ref), facts.as_object(), by_stem);
      auto name = DefinitionOf(zim, by_zim);
      if (name.empty()) {
        auto made = Generate(zim);
        if (!made) return Failure(made.error());
        name = *std::move(made);
        generated = generated || !name.empty();
      }
      if (!name.empty()) wanted_.push_back({std::move(name), false});
    }
    // The index names the menu item of each ZIM, and there are new ones now.
    return generated ? WriteVersionIndex(settings_).map([](const json::object&) {}) : Result<void>{};
  }

  static ZimForMenu Describe(const std::string& perma_ref, const json::object& facts,
                             const std::map<std::string, const LibraryBook*>& by_stem) {
    ZimForMenu zim{perma_ref, std::string(TextMember(facts, "language", "en")), perma_ref, {}};
    const auto found = by_stem.find(std::string(TextMember(facts, "file_name")));
    if (found == by_stem.end()) return zim;
    const LibraryBook& book = *found->second;
    if (const auto title = AttributeOf(book, "title"); !title.empty()) zim.title = title;
    zim.description = AttributeOf(book, "description");
    return zim;
  }

  /// The one of the expected name, else the only one there is for this ZIM.
  static std::string DefinitionOf(const ZimForMenu& zim,
                                  const std::multimap<std::string_view, const MenuDef*>& by_zim) {
    const auto [first, end] = by_zim.equal_range(zim.perma_ref);
    const std::string expected = ZimDefName(zim);
    for (auto at = first; at != end; ++at) {
      if (at->second->name == expected) return expected;
    }
    return std::distance(first, end) == 1 ? first->second->name : std::string();
  }

  /// Empty when no file may have the name; that ZIM has no item then, the others do.
  Result<std::string> Generate(const ZimForMenu& zim) {
    const std::string wished = ZimDefName(zim);
    std::string name = wished;
    for (int number = 2; defs_.names.contains(name); ++number) name = fmt::format("{}-{}", wished, number);
    if (!IsMenuName(name)) {
      Say("no menu item for {}: \"{}\" cannot be a name", zim.perma_ref, name);
      return std::string();
    }
    const auto fields = GenerateZimDef(zim, name, ToDate(Clock().Wall()));
    const auto written = WriteFileAtomically(settings_.menu_defs_dir + name + ".json", PrintMenuDef(fields));
    if (!written) return Failure(written.error());
    Say("made the menu item definition {}", name);
    defs_.names.insert(name);
    return name;
  }

  Result<void> AddServices() {
    const auto ini = IniFile::Read(settings_.iiab_ini_file);
    if (!ini) return Failure(ini.error());
    const json::object sections = ini->ToJson();
    for (const MenuService& service : kMenuServices) {
      const std::string option = std::string(service.role) + "_enabled";
      const auto enabled = [&](const auto& section) {
        return TextMember(section.value().as_object(), option) == "True";
      };
      if (std::ranges::any_of(sections, enabled)) wanted_.push_back({std::string(service.item), true});
    }
    return {};
  }

  Result<void> AddModules() {
    const auto names = ListDirectory(settings_.modules_dir);
    if (!names && names.error().code == ErrorCode::NotFound) return {};
    if (!names) return Failure(names.error());
    for (const std::string& name : *names) {
      const auto facts = Look(settings_.modules_dir + name);
      if (facts && facts->is_directory && name != kSampleModule && IsMenuName(name)) wanted_.push_back({name, false});
    }
    return {};
  }

  const Settings& settings_;
  MenuDefs defs_;
  Languages languages_;
  std::vector<WantedItem> wanted_;
};

}  // namespace

StepEnd UpdateMenus(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {{"-f", false}, {"--lock-wait", true}}, 0);
  if (!options) return Failure(options.error());
  const auto wait = options->Number("--lock-wait", kMenuWaitOfSteps.count(), 0);
  if (!wait) return Failure(wait.error());

  // One runs, one waits; a third would do nothing that the waiting one does not do.
  auto waiting = TakeMenuQueue(context.settings);
  if (!waiting && waiting.error().code == ErrorCode::Busy)
    return "another update of the home menu is waiting already and will do this one's work";
  if (!waiting) return Failure(waiting.error());
  const auto running = TakeMenuLock(context.settings, std::chrono::seconds(std::min(*wait, 86'400LL)));
  if (!running && running.error().code == ErrorCode::Busy)
    return Fail(ErrorCode::Busy, "another update of the home menu did not end within {} s", *wait);
  if (!running) return Failure(running.error());
  { const FileLock given_up = *std::move(waiting); }
  return Update(context.settings).Run(options->Has("-f"));
}

}  // namespace cmdsrv
