#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "commands/devices.hpp"
#include "commands/handlers.hpp"
#include "content/menu.hpp"
#include "content/menu_defs.hpp"
#include "content/menu_lock.hpp"
#include "content/zim_names.hpp"
#include "platform/trees.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::string_view kLastItem = "en-credits";  ///< an empty menu would show nothing at all

/// Deletes content by exact names, never by patterns. What goes wrong is logged and remembered, and the rest goes on.
class Deleter {
 public:
  Deleter(Services& services, Device device)
      : services_(services), device_(std::move(device)), at_work_(FindNamesAtWork(services)) {}

  void DeleteZims(const std::vector<std::string>& names) {
    if (names.empty()) return;
    const auto content = OpenPlace(device_, Place::Zims, services_.settings);
    const auto files = content ? NamesIn(*content) : Failure(content.error());
    for (const std::string& name : names) {
      if (at_work_.HasZim(name)) {
        Note(fmt::format("the ZIM {} is being installed, copied or upgraded", name));
      } else if (!files) {
        Note(files.error().message);
      } else if (DeleteFilesOf(name, *content, *files)) {
        DeleteIndexOf(name);
        zims_.push_back(name);
      } else {
        Note(fmt::format("there is no ZIM {} on {}", name, device_.name));
      }
    }
    if (content) ::fsync(content->Get());
  }

  void DeleteModules(const std::vector<std::string>& names) {
    if (names.empty()) return;
    const auto modules = OpenPlace(device_, Place::Modules, services_.settings);
    for (const std::string& name : names) {
      if (at_work_.modules.contains(name)) {
        Note(fmt::format("the module {} is being installed or copied", name));
      } else if (!modules) {
        Note(modules.error().message);
      } else if (!IsModule(modules->Get(), name)) {
        Note(fmt::format("there is no module {} on {}", name, device_.name));
      } else if (const auto removed = RemoveTreeIn(modules->Get(), name, name); !removed) {
        Note(removed.error().message);
      } else {
        modules_.push_back(name);
      }
    }
    if (modules) ::fsync(modules->Get());
  }

  /// Takes what was deleted from the home menu, where that may be changed by programs.
  void UpdateMenu() {
    if (zims_.empty() && modules_.empty()) return;
    const Settings& settings = services_.settings;
    const auto locked = TakeMenuLock(settings, kMenuWaitOfHandlers);
    if (!locked) return Note(locked.error().message);
    auto menu = ReadMenu(settings.home_menu_file);
    if (!menu && menu.error().code == ErrorCode::NotFound) return;
    if (!menu) return Note(menu.error().message);
    if (!MayUpdateItself(menu->document)) return;
    const auto defs = ReadMenuDefs(settings.menu_defs_dir);
    if (!defs) return Note(defs.error().message);
    const auto gone = GoneZims();
    std::vector<std::string> items = MenuItems(menu->document);
    if (std::erase_if(items, [&](const auto& item) { return StandsForDeleted(defs->Find(item), gone); }) == 0) return;
    if (items.empty()) items.emplace_back(kLastItem);
    SetMenuItems(menu->document, items);
    const auto written = WriteMenu(settings.home_menu_file, menu->document, ToFileStamp(services_.clock.Wall()));
    if (!written) Note(written.error().message);
  }

  /// The answer, and the new index of the library where ZIMs of the box were deleted.
  Outcome Answered() const {
    if (!zims_.empty() || !modules_.empty()) services_.jobs.SpaceFreed();
    Answer answer = Success{errors_ ? "- Some errors occurred" : ""};
    if (!device_.IsInternal() || zims_.empty()) return answer;
    AnsweredPlan both{std::move(answer), {}};
    both.plan.steps.push_back(PlanOwnStep({"make-kiwix-lib"}, {"kiwix-library"}));
    both.plan.steps.back().merge = "kiwix-index";
    return both;
  }

 private:
  void Note(const std::string& message) {
    errors_ = true;
    log::Warning(kCommands, "not deleted: {}", message);
  }

  /// True when there was one and all of it is gone.
  bool DeleteFilesOf(const std::string& name, const UniqueFd& content, const std::vector<std::string>& files) {
    const std::string whole = name + ".zim";
    bool found = false;
    for (const std::string& file : files) {
      if (WholeZimName(file) != whole) continue;
      if (::unlinkat(content.Get(), file.c_str(), 0) == 0) {
        found = true;
      } else {
        Note(fmt::format("cannot remove {}: {}", file, Reason(errno)));
      }
    }
    return found;
  }

