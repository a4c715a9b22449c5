#include "daemon/hazard_meanings.hpp"

#include <algorithm>
#include <string>

#include "daemon/hazard_values.hpp"

namespace cmdsrv::test {
namespace {

/// Compared with something that is there: whatever is hostile is not among it.
constexpr unsigned kCompared = kEverything;
constexpr unsigned kRow = kNul | kWrongType;  // what every row refuses of a text of any length
constexpr unsigned kOneLine = kRow | kNewline | kControl;
constexpr unsigned kWord = kEverything & ~kOption;

constexpr Meaning kMeanings[] = {
    // The answer to a wrong password is no error but INVALID.
    {.parameter = "AUTHENTICATE.user"},
    {.parameter = "AUTHENTICATE.password"},
    {.parameter = "CHGPW.user", .refused = kCompared},
    {.parameter = "CHGPW.oldpasswd", .refused = kCompared},
    {.parameter = "CHGPW.newpasswd", .refused = kCompared},
    {.parameter = "COPY-DEV-IMAGE.dest_dev", .refused = kCompared, .harmless = R"("/dev/hazard")"},
    {.parameter = "COPY-OER2GO-MOD.source", .refused = kCompared, .harmless = R"("internal")"},
    {.parameter = "COPY-OER2GO-MOD.dest", .refused = kCompared, .harmless = R"("usb9")"},
    {.parameter = "COPY-ZIMS.source", .refused = kCompared, .harmless = R"("internal")"},
    {.parameter = "COPY-ZIMS.dest", .refused = kCompared, .harmless = R"("usb9")"},
    {.parameter = "COPY-ZIMS.zim_id", .refused = kCompared},
    {.parameter = "CTL-HOTSPOT.hotspot_password", .refused = kOneLine | kEmpty | kBlank | kUnicode},
    {.parameter = "CTL-TAILSCALE.tailscale_on_off", .refused = kCompared, .harmless = R"("ON")"},
    {.parameter = "CTL-TAILSCALE.tailscale_login", .refused = kCompared, .harmless = R"("custom")"},
    {.parameter = "CTL-TAILSCALE.tailscale_custom_login",
     .refused = kCompared,
     .harmless = R"("https://hazard.example")"},
    {.parameter = "CTL-TAILSCALE.tailscale_authkey", .refused = kWord | kEmpty, .harmless = R"("tskey-hazard")"},
    {.parameter = "CTL-TAILSCALE.tailscale_hostname", .refused = kCompared & ~kEmpty, .harmless = R"("hazard")"},
    {.parameter = "CTL-VPN.vpn_handle", .refused = kOneLine | kShell | kGlob | kTemplate | kEmpty},
    {.parameter = "CTL-VPN.make_permanent", .harmless = R"("False")"},
    {.parameter = "DEL-CONTENT.device", .refused = kCompared, .harmless = R"("internal")"},
    {.parameter = "DEL-CONTENT.content",
     .pattern = R"({"zims": ["@"]})",
     .refused = kOneLine | kTraversal | kHere | kEmpty,
     .harmless = R"({"zims": ["hazard_none"]})"},
    {.parameter = "DEL-CONTENT.content",
     .pattern = R"({"modules": ["@"]})",
     .refused = kOneLine | kTraversal | kHere | kEmpty},
    {.parameter = "DEL-CONTENT.content", .pattern = R"({"@": ["hazard_none"]})", .refused = kCompared},
    {.parameter = "DEL-DOWNLOADS.sub_dir", .refused = kCompared, .harmless = R"("zims")"},
    {.parameter = "DEL-MODULES.device", .refused = kCompared, .harmless = R"("internal")"},
    {.parameter = "DEL-MODULES.mod_type", .refused = kCompared, .harmless = R"("modules")"},
    {.parameter = "INST-KALITE.lang_code", .refused = kCompared, .harmless = R"("en")"},
    // Compared with paths in a database, never with those of files.
    {.parameter = "INST-KALITE.topics",
     .pattern = R"(["@"])",
     .refused = kCompared & ~(kTraversal | kHere),
     .harmless = R"(["khan/hazard/"])"},
    {.parameter = "INST-KOLIBRI.channels",
     .pattern = R"([{"channel_id": "@"}])",
     .refused = kCompared,
     .harmless = R"([{"channel_id": "00000000000000000000000000000000"}])"},
    {.parameter = "INST-KOLIBRI.channels",
     .pattern = R"([{"channel_id": "00000000000000000000000000000000", "node_id": "@"}])",
     .refused = kCompared},
    {.parameter = "INST-ZIMS.zim_id", .refused = kCompared},
    {.parameter = "LIST-LIBR.sub_dir", .refused = kCompared & ~kHere, .harmless = R"("downloads")"},
    {.parameter = "MK-PRESET.preset_name", .refused = kCompared & ~kOption},
    {.parameter = "MK-PRESET.title", .refused = kRow},
    {.parameter = "MK-PRESET.description", .refused = kRow},
    {.parameter = "MK-PRESET.default_lang", .refused = kRow, .harmless = R"("en")"},
    {.parameter = "MK-PRESET.location", .refused = kRow},
    {.parameter = "MOVE-UPLOADED-FILE.file_use", .refused = kCompared, .harmless = R"("icon")"},
    {.parameter = "MOVE-UPLOADED-FILE.filter_array",
     .pattern = R"(["@"])",
     .refused = kRow,
     .harmless = R"(["image/png"])"},
    {.parameter = "PLAN.command", .refused = kRow, .harmless = R"("INST-ZIMS {\"zim_id\": \"hazard\"}")"},
    {.parameter = "RUN-ANSIBLE.tags", .refused = kCompared & ~kOption},
    {.parameter = "SAVE-MENU-DEF.menu_url", .refused = kCompared, .harmless = R"("hazard")"},
    {.parameter = "SAVE-MENU-DEF.menu_def",
     .pattern = R"({"menu_items_1": ["@"]})",
     .harmless = R"({"menu_items_1": ["en-credits"]})"},
    {.parameter = "SAVE-MENU-DEF.menu_def", .pattern = R"({"menu_items_1": ["en-credits"], "@": "@"})"},
    {.parameter = "SAVE-MENU-ITEM-DEF.mode", .refused = kCompared, .harmless = R"("edit")"},
    {.parameter = "SAVE-MENU-ITEM-DEF.menu_item_def",
     .pattern = R"({"title": "@", "upload_flag": false, "download_flag": false})",
     .harmless = R"({"title": "x", "upload_flag": false, "download_flag": false})"},
    {.parameter = "SAVE-MENU-ITEM-DEF.menu_item_def",
     .pattern = R"({"logo_url": "@", "upload_flag": false, "download_flag": false})",
     .refused = kTraversal | kNul | kNewline | kControl},
    {.parameter = "SAVE-MENU-ITEM-DEF.menu_item_def",
     .pattern = R"({"extra_html": "@", "upload_flag": false, "download_flag": false})",
     .refused = kTraversal | kNul | kNewline | kControl},
    {.parameter = "SAVE-MENU-ITEM-DEF.menu_item_def",
     .pattern = R"({"lang": "@", "upload_flag": false, "download_flag": false})",
     .refused = kCompared},
    {.parameter = "SAVE-MENU-ITEM-DEF.menu_item_def",
     .pattern = R"({"@": "x", "upload_flag": false, "download_flag": false})"},
    {.parameter = "SET-CONF.config_vars",
     .pattern = R"({"iiab_hostname": "@"})",
     .refused = kCompared,
     .harmless = R"({"hazard_text": "x"})"},
    {.parameter = "SET-CONF.config_vars", .pattern = R"({"hazard_text": "@"})", .refused = kOneLine},
    {.parameter = "SET-CONF.config_vars", .pattern = R"({"@": true})", .refused = kCompared},
    {.parameter = "SET-WHLIST.iiab_whitelist",
     .pattern = R"(["@"])",
     .refused = kOneLine,
     .harmless = R"(["hazard.example"])"},
    {.parameter = "SET-WIFI-CONNECTION-PARAMS.connect_wifi_ssid", .refused = kOneLine | kEmpty},
    {.parameter = "SET-WIFI-CONNECTION-PARAMS.connect_wifi_bssid",
     .refused = kCompared,
     .harmless = R"("AA:BB:CC:DD:EE:FF")"},
    {.parameter = "SET-WIFI-CONNECTION-PARAMS.connect_wifi_password",
     .refused = kOneLine | kBlank | kUnicode,
     .harmless = R"("hazard-password")"},
};

}  // namespace

std::vector<Meaning> MeaningsOf(std::string_view verb, std::string_view parameter) {
  const std::string wanted = std::string(verb) + "." + std::string(parameter);
  std::vector<Meaning> found;
  std::ranges::copy_if(kMeanings, std::back_inserter(found),
                       [&](const Meaning& meaning) { return meaning.parameter == wanted; });
  return found;
}

std::vector<std::string> StaleMeanings() {
  std::vector<std::string> stale;
  for (const Meaning& meaning : kMeanings) {
    const std::size_t dot = meaning.parameter.find('.');
    const CommandRowInfo* row = FindCommand(meaning.parameter.substr(0, dot));
    const bool there =
        row != nullptr && std::ranges::any_of(row->parameters, [&](const Parameter& parameter) {
          return parameter.name == meaning.parameter.substr(dot + 1) && parameter.value_class == Class::Any;
        });
    if (!there) stale.emplace_back(meaning.parameter);
  }
  return stale;
}

}  // namespace cmdsrv::test
