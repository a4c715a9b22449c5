// What is told to the log, and where it is theirs to know to the client, when arguments are not what they must be.
#include <gtest/gtest.h>

#include "commands/fake_box.hpp"

namespace cmdsrv {
namespace {

struct Refusal {
  const char* verb;
  const char* arguments;
  const char* sentence;
};

constexpr const char* kLists[] = {"[]", R"(["kiwix"])", R"(["kiwix", "running"])", R"(["no-role", "active"])"};

constexpr Refusal kRefusals[] = {
    {"RUN-ANSIBLE", R"({"tags": "a b"})", "argument tags is no list of tags"},
    {"RUN-ANSIBLE", R"({"tags": ""})", "argument tags is no list of tags"},
    {"INST-KOLIBRI", R"({"channels": [5]})", "argument channels element 1 must be an object"},
    {"INST-KOLIBRI", R"({"channels": []})", "channels is empty"},
    {"INST-KOLIBRI", R"({"channels": [{"channel_id": "x"}]})", "channels: a channel_id is no 32 hexadecimal digits"},
    {"INST-KOLIBRI", R"({"channels": [{"channel_id": "00000000000000000000000000000000", "node_id": 7}]})",
     "channels: a node_id is no 32 hexadecimal digits"},
    {"INST-ZIMS", R"({"zim_id": "a\u0000b"})", "argument zim_id must not contain NUL"},
    {"INST-OER2GO-MOD", R"({"moddir": "a\nb"})", "argument moddir must not contain control characters"},
    {"SET-CONF", R"({"config_vars": {"no name": true}})", "a name in config_vars is no variable"},
    {"SET-CONF", R"({"config_vars": {"x": []}})", "variable x must be true, false, a number or a text"},
    {"SET-CONF", R"({"config_vars": {"x": "{{ y }}"}})", "variable x must not contain a template"},
    {"SET-CONF", R"({"config_vars": {"x": "a\tb"}})", "variable x must not contain control characters"},
    {"TEST-JOB", R"({"steps": []})", "argument steps is empty"},
    {"TEST-JOB", R"({"steps": [-1.5]})", "argument steps: a negative step is a whole exit status, -1 to -125"},
    {"DEL-CONTENT", R"({"device": "internal", "content": {"maps": []}})", "content has the unknown key maps"},
    {"DEL-CONTENT", R"({"device": "disk", "content": {}})", "device is neither internal nor a USB mount point"},
    {"DEL-MODULES", R"({"device": "internal", "mod_type": "maps", "mod_list": []})",
     "mod_type is neither zims nor modules"},
    {"DEL-DOWNLOADS", R"({"sub_dir": "maps", "file_list": []})", "sub_dir is neither zims nor rachel"},
    {"MOVE-UPLOADED-FILE", R"({"file_name": "a.png", "file_use": "page", "filter_array": []})", "file_use is not icon"},
    {"PLAN", R"({"command": "REBOOT"})", "Only Commands that install, upgrade or copy content can be planned."},
    {"PLAN", R"({"command": "INST-ZIMS {"})", "command is no Command"},
    {"MK-PRESET", R"({"preset_name": ""})", "preset_name is empty"},
    {"SAVE-MENU-DEF", R"({"menu_url": "a b", "menu_def": {"menu_items_1": ["en-x"]}})",
     "menu_url is no name of a menu directory"},
    {"SAVE-MENU-DEF", R"({"menu_url": "home", "menu_def": {}})", "menu_def has no list menu_items_1, or it is empty"},
    {"SAVE-MENU-DEF", R"({"menu_url": "home", "menu_def": {"menu_items_1": ["../x"]}})",
     "menu_items_1 has something that is no name of a menu item"},
    {"SAVE-MENU-ITEM-DEF", R"({"menu_item_name": "en-x", "mode": "move", "menu_item_def": {}})",
     "mode is neither edit nor clone"},
    {"SET-WHLIST", R"({"iiab_whitelist": ["a b"]})", "argument iiab_whitelist has an entry with a blank in it"},
    {"CTL-VPN", R"({"vpn_on_off": "on", "vpn_handle": "a/b", "make_permanent": "False"})",
     "argument vpn_handle has other characters than A-Z a-z 0-9 blank . _ -"},
    {"SET-WIFI-CONNECTION-PARAMS", R"({"connect_wifi_ssid": "", "connect_wifi_password": ""})",
     "argument connect_wifi_ssid is no SSID"},
    {"SET-WIFI-CONNECTION-PARAMS", R"({"connect_wifi_ssid": "x", "connect_wifi_password": "short"})",
     "argument connect_wifi_password is no password of a Wi-Fi"},
    {"SET-WIFI-CONNECTION-PARAMS",
     R"({"connect_wifi_ssid": "x", "connect_wifi_password": "", "connect_wifi_bssid": "AA:BB"})",
     "argument connect_wifi_bssid is no BSSID"},
    {"INST-KALITE", R"({"lang_code": "xx", "topics": ["a"]})", "lang_code is none that KA Lite has packs for"},
    {"INST-KALITE", R"({"lang_code": "en", "topics": ["a b"]})",
     "topics is empty, or one of them is no path of a topic"},
    {"MOVE-UPLOADED-FILE", R"({"file_name": "a;b.png", "file_use": "icon", "filter_array": []})",
     "file_name is no plain name"},
    {"MK-PRESET", R"({"preset_name": "mine", "title": "a\nb"})",
     "title is longer than 500 characters or no plain text"},
    {"UPGRADE-ZIMS", R"({"zim_permarefs": []})", "zim_permarefs is empty"},
};

TEST(Refusals, SayWhatIsWrongWithWhichArgument) {
  FakeBox box;
  for (const auto& [verb, arguments, sentence] : kRefusals)
    EXPECT_EQ(TextOf(box.Ask(verb, arguments)), std::string("error: ") + sentence) << verb << " " << arguments;
}

TEST(Refusals, AServiceIsARoleAndAState) {
  FakeBox box;
  for (const char* list : kLists) {
    EXPECT_EQ(TextOf(box.Ask("INST-ZIMS", fmt::format(R"({{"zim_id": "x", "service_required": {}}})", list))),
              "error: argument service_required must be a role and one of installed, enabled, active")
        << list;
  }
}

TEST(Refusals, AMenuHasABound) {
  FakeBox box;
  json::array items(2001, json::value("en-x"));
  const json::object arguments{{"menu_url", "home"}, {"menu_def", json::object{{"menu_items_1", items}}}};
  EXPECT_EQ(TextOf(box.Ask("SAVE-MENU-DEF", json::serialize(arguments))),
            "error: menu_items_1 has more than 2000 items");
}

TEST(Refusals, ADefinitionHasABound) {
  FakeBox box;
  json::object definition{{"upload_flag", true}, {"download_flag", true}};
  for (int i = 0; i < 14; ++i) definition[fmt::format("text_{}", i)] = std::string(20'000, 'x');
  const json::object arguments{{"menu_item_name", "en-x"}, {"mode", "edit"}, {"menu_item_def", std::move(definition)}};
  EXPECT_EQ(TextOf(box.Ask("SAVE-MENU-ITEM-DEF", PrintJson(arguments))), "error: menu_item_def is larger than 256 KiB");
}

}  // namespace
}  // namespace cmdsrv
