// add-module-to-menu: one item more on the home menu, by the rules of its update.
#include "base/clock.hpp"
#include "base/names.hpp"
#include "base/time_text.hpp"
#include "content/menu.hpp"
#include "content/menu_defs.hpp"
#include "content/menu_lock.hpp"
#include "platform/files.hpp"
#include "steps/menu_files.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {

StepEnd AddModuleToMenu(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const std::string& item = options->Operands().front();
  if (!IsMenuName(item)) return Fail(ErrorCode::Malformed, "the operand must be the name of a menu item definition");
  const Settings& settings = context.settings;
  const auto lock = TakeMenuLock(settings, kMenuWaitOfSteps);
  if (!lock) return Failure(lock.error());
  auto menu = ReadMenu(settings.home_menu_file);
  if (!menu) return Failure(menu.error());
  const auto defs = ReadMenuDefs(settings.menu_defs_dir);
  if (!defs) return Failure(defs.error());
  if (!defs->names.contains(item))
    return Fail(ErrorCode::NotFound, "there is no menu item definition {} in {}", item, settings.menu_defs_dir);
  std::vector<std::string> items = MenuItems(menu->document);
  const bool changed = UpdateMenuItems(
      items, {{item, false}}, [&](const std::string& name) { return defs->names.contains(name); },
      ReadLanguages(settings.assets_dir));
  if (!changed && menu->origin == MenuOrigin::File) return fmt::format("{} is on the home menu already", item);
  SetMenuItems(menu->document, items);
  auto written = WriteMenu(settings.home_menu_file, menu->document, ToFileStamp(Clock().Wall()));
  if (!written) return Failure(written.error());
  return fmt::format("{} is on the home menu", item);
}

}  // namespace cmdsrv
