#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "commands/handlers.hpp"
#include "content/menu.hpp"
#include "content/menu_def_edit.hpp"
#include "content/menu_defs.hpp"
#include "content/menu_lock.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr int kLockTaken = 4;  ///< exit status of steps that want a lock, see base/step_exit.hpp
constexpr int kGoesOn = 75;    ///< of sync-menu-defs: it has not done all of it yet
constexpr std::size_t kDefLimit = 256U << 10U;
constexpr std::size_t kMostItems = 2000;

/// What the old server refused before all other checks, with a text of its own.
bool HasForbiddenCharacter(std::string_view text) {
  return text.find_first_of(";,|<>()=&\r\n") != std::string_view::npos;
}

Result<void> CheckMenu(const json::object& menu) {
  const json::value* items = menu.if_contains("menu_items_1");
  if (items == nullptr || !items->is_array() || items->get_array().empty())
    return Fail(ErrorCode::Malformed, "menu_def has no list menu_items_1, or it is empty");
  if (items->get_array().size() > kMostItems)
    return Fail(ErrorCode::Malformed, "menu_items_1 has more than {} items", kMostItems);
  for (const json::value& item : items->get_array()) {
    if (!item.is_string() || !IsMenuName(item.get_string()))
      return Fail(ErrorCode::Malformed, "menu_items_1 has something that is no name of a menu item");
  }
  // What is saved now has to be read again later.
  if (auto read = ParseMenu(PrintJsonIndented(menu)); !read)
    return Fail(ErrorCode::Malformed, "{}", read.error().message);
  return {};
}

