#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/log.hpp"
#include "commands/config_rules.hpp"
#include "commands/fake_box.hpp"
#include "content/yaml_reader.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Config : public ::testing::Test {
 protected:
  Config() {
    std::filesystem::create_directories(box.root.Path("/opt/iiab/iiab/vars"));
    box.Write(box.root.Path("/opt/iiab/iiab/vars/default_vars.yml"),
              "iiab_hostname: box\nhost_channel: 6\nkiwix_enabled: False\nadmin_pwd: published\n"
              "hostapd_password: changeme\ndoc: \"{{ iiab_hostname }}/www\"\n");
    box.Write(local, kLocal);
  }
  std::string Local() { return *ReadFile(local); }
  json::object Values() { return ValuesOf(*ReadYaml(Local())); }
  std::string Set(const json::object& variables) {
    return TextOf(box.Ask("SET-CONF", PrintJson(json::object{{"config_vars", variables}})));
  }
  ErrorCode CodeOf(const json::object& variables) {
    const auto outcome = box.Ask("SET-CONF", PrintJson(json::object{{"config_vars", variables}}));
    EXPECT_FALSE(outcome.has_value()) << PrintJson(variables);
    return outcome ? ErrorCode::Internal : outcome.error().code;
  }

  static constexpr const char* kLocal = "# mine\niiab_hostname: school   # its name\nmy_kiwix_enabled: True\n";
  FakeBox box;
  const std::string local = box.root.Path("/etc/iiab/local_vars.yml");
};

TEST_F(Config, GetVarsTellsWhatCounts) {
  EXPECT_EQ(TextOf(box.Ask("GET-VARS")),
            R"({"iiab_hostname":"school","host_channel":6,"kiwix_enabled":false,"hostapd_password":"changeme",)"
            R"("doc":"box/www","my_kiwix_enabled":true})");
  EXPECT_THAT(PrintJson(box.health.Describe()), HasSubstr(R"("variables":{"state":"good")"));
  box.Write(local, "iiab_hostname: \"school\nx: y\n");
  EXPECT_EQ(TextOf(box.Ask("GET-VARS")), fmt::format("error: Error in {} line 3", local));
  EXPECT_THAT(PrintJson(box.health.Describe()), HasSubstr(R"("variables":{"state":"degraded")"));
  EXPECT_EQ(Set({{"a", 1}}), fmt::format("error: Error in {} line 3", local));
  box.Write(local, "x: 1\n");
  std::filesystem::remove(box.root.Path("/opt/iiab/iiab/vars/default_vars.yml"));
  EXPECT_THAT(TextOf(box.Ask("GET-VARS")), HasSubstr("error: There is no "));
  EXPECT_EQ(Set({{"x", 2}}), "success: ") << "what is set does not need the defaults";
}

TEST_F(Config, GetIiabIniReadsItAgain) {
  EXPECT_EQ(TextOf(box.Ask("GET-IIAB-INI")), "{}");
  box.Write(box.root.Path("/etc/iiab/iiab.ini"), "[runtime]\nRuntime_Branch = 100%\n");
  EXPECT_EQ(TextOf(box.Ask("GET-IIAB-INI")), R"({"runtime":{"runtime_branch":"100%"}})");
}

TEST_F(Config, SetConfChangesValuesAndKeepsTheRest) {
  EXPECT_EQ(Set({{"iiab_hostname", "box-2"}, {"host_ssid", "Net: 5 # x"}, {"host_channel", "11"}}), "success: ");
  EXPECT_THAT(Local(), HasSubstr("# mine\niiab_hostname: box-2   # its name\nmy_kiwix_enabled: True\n"));
  EXPECT_EQ(Values().at("host_ssid"), "Net: 5 # x");
  EXPECT_EQ(Values().at("host_channel"), 11) << "it was a number before it was edited";
  EXPECT_EQ(*ReadFile(local + ".bak"), kLocal);
  EXPECT_EQ(Set({}), "success: ");
}

