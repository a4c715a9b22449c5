#include "commands/table.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "commands/confirm_within.hpp"
#include "commands/handlers.hpp"

namespace cmdsrv {
namespace {

constexpr std::array kCancelJob = {
    Parameter{.name = "job_id", .type = Type::Integer, .need = Need::Required, .least = 1},
};
constexpr std::array kAuthenticate = {
    Parameter{.name = "user", .type = Type::Text, .need = Need::Required, .most_bytes = 256},
    Parameter{.name = "password", .type = Type::Text, .need = Need::Required, .most_bytes = 1024},
};
constexpr std::array kChangePassword = {
    Parameter{.name = "user", .type = Type::Text, .need = Need::Required, .most_bytes = 256},
    Parameter{.name = "oldpasswd", .type = Type::Text, .need = Need::Required, .most_bytes = 1024},
    Parameter{.name = "newpasswd", .type = Type::Text, .need = Need::Required, .most_bytes = 1024},
};
constexpr std::array kCopyModules = {
    Parameter{.name = "source", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "dest", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "file_ref",
              .type = Type::Text,
              .need = Need::Required,
              .value_class = Class::ExistingName,
              .most_bytes = 255},
    Parameter{.name = "moddir",
              .type = Type::Text,
              .need = Need::Optional,
              .value_class = Class::ExistingName,
              .most_bytes = 255},
};
constexpr std::array kCopyDevImage = {
    Parameter{.name = "dest_dev", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
};
constexpr std::array kCopyZims = {
    Parameter{.name = "source", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "dest", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "zim_id", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "file_ref",
              .type = Type::Text,
              .need = Need::Required,
              .value_class = Class::ExistingName,
              .most_bytes = 255},
};
constexpr std::array kDelContent = {
    Parameter{.name = "device", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "content", .type = Type::Object, .need = Need::Required},
};
constexpr std::array kDelDownloads = {
    Parameter{.name = "sub_dir", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "file_list",
              .type = Type::TextList,
              .need = Need::Required,
              .value_class = Class::ExistingName,
              .most_bytes = 255},
};
constexpr std::array kDelModules = {
    Parameter{.name = "device", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "mod_type", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "mod_list",
              .type = Type::TextList,
              .need = Need::Required,
              .value_class = Class::ExistingName,
              .most_bytes = 255},
};
constexpr std::array kGetJobLog = {
    Parameter{.name = "job_id", .type = Type::Integer, .need = Need::Required, .least = 1},
    Parameter{.name = "offset", .type = Type::Integer, .need = Need::Optional, .least = 0},
    Parameter{.name = "limit", .type = Type::Integer, .need = Need::Optional, .least = 1, .most = 1 << 20},
};
// The old server took anything that is no number for "not given"; its console relies on an answer.
constexpr std::array kGetJobStat = {
    Parameter{.name = "last_rowid", .type = Type::Integer, .need = Need::Optional, .lenient = true},
    Parameter{.name = "since_days", .type = Type::Number, .need = Need::Optional, .lenient = true},
    Parameter{.name = "group_id", .type = Type::Integer, .need = Need::Optional, .least = 1},
};
constexpr std::array kInstallKalite = {
    Parameter{.name = "lang_code", .type = Type::Text, .need = Need::Required, .most_bytes = 8},
    Parameter{
        .name = "topics", .type = Type::TextList, .need = Need::Required, .most_elements = 200, .most_bytes = 500},
    Parameter{.name = "service_required",
              .type = Type::TextList,
              .need = Need::Optional,
              .value_class = Class::Service,
              .most_elements = 2},
};
constexpr std::array kInstallKolibri = {
    Parameter{.name = "channels", .type = Type::ObjectList, .need = Need::Required, .most_elements = 100},
    Parameter{.name = "service_required",
              .type = Type::TextList,
              .need = Need::Optional,
              .value_class = Class::Service,
              .most_elements = 2},
};
constexpr std::array kInstallPreset = {
    Parameter{.name = "preset_id", .type = Type::Text, .need = Need::Required, .value_class = Class::MenuDir},
};
constexpr std::array kPlan = {
    Parameter{.name = "command", .type = Type::Text, .need = Need::Required, .most_bytes = 65536},
};
constexpr std::array kMakePreset = {
    Parameter{.name = "preset_name", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "title", .type = Type::Text, .need = Need::Optional},
    Parameter{.name = "description", .type = Type::Text, .need = Need::Optional},
    Parameter{.name = "default_lang", .type = Type::Text, .need = Need::Optional},
    Parameter{.name = "location", .type = Type::Text, .need = Need::Optional},
};
constexpr std::array kInstallMap = {
    Parameter{.name = "osm_vect_id", .type = Type::Text, .need = Need::Required, .value_class = Class::SafeName},
    Parameter{.name = "service_required",
              .type = Type::TextList,
              .need = Need::Optional,
              .value_class = Class::Service,
              .most_elements = 2},
};
constexpr std::array kInstallSatellite = {
    Parameter{.name = "longitude", .type = Type::Number, .need = Need::Required, .least = -180, .most = 180},
    Parameter{.name = "latitude", .type = Type::Number, .need = Need::Required, .least = -90, .most = 90},
    Parameter{.name = "radius", .type = Type::Number, .need = Need::Required, .least = 1, .most = 1000},
};
constexpr std::array kInstallModule = {
    Parameter{.name = "moddir", .type = Type::Text, .need = Need::Required, .value_class = Class::SafeName},
};
constexpr std::array kInstallZims = {
    Parameter{.name = "zim_id", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "service_required",
              .type = Type::TextList,
              .need = Need::Optional,
              .value_class = Class::Service,
              .most_elements = 2},
};
constexpr std::array kListLibrary = {
    Parameter{.name = "sub_dir", .type = Type::Text, .need = Need::Required},
};
constexpr std::array kRemoveUsb = {
    Parameter{.name = "device", .type = Type::Text, .need = Need::Required, .value_class = Class::Usb},
};
constexpr std::array kMoveUploadedFile = {
    Parameter{.name = "file_name",
              .type = Type::Text,
              .need = Need::Required,
              .value_class = Class::ExistingName,
              .most_bytes = 255},
    Parameter{.name = "file_use", .type = Type::Text, .need = Need::Required, .most_bytes = 64},
    Parameter{.name = "filter_array", .type = Type::TextList, .need = Need::Required, .most_elements = 100},
};
constexpr std::array kSaveMenuDef = {
    Parameter{.name = "menu_url", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "menu_def", .type = Type::Object, .need = Need::Required},
};
constexpr std::array kSaveMenuItemDef = {
    Parameter{.name = "menu_item_name", .type = Type::Text, .need = Need::Required, .value_class = Class::MenuName},
    Parameter{.name = "mode", .type = Type::Text, .need = Need::Required, .most_bytes = 16},
    Parameter{.name = "menu_item_def", .type = Type::Object, .need = Need::Required},
};
constexpr std::array kRetryJob = {
    Parameter{.name = "job_id", .type = Type::Integer, .need = Need::Required, .least = 1},
};
constexpr std::array kRunAnsible = {
    Parameter{.name = "tags", .type = Type::Text, .need = Need::Required, .most_bytes = 8192},
};
constexpr std::array kRunAnsibleRoles = {
    Parameter{.name = "add_network", .type = Type::Flag, .need = Need::Optional},
};
constexpr std::array kSetConf = {
    Parameter{.name = "config_vars", .type = Type::Object, .need = Need::Required},
};
constexpr std::array kTestJob = {
    Parameter{.name = "steps",
              .type = Type::NumberList,
              .need = Need::Required,
              .least = -125,
              .most = 3600,
              .most_elements = 20},
};
constexpr std::array kUpgradeZims = {
    Parameter{.name = "zim_permarefs", .type = Type::TextList, .need = Need::Required, .value_class = Class::SafeName},
};

constexpr std::array kWaitEvents = {
    Parameter{.name = "since", .type = Type::Integer, .need = Need::Optional, .least = 0},
    Parameter{.name = "timeout", .type = Type::Number, .need = Need::Optional, .least = 0, .most = 300},
};

constexpr std::array kConfirmNetwork = {
    Parameter{.name = "keep", .type = Type::Flag, .need = Need::Optional},
};
constexpr std::array kCtlBluetooth = {
    Parameter{.name = "bluetooth_on_off", .type = Type::Text, .need = Need::Required, .value_class = Class::OnOff},
};
constexpr std::array kCtlHotspot = {
    Parameter{.name = "hotspot_password", .type = Type::Text, .need = Need::Required},
    kConfirmWithin,
};
constexpr std::array kCtlTailscale = {
    Parameter{.name = "tailscale_on_off", .type = Type::Text, .need = Need::Required, .most_bytes = 3},
    Parameter{.name = "tailscale_login", .type = Type::Text, .need = Need::Required, .most_bytes = 255},
    Parameter{.name = "tailscale_custom_login", .type = Type::Text, .need = Need::Required, .most_bytes = 2048},
    Parameter{.name = "tailscale_authkey", .type = Type::Text, .need = Need::Required, .most_bytes = 200},
    Parameter{.name = "tailscale_hostname", .type = Type::Text, .need = Need::Required, .most_bytes = 63},
};
constexpr std::array kCtlVpn = {
    Parameter{.name = "vpn_on_off", .type = Type::Text, .need = Need::Required, .value_class = Class::OnOff},
    Parameter{.name = "vpn_handle", .type = Type::Text, .need = Need::Required, .most_bytes = 64},
    Parameter{.name = "make_permanent", .type = Type::Text, .need = Need::Required, .most_bytes = 16},
};
constexpr std::array kCtlWifi = {
    Parameter{.name = "hotspot_on_off", .type = Type::Text, .need = Need::Required, .value_class = Class::OnOff},
    kConfirmWithin,
};
constexpr std::array kRemoveWifi = {kConfirmWithin};
constexpr std::array kSetWhlist = {
    Parameter{.name = "iiab_whitelist",
              .type = Type::TextList,
              .need = Need::Required,
              .most_elements = 10'000,
              .most_bytes = 255},
};
constexpr std::array kSetWifi = {
    Parameter{.name = "connect_wifi_ssid", .type = Type::Text, .need = Need::Required, .most_bytes = 32},
    Parameter{.name = "connect_wifi_bssid", .type = Type::Text, .need = Need::Optional, .most_bytes = 17},
    Parameter{.name = "connect_wifi_password", .type = Type::Text, .need = Need::Required, .most_bytes = 64},
    kConfirmWithin,
};

constexpr std::span<const Parameter> kNone = {};

// clang-format off
constexpr CommandRowInfo kCommands[] = {
    // verb                caller           needs            log         makes          lane         parameters    handler          summary
    {"AUTHENTICATE",       Caller::Gateway, Needs::Nothing,  Log::Never, Makes::Answers, Lane::Password, kAuthenticate, Authenticate,  "Tells the gateway whether a password is right."},
    {"CANCEL-JOB",         Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kCancelJob,   CancelJob,       "Cancels a job and the unfinished rest of its chain."},
    {"CHGPW",              Caller::Console, Needs::Nothing,  Log::Verb,  Makes::Answers, Lane::Password, kChangePassword, ChangePassword, "Changes the password of an administrator."},
    {"CONFIRM-NETWORK",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kConfirmNetwork, ConfirmNetwork, "Keeps a change of the network that would go back by itself, or takes it back."},
    {"COPY-DEV-IMAGE",     Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Slow,  kCopyDevImage, CopyDevImage,   "Copies the whole box to a card or stick, on a Raspberry Pi.", CopyDevImage},
    {"COPY-OER2GO-MOD",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Slow,  kCopyModules, CopyModules,     "Copies a module to or from a USB stick.", CopyModules},
    {"COPY-ZIMS",          Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Slow,  kCopyZims,    CopyZims,        "Copies a ZIM file to or from a USB stick.", CopyZims},
    {"CTL-BLUETOOTH",      Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kCtlBluetooth, CtlBluetooth,   "Switches the network over Bluetooth on or off."},
    {"CTL-HOTSPOT",        Caller::Console, Needs::Nothing,  Log::Verb,  Makes::Answers, Lane::Slow,  kCtlHotspot,  CtlHotspot,      "Changes the password of the hotspot."},
    {"CTL-TAILSCALE",      Caller::Console, Needs::Internet, Log::Verb,  Makes::Answers, Lane::Slow,  kCtlTailscale, CtlTailscale,   "Joins or leaves a Tailscale network."},
    {"CTL-VPN",            Caller::Console, Needs::Internet, Log::Whole, Makes::Answers, Lane::Slow,  kCtlVpn,      CtlVpn,          "Starts or stops OpenVPN."},
    {"CTL-WIFI",           Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kCtlWifi,     CtlWifi,         "Switches the hotspot on or off."},
    {"DEL-CONTENT",        Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Slow,  kDelContent,  DelContent,      "Deletes ZIM files and modules, and their items on the home menu."},
    {"DEL-DOWNLOADS",      Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kDelDownloads, DelDownloads,    "Deletes downloaded archives."},
    {"DEL-MODULES",        Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Slow,  kDelModules,  DelModules,      "Deletes ZIM files or modules."},
    {"GET-ADM-CONF",       Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Instant, kNone,        GetAdmConf,      "The configuration that the console needs."},
    {"GET-ANS",            Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetAns,          "What Ansible knows of the box."},
    {"GET-ANS-TAGS",       Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetAnsTags,      "The tags that RUN-ANSIBLE can be given."},
    {"GET-EXTDEV-INFO",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetExtDevInfo,   "USB sticks that are plugged in, and the content on them."},
    {"GET-HEALTH",         Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Instant, kNone,        GetHealth,       "The parts of the server, how they are, and what to do about it."},
    {"GET-HW-INFO",        Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetHwInfo,       "The hardware, as lshw tells it."},
    {"GET-IIAB-INI",       Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetIiabIni,      "What was installed, as iiab.ini tells."},
    {"GET-INET-SPEED",     Caller::Console, Needs::Internet, Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetInetSpeed,    "Measures the line by a download."},
    {"GET-INET-SPEED2",    Caller::Console, Needs::Internet, Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetInetSpeed2,   "Measures the line with speedtest-cli."},
    {"GET-JOB-ACTIVE-SUM", Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Instant, kNone,        GetJobActiveSum, "How many jobs run."},
    {"GET-JOB-LOG",        Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kGetJobLog,   GetJobLog,       "A piece of the full output of a job."},
    {"GET-JOB-STAT",       Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kGetJobStat,  GetJobStat,      "The newest jobs, at most 50 at a time."},
    {"GET-KIWIX-CAT",      Caller::Console, Needs::Internet, Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetKiwixCat,     "Fetches the catalog of ZIM files from Kiwix."},
    {"GET-MEM-INFO",       Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetMemInfo,      "Memory and swap, as free -h prints it."},
    {"GET-MENU-ITEM-DEF-LIST", Caller::Console, Needs::Nothing, Log::Whole, Makes::Answers, Lane::Quick, kNone,      GetMenuItemDefList, "Names of the menu item definitions."},
    {"GET-NETWORK-INFO",   Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetNetworkInfo,  "Interfaces, routes, hotspot, and Wi-Fi in reach."},
    {"GET-OER2GO-CAT",     Caller::Console, Needs::Internet, Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetOer2goCat,    "Fetches the catalog of modules from IIAB."},
    {"GET-OER2GO-STAT",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetOer2goStat,   "Modules that are installed and that are being installed."},
    {"GET-OSM-VECT-CAT",   Caller::Console, Needs::Internet, Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetOsmVectCat,   "Was never written; kept for old scripts."},
    {"GET-OSM-VECT-STAT",  Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetOsmVectStat,  "Maps that are installed and that are being installed."},
    {"GET-PRESET-LIST",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetPresetList,   "Collections of content that can be installed."},
    {"GET-RACHEL-STAT",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetRachelStat,   "Whether RACHEL is installed, and its modules."},
    {"GET-REM-DEV-LIST",   Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetRemDevList,   "Disks that can be plugged in and out, with their sizes."},
    {"GET-ROLES-STAT",     Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetRolesStat,    "Which services are installed, enabled and active."},
    {"GET-RPI-STATE",      Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetRpiState,     "Temperature and throttling of a Raspberry Pi."},
    {"GET-SPACE-AVAIL",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetSpaceAvail,   "Size and free space of the root and library file systems."},
    {"GET-STATS",          Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetStats,        "Numbers of the server: Commands, latencies, queues, jobs, memory, disk."},
    {"GET-STORAGE-INFO",   Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetStorageInfo,  "File systems, as df -lh prints them."},
    {"GET-SYSTEM-INFO",    Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        GetSystemInfo,   "The network of the box, and whether its passwords are still the published ones."},
    {"GET-TAILSCALE-STATUS", Caller::Console, Needs::Nothing, Log::Whole, Makes::Answers, Lane::Slow, kNone,        GetTailscaleStatus, "Whether the box is in a Tailscale network, and with whom."},
    {"GET-UPGRADEABLE-ZIMS", Caller::Console, Needs::Nothing, Log::Whole, Makes::Answers, Lane::Slow, kNone,        GetUpgradeableZims, "Installed ZIM files that the catalog has newer."},
    {"GET-VARS",           Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetVars,         "The variables of the box as they count."},
    {"GET-WHLIST",         Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetWhlist,       "The list of permitted URLs."},
    {"GET-ZIM-STAT",       Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        GetZimStat,      "ZIM files that are installed and that are being installed."},
    {"INST-KALITE",        Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kInstallKalite, InstallKalite, "Installs videos of KA Lite by topics.", InstallKalite},
    {"INST-KOLIBRI",       Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kInstallKolibri, InstallKolibri, "Imports channels of Kolibri.", InstallKolibri},
    {"INST-OER2GO-MOD",    Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kInstallModule, InstallModule, "Fetches and installs a module of the catalog.", InstallModule},
    {"INST-OSM-VECT-SET",  Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kInstallMap,  InstallMap,      "Fetches and installs a map of the catalog.", InstallMap},
    {"INST-PRESETS",       Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kInstallPreset, InstallPreset, "Installs services, content and menu of a preset.", PlanPresetCommand},
    {"INST-RACHEL",        Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kNone,        InstallRachel,   "Installs RACHEL, where the host project has its role.", InstallRachel},
    {"INST-SAT-AREA",      Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kInstallSatellite, InstallSatelliteArea, "Adds a finer satellite picture of an area.", InstallSatelliteArea},
    {"INST-ZIMS",          Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kInstallZims, InstallZims,     "Fetches, verifies and installs a ZIM file of the catalog.", PlanZims},
    {"LIST-COMMANDS",      Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Instant, kNone,        ListCommands,    "All verbs with their parameters."},
    {"LIST-LIBR",          Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kListLibrary, ListLibrary,     "Files of a directory of the library, with their sizes."},
    {"MAKE-KIWIX-LIB",     Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Quick, kNone,        MakeKiwixLib,    "Indexes the installed ZIM files again."},
    {"MK-PRESET",          Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Quick, kMakePreset,  MakePreset,      "Makes a preset of what is on this box.", MakePreset},
    {"MOVE-UPLOADED-FILE", Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kMoveUploadedFile, MoveUploadedFile, "Makes an icon of an uploaded image."},
    {"PLAN",               Caller::Console, Needs::Nothing,  Log::Verb,  Makes::Answers, Lane::Slow,  kPlan,        PlanCommand,     "What a Command that installs content would do, and which space it needs."},
    {"POWEROFF",           Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        PowerOff,        "Switches the box off, 3 seconds after the answer."},
    {"REBOOT",             Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        Reboot,          "Starts the box again, 3 seconds after the answer."},
    {"REMOVE-USB",         Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kRemoveUsb,   RemoveUsb,       "Unmounts a USB stick, so that it can be pulled out."},
    {"REMOVE-WIFI-CONNECTION-PARAMS", Caller::Console, Needs::Nothing, Log::Whole, Makes::Answers, Lane::Slow, kRemoveWifi, RemoveWifiConnectionParams, "Forgets all Wi-Fi networks."},
    {"RESET-NETWORK",      Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Quick, kNone,        ResetNetwork,    "Sets up the network of the box anew."},
    {"RESTART-KIWIX",      Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        RestartKiwix,    "Starts the service that shows the ZIM files again."},
    {"RETRY-JOB",          Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kRetryJob,    RetryJob,        "Runs the steps of a Command again that did not succeed."},
    {"RUN-ANSIBLE",        Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Quick, kRunAnsible,  RunAnsible,      "Runs the playbooks of the box, or the parts with some tags."},
    {"RUN-ANSIBLE-ROLES",  Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Slow,  kRunAnsibleRoles, RunAnsibleRoles, "Installs and switches services as the variables say."},
    {"SAVE-MENU-DEF",      Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kSaveMenuDef, SaveMenuDef,     "Replaces a menu."},
    {"SAVE-MENU-ITEM-DEF", Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kSaveMenuItemDef, SaveMenuItemDef, "Changes or copies a menu item definition."},
    {"SET-CONF",           Caller::Console, Needs::Nothing,  Log::Verb,  Makes::Answers, Lane::Slow, kSetConf,     SetConf,         "Sets variables of the box."},
    {"SET-WHLIST",         Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kSetWhlist,   SetWhlist,       "Sets the list of permitted URLs."},
    {"SET-WIFI-CONNECTION-PARAMS", Caller::Console, Needs::Nothing, Log::Verb, Makes::Answers, Lane::Slow, kSetWifi, SetWifiConnectionParams, "Joins a Wi-Fi network."},
    {"SYNC-MENU-ITEM-DEFS", Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,  Lane::Slow,  kNone,        SyncMenuItemDefs, "Exchanges menu item definitions with the shared repository."},
    {"TEST",               Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Quick, kNone,        Test,            "Answers; shows that the server does."},
    {"TEST-JOB",           Caller::Console, Needs::Nothing,  Log::Whole, Makes::Jobs,   Lane::Quick, kTestJob,     TestJob,         "Makes a chain of steps that sleep, to try the job machine."},
    {"UPDATE-HOME-MENU",   Caller::Console, Needs::Nothing,  Log::Whole, Makes::Answers, Lane::Slow,  kNone,        UpdateHomeMenu,  "Puts new content on the home menu."},
    {"UPGRADE-ZIMS",       Caller::Console, Needs::Internet, Log::Whole, Makes::Jobs,   Lane::Slow,  kUpgradeZims, UpgradeZims,     "Replaces installed ZIM files by newer ones.", UpgradeZims},
    {"WAIT-EVENTS",        Caller::Console, Needs::Nothing,  Log::Poll,  Makes::Answers, Lane::Quick, kWaitEvents,  WaitEvents,      "Waits for the next changes of jobs."},
    {"WGET",               Caller::Console, Needs::Internet, Log::Whole, Makes::Answers, Lane::Slow,  kNone,        Wget,            "Does nothing; kept for old scripts."},
};
// clang-format on
static_assert(std::ranges::is_sorted(kCommands, {}, &CommandRowInfo::verb));
// The gate waits some seconds for the internet; who waits must not hold a worker that is kept for quick verbs.
static_assert(std::ranges::none_of(kCommands, [](const CommandRowInfo& row) {
  return row.needs == Needs::Internet && row.lane != Lane::Slow;
}));

std::string_view NameOf(Caller caller) {
  switch (caller) {
    case Caller::Console: return "console";
    case Caller::Root: return "root";
    case Caller::Gateway: return "gateway";
  }
  return "";
}

std::string_view NameOf(Lane lane) {
  switch (lane) {
    case Lane::Instant:  // a matter of the server: to whoever waits it is quick
    case Lane::Quick: return "quick";
    case Lane::Slow: return "slow";
    case Lane::Password: return "password";
  }
  return "";
}

json::object Describe(const Parameter& parameter) {
  json::object described{{"name", parameter.name},
                         {"type", NameOf(parameter.type)},
                         {"required", parameter.need == Need::Required},
                         {"class", NameOf(parameter.value_class)}};
  const Parameter unbounded{.name = "", .type = parameter.type, .need = Need::Optional};
  if (parameter.least != unbounded.least) described["least"] = parameter.least;
  if (parameter.most != unbounded.most) described["most"] = parameter.most;
  return described;
}

}  // namespace

std::span<const CommandRowInfo> AllCommands() { return kCommands; }

std::string CanonicalText(const CommandRowInfo& row, const Command& command) {
  Command declared{command.verb, {}};
  for (const Parameter& parameter : row.parameters) {
    if (const json::value* value = command.arguments.if_contains(parameter.name))
      declared.arguments[parameter.name] = *value;
  }
  return CanonicalText(declared);
}

const CommandRowInfo* FindCommand(std::string_view verb) {
  static const auto kByVerb = [] {  // asked twice for each Command
    std::unordered_map<std::string_view, const CommandRowInfo*> rows;
    for (const CommandRowInfo& row : kCommands) rows.emplace(row.verb, &row);
    return rows;
  }();
  const auto row = kByVerb.find(verb);
  return row == kByVerb.end() ? nullptr : row->second;
}

json::value DescribeCommands() {
  json::array rows;
  for (const CommandRowInfo& row : kCommands) {
    json::array parameters;
    for (const Parameter& parameter : row.parameters) parameters.push_back(Describe(parameter));
    rows.push_back(json::object{{"verb", row.verb},
                                {"summary", row.summary},
                                {"caller", NameOf(row.caller)},
                                {"internet", row.needs == Needs::Internet},
                                {"sensitive", row.log == Log::Verb || row.log == Log::Never},
                                {"jobs", row.makes == Makes::Jobs},
                                {"lane", NameOf(row.lane)},
                                {"parameters", std::move(parameters)}});
  }
  return rows;
}

}  // namespace cmdsrv
