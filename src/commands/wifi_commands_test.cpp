#include <gmock/gmock.h>

#include "commands/network_test_box.hpp"
#include "content/wifi_files.hpp"
#include "content/wifi_psk.hpp"
#include "support/wait.hpp"

namespace cmdsrv {
namespace {

using std::chrono::seconds;
using test::WaitUntil;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kHome = "e0c0b1a2-0000-4000-8000-000000000001";
constexpr const char* kOwn = "e0c0b1a2-0000-4000-8000-000000000002";
constexpr const char* kWired = "e0c0b1a2-0000-4000-8000-000000000003";
constexpr const char* kSchool = "e0c0b1a2-0000-4000-8000-000000000004";
const std::string kDirectory = "/etc/NetworkManager/system-connections/";
const std::string kPassword = "correct horse";

std::string Arguments(const std::string& ssid, const std::string& password, const std::string& more = "") {
  return fmt::format(R"({{"connect_wifi_ssid": {}, "connect_wifi_password": {}{}}})", PrintJson(json::value(ssid)),
                     PrintJson(json::value(password)), more);
}

class Wifi : public ::testing::Test {
 protected:
  Wifi() {
    box.Put(
        "/box/connections",
        fmt::format("Home:{}:802-11-wireless:wlan0\nMy Box AP:{}:802-11-wireless:ap0\nWired:{}:802-3-ethernet:eth0\n"
                    "School \\: 1:{}:802-11-wireless:\n",
                    kHome, kOwn, kWired, kSchool));
    box.Put(std::string("/box/profile-") + kHome, "Home net\ninfrastructure\n");
    box.Put(std::string("/box/profile-") + kOwn, "My Box\nap\n");
    box.Put(std::string("/box/profile-") + kSchool, "School\n\n");
    box.Put("/box/scan",
            "Net: :6:70:x:WPA2:AA\\:BB\\:CC\\:DD\\:EE\\:FF\nNew: :6:70:x:WPA3:AA\\:BB\\:CC\\:DD\\:EE\\:01\n");
    box.Activate("NetworkManager.service");
  }
  std::string Set(const std::string& ssid, const std::string& password, const std::string& more = "") {
    return box.Reply("SET-WIFI-CONNECTION-PARAMS", Arguments(ssid, password, more));
  }
  std::string Keyfile(const std::string& ssid) { return box.Get(kDirectory + NmKeyfileName(ssid)); }