  /// Search indexes of ZIMs from before 2016; both names were in use.
  void DeleteIndexOf(const std::string& name) {
    const auto indexes = OpenPlace(device_, Place::Indexes, services_.settings);
    if (!indexes) return;
    for (const char* ending : {".zim.idx", ".idx"}) {
      const auto removed = RemoveTreeIn(indexes->Get(), name + ending, name + ending);
      if (!removed) Note(removed.error().message);
    }
  }

  /// A directory, or a link in the place of one, of which only the link goes.
  static bool IsModule(int directory, const std::string& name) {
    struct stat facts {};
    return ::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
           (S_ISDIR(facts.st_mode) || S_ISLNK(facts.st_mode));
  }

  /// perma_refs of deleted ZIMs of which no other version is left.
  std::set<std::string, std::less<>> GoneZims() const {
    std::set<std::string, std::less<>> gone;
    for (const std::string& name : zims_) gone.insert(PermaRef(name));
    const auto content = OpenPlace(device_, Place::Zims, services_.settings);
    const auto files = content ? NamesIn(*content) : Failure(content.error());
    if (!files) return gone;
    for (const std::string& file : *files) {
      if (const std::string whole = WholeZimName(file); !whole.empty()) gone.erase(PermaRef(whole));
    }
    return gone;
  }

  bool StandsForDeleted(const MenuDef* def, const std::set<std::string, std::less<>>& gone) const {
    if (def == nullptr) return false;
    const std::string_view use = TextMember(def->fields, "intended_use");
    if (use == "zim") return gone.contains(TextMember(def->fields, "zim_name"));
    return use == "html" && std::ranges::find(modules_, TextMember(def->fields, "moddir")) != modules_.end();
  }

  Services& services_;
  const Device device_;
  const NamesAtWork at_work_;
  std::vector<std::string> zims_, modules_;  ///< deleted
  bool errors_ = false;
};

Result<Device> TakeDevice(const Arguments& arguments, const Services& services) {
  auto device = ReadDevice(*arguments.Text("device"), services.root);
  if (!device) return Fail(ErrorCode::Malformed, "device is neither internal nor a USB mount point");
  if (!IsReady(*device)) return Fail(ErrorCode::Refused, "Device {} is not mounted.", device->name);
  return *std::move(device);
}

/// A list of names in the object `content`; none when the key is not there.
Result<std::vector<std::string>> Names(const json::object& content, std::string_view key) {
  static constexpr Parameter kNames[] = {
      {.name = "names", .type = Type::TextList, .need = Need::Required, .value_class = Class::ExistingName}};
  const json::value* list = content.if_contains(key);
  if (list == nullptr) return std::vector<std::string>{};
  const auto checked = Arguments::Check(kNames, {{"names", *list}});
  if (!checked) return Fail(ErrorCode::Malformed, "{}: {}", key, checked.error().message);
  return checked->TextList("names");
}

}  // namespace

Result<Outcome> DelContent(const Arguments& arguments, Services& services) {
  const json::object& content = *arguments.Object("content");
  for (const auto& [key, list] : content) {
    if (key != "zims" && key != "modules") return Fail(ErrorCode::Malformed, "content has the unknown key {}", key);
  }
  const auto zims = Names(content, "zims");
  if (!zims) return tl::unexpected(zims.error());
  const auto modules = Names(content, "modules");
  if (!modules) return tl::unexpected(modules.error());
  auto device = TakeDevice(arguments, services);
  if (!device) return tl::unexpected(device.error());
  const bool internal = device->IsInternal();
  Deleter deleter(services, *std::move(device));
  deleter.DeleteZims(*zims);
  deleter.DeleteModules(*modules);
  if (internal) deleter.UpdateMenu();
  return deleter.Answered();
}

Result<Outcome> DelModules(const Arguments& arguments, Services& services) {
  const std::string_view type = *arguments.Text("mod_type");
  if (type != "zims" && type != "modules") return Fail(ErrorCode::Malformed, "mod_type is neither zims nor modules");
  auto device = TakeDevice(arguments, services);
  if (!device) return tl::unexpected(device.error());
  Deleter deleter(services, *std::move(device));
  if (type == "zims") {
    deleter.DeleteZims(arguments.TextList("mod_list"));
  } else {
    deleter.DeleteModules(arguments.TextList("mod_list"));
  }
  return deleter.Answered();
}

}  // namespace cmdsrv