TEST_F(Config, SwitchingAServiceOnWantsItInstalled) {
  box.Write(box.root.Path("/etc/iiab/iiab_state.yml"), "kiwix_installed: True\n");
  EXPECT_EQ(Set({{"kolibri_enabled", true}, {"kiwix_enabled", false}, {"samba_enabled", false}}), "success: ");
  EXPECT_EQ(Values().at("kolibri_install"), true);
  EXPECT_EQ(Values().at("kiwix_install"), true) << "it is installed and stays";
  EXPECT_EQ(Values().at("samba_install"), false);
  EXPECT_EQ(Set({{"hostapd_enabled", true}, {"kiwix_enabled_not", true}}), "success: ");
  EXPECT_FALSE(Values().contains("hostapd_install")) << "that is no role";
}

TEST_F(Config, SetConfWaitsForAnsible) {
  box.board.active.ansible = true;
  EXPECT_EQ(Set({{"a", 1}}),
            "error: Cannot set Configuration while Ansible Command is Running. Please resubmit later.");
  EXPECT_EQ(Local(), kLocal);
}

// The hazard matrix: configuration injection.
TEST_F(Config, NoNameBreaksOut) {
  for (const char* name : {"", "a b", "a:", "a\nb", "a: 1\nb", "#a", "1a", "-a", "a.b", "\xC3\xA4", "a#", "\"a\""})
    EXPECT_EQ(CodeOf({{name, 1}}), ErrorCode::Malformed) << name;
  EXPECT_EQ(CodeOf({{std::string(65, 'a'), 1}}), ErrorCode::Malformed);
  EXPECT_EQ(Local(), kLocal);
}

TEST_F(Config, NoValueBreaksOut) {
  for (const json::value& value :
       {json::value("a\nb: 1"), json::value("a\tb"), json::value("a\x7F"), json::value("\xC2\x85"),
        json::value("\xE2\x80\xA8"), json::value(std::string(1001, 'x')), json::value(nullptr),
        json::value(json::array{1}), json::value(json::object{{"a", 1}}), json::value("{{ lookup('pipe', 'id') }}"),
        json::value("{% x %}"), json::value("\r")})
    EXPECT_EQ(CodeOf({{"good", 1}, {"host_ssid", value}}), ErrorCode::Malformed) << PrintJson(value);
  EXPECT_EQ(Local(), kLocal) << "nothing of a refused request is done";
  int set = 0;
  for (const char* text :
       {"yes", "007", "",   "New: box",          "a # b", "'", "\"",   "\\",  "[a",         "- a", "#x",
        "|",   "&a",  "*a", "!!python/object:x", "%",     "~", "null", "1.5", "2026-01-01", " x ", "é",
        "{a"}) {
    const std::string name = fmt::format("value_{}", ++set);
    EXPECT_EQ(Set({{name, text}}), "success: ") << text;
    EXPECT_EQ(Values().at(name), text);
  }
  EXPECT_EQ(Values().size(), 2U + static_cast<std::size_t>(set));
}

TEST_F(Config, FieldsOfTheConsoleAreChecked) {
  const auto refused = [&](const char* name, const json::value& value) {
    EXPECT_EQ(Set({{name, value}}), fmt::format("error: Invalid value for {}.", name)) << PrintJson(value);
  };
  for (const char* text : {"", "-box", "my box", "box.lan", "b\xC3\xB6x"}) refused("iiab_hostname", text);
  for (const char* text : {"", ".lan", "lan.", "-lan", "la n", "lan/"}) refused("iiab_domain", text);
  for (const char* text : {"1.2.3", "256.1.1.1", "a.b.c.d", "1.2.3.4/24", "::1"}) {
    refused("gui_static_wan_ip", text);
    refused("gui_static_wan_nameserver", text);
  }
  for (const char* text : {"short", "", "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"}) refused("hostapd_password", text);
  refused("hostapd_password", json::value(std::string(64, 'x')));
  for (const json::value& value :
       {json::value(6), json::value(-1), json::value("9"), json::value("33"), json::value(true)})
    refused("ports_externally_visible", value);
  refused("iiab_hostname", 5);
  EXPECT_EQ(Local(), kLocal);
  EXPECT_EQ(Set({{"iiab_hostname", "box-1"},
                 {"iiab_domain", "school.lan"},
                 {"gui_static_wan", true},
                 {"gui_static_wan_ip", "192.168.1.5"},
                 {"gui_static_wan_gateway", ""},
                 {"hostapd_password", "a good \"one\" # 1"},
                 {"ports_externally_visible", "3"}}),
            "success: ");
}