  NetworkBox box;
};

TEST_F(Wifi, NetworkManagerJoins) {
  EXPECT_EQ(Set("Net", kPassword, R"(, "connect_wifi_bssid": "AA:BB:CC:DD:EE:FF")"), "success: ");
  const std::string uuid = UuidForName("Net");
  const std::string psk(WifiPsk(Secret(kPassword), "Net").Expose());
  EXPECT_THAT(Keyfile("Net"), HasSubstr("psk=" + psk + "\n"));
  EXPECT_TRUE(box.Called("nmcli device disconnect wlan0"));
  EXPECT_TRUE(box.Called("nmcli connection load " + box.root.Path(kDirectory) + NmKeyfileName("Net")));
  EXPECT_THAT(box.Calls(), HasSubstr("connection up uuid " + uuid + " ifname wlan0 ap AA:BB:CC:DD:EE:FF\n"));
  struct stat facts {};
  ASSERT_EQ(::stat(box.root.Path(kDirectory + NmKeyfileName("Net")).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  EXPECT_THAT(box.Calls() + box.Log(), Not(HasSubstr(kPassword)));
  EXPECT_THAT(box.Calls() + box.Log(), Not(HasSubstr(psk)));
  EXPECT_EQ(FindCommand("SET-WIFI-CONNECTION-PARAMS")->log, Log::Verb);
  EXPECT_FALSE(box.Called("systemctl restart hostapd.service"));
}

TEST_F(Wifi, KindsOfKeys) {
  EXPECT_EQ(Set("Open", ""), "success: ");
  EXPECT_THAT(Keyfile("Open"), Not(HasSubstr("security")));
  EXPECT_THAT(box.Calls(), HasSubstr("ifname wlan0\n")) << "any access point of that name";
  const std::string hex(64, 'A');
  EXPECT_EQ(Set("Hex", hex), "success: ");
  EXPECT_THAT(Keyfile("Hex"), HasSubstr("psk=" + hex + "\n"));
  EXPECT_EQ(Set("New", kPassword), "success: ");
  EXPECT_THAT(Keyfile("New"), HasSubstr("key-mgmt=sae\npsk=" + kPassword + "\n"));
  EXPECT_THAT(box.Calls() + box.Log(), Not(HasSubstr(kPassword)));
}

TEST_F(Wifi, SsidOfTheActiveNetworkCountsNotItsName) {
  EXPECT_EQ(Set("Home net", kPassword), "error: Already connected to Home net.");
  EXPECT_FALSE(box.Called("nmcli device disconnect wlan0"));
  EXPECT_EQ(Set("Home", kPassword), "success: ");
}

TEST_F(Wifi, BadArgumentsRunNothing) {
  const std::string long_name(33, 'x');
  for (const std::string& bad : {std::string(), std::string("new\nline"), std::string("tab\t"), long_name}) {
    EXPECT_THAT(Set(bad, kPassword), HasSubstr("connect_wifi_ssid")) << bad;
  }
  for (const char* bad : {"-x", "AA:BB:CC:DD:EE:FG", "AA:BB:CC:DD:EE", "AA BB CC DD EE FF", "--help"}) {
    EXPECT_THAT(Set("Net", kPassword, fmt::format(R"(, "connect_wifi_bssid": "{}")", bad)),
                HasSubstr("connect_wifi_bssid"))
        << bad;
  }
  const std::string long_password(65, 'x'), no_hex(64, 'x');
  for (const std::string& bad : {std::string("short"), std::string("new\nline-in-it"),
                                 std::string("caf\xc3\xa9-caf\xc3\xa9"), no_hex, long_password}) {
    EXPECT_THAT(Set("Net", bad), HasSubstr("connect_wifi_password")) << bad;
  }
  EXPECT_THAT(box.Reply("SET-WIFI-CONNECTION-PARAMS", R"({"connect_wifi_ssid": "Net"})"), HasSubstr("is missing"));
  EXPECT_THAT(box.Reply("SET-WIFI-CONNECTION-PARAMS", R"({"connect_wifi_password": "12345678"})"),
              HasSubstr("is missing"));
  EXPECT_EQ(box.Calls(), "");
}

TEST_F(Wifi, OnlyOnARaspberryPi) {
  NetworkBox pc(false);
  EXPECT_EQ(pc.Reply("SET-WIFI-CONNECTION-PARAMS", Arguments("Net", kPassword)),
            "error: Only supported on Raspberry Pi.");
}

TEST_F(Wifi, FailuresAreTakenBack) {
  const struct {
    int status;
    const char* reply;
  } kinds[] = {{4, "error: Unable to Connect. Check credentials."},
               {10, "error: Unable to Find Router."},
               {3, "error: Unable to Connect."}};
  for (const auto& [status, reply] : kinds) {
    box.Fail("nmcli-up", status);
    box.Put("/etc/iiab/local_vars.yml", "hostapd_enabled: False\n");
    box.Remove("/box/calls");
    EXPECT_EQ(Set("Net", kPassword), reply);
    EXPECT_EQ(Keyfile("Net"), "(missing)");
    EXPECT_TRUE(box.Called("nmcli connection delete uuid " + UuidForName("Net")));
    EXPECT_THAT(box.Calls(), HasSubstr(std::string("connection up uuid ") + kHome))
        << "the network of before comes back";
  }
}

TEST_F(Wifi, HotspotIsStartedAgainAfterAFailure) {
  box.Fail("nmcli-up", 4);
  EXPECT_EQ(Set("Net", kPassword), "error: Unable to Connect. Check credentials.");
  EXPECT_TRUE(box.Called("systemctl restart hostapd.service"));
  box.Fail("systemctl-restart", 1);
  EXPECT_EQ(Set("Net", kPassword), "error: Error Restarting Hotspot.");
}

TEST_F(Wifi, OlderConnectionOfTheSameNameComesBack) {
  EXPECT_EQ(Set("Net", kPassword), "success: ");
  const std::string before = Keyfile("Net");
  box.Fail("nmcli-up", 4);
  EXPECT_THAT(Set("Net", "another password"), StartsWith("error: "));
  EXPECT_EQ(Keyfile("Net"), before);
}

TEST_F(Wifi, OtherFailures) {
  box.Fail("nmcli-disconnect", 6);
  EXPECT_EQ(Set("Net", kPassword), "error: Error disconnecting from Home.");
  box.Remove("/usr/bin/nmcli");
  EXPECT_EQ(Set("Net", kPassword), "error: Error Connecting to Router.");
  box.Remove("/box/active/NetworkManager.service");
  EXPECT_EQ(Set("Net", kPassword), "error: Neither NetworkManager nor dhcpcd service is active.");
}

TEST_F(Wifi, SilenceHasAnEnd) {
  box.settings.handler_deadline_s = 1;
  box.StandIn("nmcli", "exec sleep 600\n");
  EXPECT_EQ(Set("Net", kPassword), "error: Error Connecting to Router.");
}

TEST_F(Wifi, GoesBackByItselfWhenNobodyConfirms) {
  EXPECT_EQ(Set("Net", kPassword, R"(, "confirm_within": 1)"), "success: ");
  EXPECT_TRUE(WaitUntil([&] { return !box.IsArmed(); }, seconds(30)));
  EXPECT_EQ(Keyfile("Net"), "(missing)");
  EXPECT_THAT(box.Calls(), HasSubstr(std::string("connection up uuid ") + kHome));
}

class WithoutNetworkManager : public Wifi {
 protected:
  WithoutNetworkManager() {
    box.Remove("/box/active/NetworkManager.service");
    box.Activate("dhcpcd.service");
    box.Put("/etc/os-release", "ID=raspbian\n");
  }
  static constexpr const char* kConf = "/etc/wpa_supplicant/wpa_supplicant.conf";
  static constexpr const char* kNetplan = "/etc/netplan/02-iiab-config.yaml";
};

TEST_F(WithoutNetworkManager, WpaSupplicant) {
  EXPECT_EQ(Set("Net", kPassword), "success: ");
  const std::string psk(WifiPsk(Secret(kPassword), "Net").Expose());
  EXPECT_THAT(box.Get(kConf), StartsWith("ctrl_interface=DIR=/var/run/wpa_supplicant"));
  EXPECT_THAT(box.Get(kConf), HasSubstr("network={\n\tssid=\"Net\"\n\tpsk=" + psk + "\n}\n"));
  EXPECT_THAT(box.Get(kConf), Not(HasSubstr(kPassword)));
  struct stat facts {};
  ASSERT_EQ(::stat(box.root.Path(kConf).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  EXPECT_EQ(Set("x\"}y", ""), "success: ");
  EXPECT_THAT(box.Get(kConf), HasSubstr("\tssid=78227d79\n\tkey_mgmt=NONE\n"));
  EXPECT_THAT(box.Calls(), Not(HasSubstr("nmcli"))) << "no service is restarted";
}

TEST_F(WithoutNetworkManager, Netplan) {
  box.Put("/etc/os-release", "NAME=\"Ubuntu\"\nID=ubuntu\n");
  EXPECT_EQ(Set("Net: x", kPassword), "success: ");
  const json::value netplan = ParseJson(box.Get(kNetplan)).value();
  EXPECT_EQ(netplan.at("network").at("wifis").at("wlan0").at("access-points").at("Net: x").at("password").get_string(),
            json::string_view(WifiPsk(Secret(kPassword), "Net: x").Expose()));
  box.Put(kNetplan, "network: [\n");
  EXPECT_EQ(Set("Net", kPassword), "error: Error Connecting to Router.");
  EXPECT_EQ(box.Get(kNetplan), "network: [\n");
}

TEST_F(WithoutNetworkManager, GoesBackByItselfWhenNobodyConfirms) {
  EXPECT_EQ(Set("Net", kPassword, R"(, "confirm_within": 1)"), "success: ");
  EXPECT_TRUE(WaitUntil([&] { return !box.IsArmed(); }, seconds(30)));
  EXPECT_EQ(box.Get(kConf), "(missing)");
}

class Remove : public Wifi {
 protected:
  std::string Ask(const std::string& arguments = "{}") { return box.Reply("REMOVE-WIFI-CONNECTION-PARAMS", arguments); }
  void PutKeyfiles() {
    std::string filenames;
    for (const char* uuid : {kHome, kSchool}) {
      const std::string path = kDirectory + uuid + ".nmconnection";
      std::filesystem::create_directories(box.root.Path(kDirectory));
      box.Put(path, std::string("keyfile of ") + uuid);
      filenames += fmt::format("{}:{}\n", uuid, path);
    }
    box.Put("/box/filenames", filenames);
  }
};

TEST_F(Remove, InfrastructureByUuid) {
  EXPECT_EQ(Ask(), "success: ");
  EXPECT_TRUE(box.Called(std::string("nmcli connection delete uuid ") + kHome));
  EXPECT_TRUE(box.Called(std::string("nmcli connection delete uuid ") + kSchool));
  EXPECT_FALSE(box.Called(std::string("nmcli connection delete uuid ") + kOwn)) << "the hotspot";
  EXPECT_FALSE(box.Called(std::string("nmcli connection delete uuid ") + kWired));
  EXPECT_TRUE(box.Called("systemctl restart hostapd.service"));
}

TEST_F(Remove, WithoutHotspotNothingIsRestarted) {
  box.Put("/etc/iiab/local_vars.yml", "hostapd_enabled: False\n");
  box.Fail("systemctl-restart", 1);
  EXPECT_EQ(Ask(), "success: ");
}

TEST_F(Remove, Failures) {
  box.Fail("systemctl-restart", 1);
  EXPECT_EQ(Ask(), "error: Error Restarting Hotspot.");
  box.Fail("nmcli-delete", 1);
  EXPECT_EQ(Ask(), "error: Error removing Router Connection Home.");
  box.Fail("nmcli", 8);
  EXPECT_EQ(Ask(), "error: Error Removing Router Connections.");
  EXPECT_THAT(box.Log(), HasSubstr("nmcli failed (exit status 8): "));
  box.Remove("/usr/bin/nmcli");
  EXPECT_EQ(Ask(), "error: Error Removing Router Connections.");
}

TEST_F(Remove, HostileNamesStayNames) {
  box.Put("/box/connections", fmt::format("--help:{}:802-11-wireless:\nx:not-a-uuid --all:802-11-wireless:\n", kHome));
  EXPECT_EQ(Ask(), "success: ");
  EXPECT_THAT(box.Calls(), Not(HasSubstr("--help")));
  EXPECT_THAT(box.Calls(), Not(HasSubstr("--all")));
}

TEST_F(Remove, ComesBackWhenNobodyConfirms) {
  PutKeyfiles();
  EXPECT_EQ(Ask(R"({"confirm_within": 3600})"), "success: ");
  for (const char* uuid : {kHome, kSchool}) box.Remove(kDirectory + uuid + ".nmconnection");  // as nmcli does
  EXPECT_EQ(box.Reply("CONFIRM-NETWORK", R"({"keep": false})"), "success: ");
  EXPECT_TRUE(WaitUntil([&] { return !box.IsArmed(); }, seconds(30)));
  for (const char* uuid : {kHome, kSchool}) {
    EXPECT_EQ(box.Get(kDirectory + uuid + ".nmconnection"), std::string("keyfile of ") + uuid);
  }
  EXPECT_THAT(box.Calls(), HasSubstr(std::string("connection up uuid ") + kHome));
}

TEST_F(Remove, WhatCannotComeBackIsNotRemoved) {
  PutKeyfiles();
  box.Put("/box/filenames", fmt::format("{}:/etc/shadow\n{}:\n", kHome, kSchool));
  EXPECT_EQ(Ask(R"({"confirm_within": 60})"),
            "error: Router Connections could not be put back, so nothing was changed.");
  EXPECT_THAT(box.Log(), HasSubstr(" has no keyfile\n"));
  EXPECT_THAT(box.Calls(), Not(HasSubstr("delete")));
  EXPECT_FALSE(box.IsArmed());
}

}  // namespace
}  // namespace cmdsrv
