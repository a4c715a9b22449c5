// preset-menu: the menu of a preset becomes the home menu.
#include "base/clock.hpp"
#include "base/names.hpp"
#include "base/time_text.hpp"
#include "content/menu.hpp"
#include "content/menu_lock.hpp"
#include "content/presets.hpp"
#include "platform/files.hpp"
#include "platform/trees.hpp"
#include "steps/options.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kSampleModule = "en-test_mod";

}  // namespace

StepEnd PresetMenu(const Context& context, std::span<const std::string> arguments) {
  const auto options = Options::Parse(arguments, {}, 1);
  if (!options) return Failure(options.error());
  const std::string& id = options->Operands().front();
  if (!IsMenuDir(id)) return Fail(ErrorCode::Malformed, "the operand must be the name of a preset");
  const Settings& settings = context.settings;
  const auto preset = ReadPreset(settings.presets_dir, id);
  if (!preset) return Failure(preset.error());
  const auto lock = TakeMenuLock(settings, kMenuWaitOfSteps);
  if (!lock) return Failure(lock.error());
  const std::string directory = settings.home_menu_file.substr(0, settings.home_menu_file.rfind('/'));
  if (auto made = MakeDirectories(directory); !made) return Failure(made.error());
  if (auto written = WriteMenu(settings.home_menu_file, preset->menu, ToFileStamp(Clock().Wall())); !written)
    return Failure(written.error());
  const auto removed = RemoveTree(settings.modules_dir + std::string(kSampleModule));
  if (!removed) Say("warning: {}", removed.error().message);
  const auto menu = ReadMenu(settings.home_menu_file);
  if (!menu || menu->document != preset->menu)
    return Fail(ErrorCode::Io, "{} is not the menu of the preset", settings.home_menu_file);
  return fmt::format("the home menu is that of the preset {}: {} items", id, MenuItems(menu->document).size());
}

}  // namespace cmdsrv