/// All fields of the Configure screen, as the first Save of today's console sends them: those that the server did not
/// know too.
TEST_F(Config, WhatTheConfigureScreenSavesComesBack) {
  json::object fields;
  for (const char* name :
       {"wifi_up_down", "gui_static_wan", "iiab_gateway_enabled", "squid_enabled", "gw_squid_whitelist",
        "gw_block_https", "dansguardian_enabled", "hostapd_enabled", "hostapd_secure"})
    fields[name] = fields.size() % 2 == 0;
  for (const char* role : {"captiveportal", "kiwix",      "kalite",          "kolibri",    "osm_vector_maps",
                           "calibreweb",    "jupyterhub", "internetarchive", "sugarizer",  "xo_services",
                           "ejabberd",      "wordpress",  "mediawiki",       "moodle",     "nextcloud",
                           "samba",         "cups",       "usb_lib",         "luanti",     "azuracast",
                           "lokole",        "pbx",        "gitea",           "nodered",    "monit",
                           "munin",         "vnstat",     "awstats",         "phpmyadmin", "remoteit",
                           "tailscale"})
    fields[std::string(role) + "_enabled"] = fields.size() % 2 == 0;
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"iiab_hostname", "box-2"},
                                                                  {"iiab_domain", "lan"},
                                                                  {"gui_static_wan_ip", "192.168.1.5"},
                                                                  {"gui_static_wan_netmask", "255.255.255.0"},
                                                                  {"gui_static_wan_gateway", ""},
                                                                  {"gui_static_wan_nameserver", "8.8.8.8"},
                                                                  {"host_ssid", "Dörfli: \"no\" # 007"},
                                                                  {"host_wifi_mode", "g"},
                                                                  {"hostapd_password", "{ yes } !"},
                                                                  {"gui_desired_network_role", "LanController"},
                                                                  {"ports_externally_visible", "3"}})
    fields[name] = value;
  EXPECT_EQ(Set(fields), "success: ");
  const json::object shown = ParseJson(TextOf(box.Ask("GET-VARS")))->get_object();
  for (const auto& [name, value] : fields) EXPECT_EQ(shown.at(name), value) << std::string_view(name);
  EXPECT_EQ(Set({{"host_channel", "11"}}), "success: ");
  EXPECT_EQ(Values().at("host_channel"), 11) << "a number field comes back as a text";
}

TEST_F(Config, AnUnwritableFileIsToldAndStays) {
  std::filesystem::remove(local);
  std::filesystem::create_directories(local);
  EXPECT_THAT(Set({{"a", 1}}), ::testing::AnyOf(HasSubstr("Unable to update local variables."), HasSubstr("cannot")));
}

TEST_F(Config, TheLogHasNamesAndNoValues) {
  EXPECT_EQ(FindCommand("SET-CONF")->log, Log::Verb) << "passwords are among the variables";
  static std::string logged;
  log::SetSink([](log::Level, std::string_view, std::string&& text) { logged += text + "\n"; });
  EXPECT_THAT(Set({{"iiab_hostname", "hidden-1"}, {"host_channel", 11}}), HasSubstr("success"));
  EXPECT_THAT(logged, HasSubstr("set the variables iiab_hostname, host_channel"));
  EXPECT_THAT(logged, Not(HasSubstr("hidden-1")));
}

TEST(WithNumbers, OnlyDecimalTextsOfNumbersChange) {
  const json::object present = {{"n", 1}, {"t", "1"}, {"b", true}, {"f", 1.5}};
  EXPECT_EQ(PrintJson(WithNumbers({{"n", "6"}, {"t", "6"}, {"b", "6"}, {"f", "6"}, {"new", "6"}}, present)),
            R"({"n":6,"t":"6","b":"6","f":"6","new":"6"})");
  for (const char* text : {"06", "6 ", "0x6", "-", "", "6.0", "99999999999999999999"})
    EXPECT_TRUE(WithNumbers({{"n", text}}, present).at("n").is_string()) << text;
  EXPECT_EQ(WithNumbers({{"n", "-6"}}, present).at("n"), -6);
}

}  // namespace
}  // namespace cmdsrv
