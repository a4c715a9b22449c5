#include <algorithm>

#include "steps/step.hpp"

namespace cmdsrv {
namespace {

// clang-format off
constexpr Step kSteps[] = {
    // name           link in /usr/bin       as    needs            function          arguments
    {"add-module-to-menu", "add_module_to_menu.py", "", Needs::Settings, AddModuleToMenu, "NAME",
     "puts one item on the home menu, if it has a definition"},
    {"copy-image",    "",                    "", Needs::Settings, CopyImage,        "DEVICE",
     "copies the whole box to another card or stick, on a Raspberry Pi"},
    {"copy-module",   "",                    "", Needs::Settings, CopyModule,       "--from DEVICE --to DEVICE NAME",
     "copies a module between the box (internal) and a stick (usb0)"},
    {"copy-zim",      "",                    "", Needs::Settings, CopyZim,          "--from DEVICE --to DEVICE [--index] NAME",
     "copies a ZIM between the box (internal) and a stick (usb0)"},
    {"import-kolibri", "",                   "", Needs::Settings, ImportKolibri,    "CHANNEL [--node NODE]",
     "imports a channel of Kolibri"},
    {"inet-speed",    "",                    "", Needs::Settings, InetSpeed,        "[--deadline SECONDS]",
     "measures the line by downloading a file to nowhere"},
    {"kalite-language", "",                  "", Needs::Settings, KaliteLanguage,   "LANGUAGE",
     "fetches the content pack of a language for KA Lite"},
    {"kalite-videos", "",                    "", Needs::Settings, KaliteVideos,     "LANGUAGE TOPIC…",
     "fetches the videos of some topics for KA Lite"},
    {"kiwix-catalog", "iiab-get-kiwix-cat",  "-v", Needs::Settings, KiwixCatalogStep, "[-v] [--force] [--deadline SECONDS]",
     "fetches the Kiwix and IIAB ZIM catalogs"},
    {"make-kiwix-lib", "iiab-make-kiwix-lib", "", Needs::Settings, MakeKiwixLib,     "[-f] [-v] [--device usbN]",
     "makes library.xml list the ZIMs that are there"},
    {"make-preset",   "mk-preset.py",        "", Needs::Settings, MakePreset,
     "NAME [-m MENU] [-n] [--title T] [--description D] [--lang L] [--location X]", "makes a preset of what is on this box"},
    {"map-fetch",     "",                    "", Needs::Settings, MapFetch,
     "--from URL-OR-REMOTE [--from …] [--size N] FILE", "downloads a map, from the first source that has it"},
    {"map-finish",    "",                    "", Needs::Settings, MapFinish,        "FILE",
     "makes the viewer know a map that was moved into use"},
    {"map-install",   "",                    "", Needs::Settings, MapInstall,       "[--size N] FILE",
     "moves a downloaded map into use"},
    {"module-catalog", "iiab-get-oer2go-cat", "-v", Needs::Settings, ModuleCatalogStep, "[--menu] [-v] [--force] [--deadline SECONDS]",
     "fetches the module catalog", ModuleCatalogStatus},
    {"module-fetch",  "",                    "", Needs::Settings, ModuleFetch,
     "--rsync-url URL | --rclone REMOTE:PATH [--size-k N] MODDIR", "downloads a module, resuming what is there"},
    {"module-install", "",                   "", Needs::Settings, ModuleInstall,    "MODDIR",
     "moves a downloaded module into use"},
    {"preset-menu",   "",                    "", Needs::Settings, PresetMenu,       "PRESET",
     "makes the menu of a preset the home menu"},
    {"rachel-fetch",  "",                    "", Needs::Settings, RachelFetch,
     "--url URL --file-ref VERSION [--sha256 HEX] [--tries N]", "downloads the archive of RACHEL, resuming what is there"},
    {"rachel-install", "",                   "", Needs::Settings, RachelInstall,    "VERSION",
     "moves an unpacked RACHEL into use; exit status 2 when there is one already", RachelInstallStatus},
    {"rachel-unpack", "",                    "", Needs::Settings, RachelUnpack,     "VERSION",
     "unpacks what a box uses of the archive of RACHEL"},
    {"run-roles",     "",                    "", Needs::Settings, RunRoles,         "ROLE…",
     "runs the playbooks of these roles"},
    {"sync-menu-defs", "iiab-sync-menu-defs", "", Needs::Settings, SyncMenuDefs,    "[--deadline SECONDS] [--cloned]",
     "exchanges menu item definitions with the shared repository"},
    {"test-job",      "",                    "", Needs::Nothing,  TestJob,          "SECONDS",
     "sleeps; a negative whole number -K ends at once with exit status K"},
    {"update-menus",  "iiab-update-menus",   "", Needs::Settings, UpdateMenus,      "[-f] [--lock-wait SECONDS]",
     "adds what is installed to the home menu"},
    {"upgrade-zims",  "iiab-upgrade-zims",   "", Needs::Settings, UpgradeZims,
     "-l | -j | -a [-t N] | -z NAME…  [-d | -k] [-q] [--partly-is-success]",
     "fetches newer versions of installed ZIMs"},
    {"url-check",     "",                    "", Needs::Nothing,  UrlCheck,         "[--deadline SECONDS] URL",
     "tells whether there is something at an address"},
    {"zim-fetch",     "",                    "", Needs::Settings, ZimFetch,
     "--url URL [--metalink URL] --file-ref NAME [--size-k N] [--sha256 HEX] [--tries N]",
     "downloads and proves a ZIM, resuming what is there"},
    {"zim-install",   "",                    "", Needs::Settings, ZimInstall,       "NAME.zim",
     "moves a downloaded ZIM into the library"},
    {"zip-fetch",     "",                    "", Needs::Settings, ZipFetch,
     "--url URL --file-ref NAME [--size-k N] [--sha256 HEX] [--tries N]",
     "downloads the archive of a portable ZIM, resuming what is there"},
    {"zip-install",   "",                    "", Needs::Settings, ZipInstall,       "NAME",
     "moves the ZIMs of an unpacked archive into the library"},
    {"zip-unpack",    "",                    "", Needs::Settings, ZipUnpack,        "[--size-k N] NAME",
     "unpacks a downloaded archive into the working directory"},
};
// clang-format on
static_assert(std::ranges::is_sorted(kSteps, {}, &Step::name));

}  // namespace

std::span<const Step> Steps() { return kSteps; }

const Step* FindStep(std::string_view name) {
  const auto found = std::ranges::find(kSteps, name, &Step::name);
  return found != std::end(kSteps) ? &*found : nullptr;
}

const Step* FindStepByLink(std::string_view program) {
  if (program.empty()) return nullptr;
  const auto found = std::ranges::find(kSteps, program, &Step::link_name);
  return found != std::end(kSteps) ? &*found : nullptr;
}

}  // namespace cmdsrv