/// The directory of a menu below the web root; no link leads there.
Result<std::string> FindMenuDirectory(const Settings& settings, std::string_view menu_url) {
  const UniqueFd root(::open(settings.doc_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return FailFromErrno(errno, "open " + settings.doc_root);
  const auto opened = OpenBeneath(root.Get(), menu_url, O_RDONLY | O_DIRECTORY);
  if (!opened) return Failure(opened.error());
  return fmt::format("{}{}/", settings.doc_root, menu_url);
}

bool IsShownName(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && !name.starts_with('.') && std::ranges::all_of(name, is_plain);
}

json::array Lines(std::string_view output) {
  json::array lines;
  const std::string text = CleanOutput(output);
  for (const std::string_view line : Split(text, '\n')) lines.emplace_back(line);
  if (lines.empty() || !lines.back().get_string().empty()) lines.emplace_back("");
  return lines;
}

}  // namespace

Result<Outcome> UpdateHomeMenu(const Arguments&, Services& services) {
  if (const auto menu = ReadMenu(services.settings.home_menu_file); menu && !MayUpdateItself(menu->document)) {
    return Answer(Warning{"Automatic menu update is turned off."});
  }
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  // The step gives up on the lock early enough that a run which gets it has time to end before the deadline.
  const std::string lock_wait = fmt::format("{}", std::max<std::int64_t>(1, deadline.count() - 10));
  const auto outcome = RunForHandler(services, OwnStep({"update-menus", "--lock-wait", lock_wait}), deadline);
  if (Succeeded(outcome)) return Answer(Success{});
  if (outcome && outcome->exited && outcome->status == kLockTaken) {
    return Fail(ErrorCode::Refused, "Home Menu update is already running.");
  }
  log::Warning(kCommands, "cannot update the home menu: {}", WhyNot(outcome));
  return Fail(ErrorCode::Refused, "Home Menu could not be updated.");
}

Result<Outcome> GetMenuItemDefList(const Arguments&, Services& services) {
  auto files = ListDirectory(services.settings.menu_defs_dir);
  if (!files) {
    log::Warning(kCommands, "{}", files.error().message);
    return Answer(json::value(json::array()));
  }
  constexpr std::string_view kEnding = ".json";
  std::erase_if(*files, [&](const std::string& file) { return !file.ends_with(kEnding); });
  for (std::string& file : *files) file.resize(file.size() - kEnding.size());
  std::erase_if(*files, [](const std::string& name) { return !IsShownName(name); });
  std::ranges::sort(*files);  // as names: with their ending '-' would come before the end
  return Answer(json::value(json::array(files->begin(), files->end())));
}

Result<Outcome> SaveMenuDef(const Arguments& arguments, Services& services) {
  const std::string_view menu_url = *arguments.Text("menu_url");
  if (HasForbiddenCharacter(menu_url)) return Fail(ErrorCode::Stated, "Malformed Command.");
  if (!IsMenuDir(menu_url)) return Fail(ErrorCode::Malformed, "menu_url is no name of a menu directory");
  const json::object& menu = *arguments.Object("menu_def");
  if (auto good = CheckMenu(menu); !good) return tl::unexpected(good.error());
  const auto not_written = [](const Error& error) {
    log::Warning(kCommands, "cannot save the menu: {}", error.message);
    return Fail(ErrorCode::Refused, "Error writing to Menu Definition File.");
  };
  const auto directory = FindMenuDirectory(services.settings, menu_url);
  if (!directory) return not_written(directory.error());
  const auto lock = TakeMenuLock(services.settings, kMenuWaitOfHandlers);
  if (!lock && lock.error().code == ErrorCode::Busy)
    return Fail(ErrorCode::Refused, "Home Menu update is already running.");
  if (!lock) return not_written(lock.error());
  const auto written = WriteMenu(*directory + "menu.json", menu, ToFileStamp(services.clock.Wall()));
  if (!written) return not_written(written.error());
  return Answer(Success{});
}

Result<Outcome> SaveMenuItemDef(const Arguments& arguments, Services& services) {
  const std::string name(*arguments.Text("menu_item_name"));
  const std::string_view mode = *arguments.Text("mode");
  if (mode != "edit" && mode != "clone") return Fail(ErrorCode::Malformed, "mode is neither edit nor clone");
  const std::string path = services.settings.menu_defs_dir + name + ".json";
  if (mode == "clone" && Look(path)) return Fail(ErrorCode::Refused, "Menu Item Definition already exists.");
  const auto text = ReadFile(path, kDefLimit);
  const auto existing = text ? ParseMenuDef(*text) : Result<json::object>(Failure(text.error()));
  const auto edited = EditMenuDef(existing ? &*existing : nullptr, name, mode, *arguments.Object("menu_item_def"),
                                  ToDate(services.clock.Wall()));
  if (!edited) return tl::unexpected(edited.error());
  const std::string printed = PrintMenuDef(*edited);
  if (printed.size() > kDefLimit) return Fail(ErrorCode::Malformed, "menu_item_def is larger than 256 KiB");
  // One that cannot be read is replaced, because the console shows it empty; somebody may want what is in it.
  const bool is_broken = !existing && existing.error().code != ErrorCode::NotFound;
  const auto written = WriteFileAtomically(path, printed, {.backup = is_broken ? path + ".broken" : ""});
  if (written) return Answer(Success{});
  log::Warning(kCommands, "cannot save the menu item definition: {}", written.error().message);
  return Fail(ErrorCode::Refused, "Error writing to Menu Item Definition File.");
}

Result<Outcome> SyncMenuItemDefs(const Arguments&, Services& services) {
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  // The step stops first, so that it can say how far it came.
  const std::string own = fmt::format("{}", std::max<std::int64_t>(1, deadline.count() - 10));
  const auto outcome = RunForHandler(services, OwnStep({"sync-menu-defs", "--deadline", own}), deadline);
  const int status = outcome && outcome->exited ? outcome->status : -1;
  if (status == kLockTaken) return Fail(ErrorCode::Refused, "Menu items are already being synchronised.");
  if (status != 0 && status != kGoesOn) {
    log::Warning(kCommands, "cannot synchronise the menu item definitions: {}", WhyNot(outcome));
    return Fail(ErrorCode::Refused, "Unable to contact Server");
  }
  Answer answer = json::value{{"sync_menu_item_defs", Lines(outcome->output)}};
  if (status == 0) return answer;
  AnsweredPlan both{std::move(answer), {}};
  both.plan.steps.push_back(PlanOwnStep({"sync-menu-defs"}, {"menu-defs"}));
  both.plan.steps.back().retry = RetryPolicy::Temporary;
  return both;
}

}  // namespace cmdsrv
