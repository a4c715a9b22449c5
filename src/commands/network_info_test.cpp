#include "commands/network_info.hpp"

#include <gmock/gmock.h>

#include "commands/network_test_box.hpp"
#include "platform/network_state.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kScan =
    "Village school: :6:70:▂▄▆_:WPA2:B8\\:27\\:EB\\:11\\:22\\:33\n"
    "Café \\: Zoë:*:1:82:▂▄▆█:WPA1 WPA2:02\\:00\\:00\\:00\\:01\\:00\n"
    "My Box: :6:100:▂▄▆█:WPA2:B8\\:27\\:EB\\:44\\:55\\:66\n";
constexpr std::string_view kConnections =
    "Café \\: Zoë:e0c0b1a2-0000-4000-8000-000000000003:802-11-wireless:wlan0\n"
    "Wired connection 1:e0c0b1a2-0000-4000-8000-000000000001:802-3-ethernet:eth0\n";

json::object Info(NetworkBox& box) {
  return std::get<json::value>(std::get<Answer>(box.Ask("GET-NETWORK-INFO").value())).get_object();
}

void PutHotspot(NetworkBox& box) {
  box.Put("/etc/hostapd/hostapd.conf", "interface=ap0\nssid=My Box\nChannel=6\nwpa_passphrase=not a secret here\n");
}

TEST(NetworkInfo, OfAPi) {
  NetworkBox box;
  PutHotspot(box);
  box.Put("/box/scan", kScan);
  box.Put("/box/connections", kConnections);
  box.Put("/etc/iiab/uuid", "4ae3f6a2-7cd7-4b3c-8c0f-000000000000\n");
  box.Activate("hostapd.service");
  const json::object info = Info(box);
  EXPECT_EQ(info.at("hostapd_status"), "ON");
  EXPECT_EQ(info.at("bt_pan_status"), "UNAVAILABLE");
  EXPECT_EQ(info.at("hostapd_conf").at("channel"), "6");
  EXPECT_EQ(info.at("hostapd_password"), "not a secret here");
  EXPECT_EQ(info.at("iiab_uuid"), "4ae3f6a2-7cd7-4b3c-8c0f-000000000000");
  EXPECT_EQ(info.at("internet_access"), false);
  EXPECT_TRUE(info.at("bridge_devs").is_array());
  EXPECT_EQ(
      PrintJson(info.at("nmcli_devices")),
      R"({"Café : Zoë":{"in_use":"*","chan":"1","signal":"82","bars":"▂▄▆█","security":"WPA1 WPA2","bssid":"02:00:00:00:01:00"},)"
      R"("Village school":{"in_use":" ","chan":"6","signal":"70","bars":"▂▄▆_","security":"WPA2","bssid":"B8:27:EB:11:22:33"}})");
  EXPECT_EQ(info.at("nmcli_connections").at("Café : Zoë").at("device"), "wlan0");
  EXPECT_TRUE(info.contains("wlan0")) << "the console's screen needs it";
  EXPECT_FALSE(info.contains("unconfirmed_change"));
  EXPECT_THAT(box.Log(), Not(HasSubstr("not a secret here")));
}

TEST(NetworkInfo, InterfacesAreThoseOfTheKernel) {
  NetworkBox box(false);
  const json::object info = Info(box);
  const auto state = ReadNetworkState().value();
  for (const NetworkInterface& one : state.interfaces) EXPECT_EQ(info.contains(one.name), !one.loopback) << one.name;
  EXPECT_EQ(info.contains("gateway_dev"), !state.default_routes.empty());
  EXPECT_FALSE(info.contains("nmcli_devices")) << "this is no Raspberry Pi";
  EXPECT_FALSE(box.Called("nmcli")) << box.Calls();
}

TEST(NetworkInfo, WithoutFilesAndPrograms) {
  NetworkBox box;
  box.Remove("/usr/bin/nmcli");
  box.Fail("systemctl", 1);
  box.Put("/etc/iiab/local_vars.yml", "hostapd_password: from the variables\n");
  const json::object info = Info(box);
  EXPECT_EQ(info.at("hostapd_status"), "UNAVAILABLE");
  EXPECT_EQ(info.at("hostapd_conf"), json::object());
  EXPECT_EQ(info.at("hostapd_password"), "from the variables");
  EXPECT_EQ(info.at("iiab_uuid"), "");
  EXPECT_EQ(info.at("nmcli_devices"), json::object());
  EXPECT_EQ(info.at("nmcli_connections"), json::object());
  EXPECT_THAT(box.Log(), Not(HasSubstr("from the variables")));
}

TEST(NetworkInfo, HostileFilesGiveValidJson) {
  NetworkBox box;
  box.Put("/etc/hostapd/hostapd.conf", "ssid=\xff\xfe\"\\\n\x01=\x02\n");
  box.Put("/etc/iiab/uuid", "\xff\"}");
  box.Put("/box/scan", "a\"\\\\\xff: :6:1:x:y:z\n::::::\nno line at all\n");
  box.Put("/box/connections", "\":x:y:\n");
  EXPECT_TRUE(ParseJson(box.Reply("GET-NETWORK-INFO")).has_value());
}

TEST(NetworkInfo, WhatIsARaspberryPi) {
  EXPECT_TRUE(IsRaspberryPi(NetworkBox().root));
  NetworkBox box(false);
  EXPECT_FALSE(IsRaspberryPi(box.root));
  box.Put("/proc/cpuinfo", "processor: 0\nModel : Raspberry Pi 3 Model B\n");
  EXPECT_TRUE(IsRaspberryPi(box.root));
}

}  // namespace
}  // namespace cmdsrv
