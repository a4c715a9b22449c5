#include "content/hostapd_conf.hpp"

#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

// As the host project writes it.
constexpr std::string_view kConf =
    "# managed by IIAB, wpa_passphrase=not-this-one\n"
    "interface=ap0\n"
    "driver=nl80211\n"
    "ssid=Internet in a Box\n"
    "hw_mode=g\n"
    "Channel=6\n"
    "\n"
    "wpa=2\n"
    "wpa_key_mgmt=WPA-PSK\n"
    "#wpa_passphrase=commented-out\n"
    "wpa_passphrase=first-one\n"
    " wpa_passphrase =last = one\n"
    "country_code=US";

std::string Replaced(std::string_view text, const std::string& password) {
  const auto secret = ReplaceHotspotPassword(text, Secret(password));
  return secret ? std::string(secret->Expose()) : "none";
}

TEST(HostapdConf, IsRead) {
  const json::object conf = ReadHostapdConf(kConf);
  EXPECT_EQ(conf.at("channel"), "6");
  EXPECT_EQ(conf.at("ssid"), "Internet in a Box");
  EXPECT_EQ(conf.at("wpa_passphrase"), "last = one");
  EXPECT_EQ(conf.size(), 9U);
  EXPECT_EQ(conf.at("country_code"), "US");
  EXPECT_TRUE(ReadHostapdConf("").empty());
  EXPECT_EQ(ReadHostapdConf("a=1\r\nb\n=c\nD=\xff\r\n").size(), 2U);
}

TEST(HostapdConf, OnlyTheLastPasswordChanges) {
  const std::string before(kConf);
  const std::size_t at = before.find("last = one");
  std::string wanted = before;
  wanted.replace(at, 10, "$new\\1 & pass");
  EXPECT_EQ(Replaced(before, "$new\\1 & pass"), wanted);
  EXPECT_EQ(Replaced("wpa_passphrase=old\r\nx=1\r\n", "new-pass"), "wpa_passphrase=new-pass\r\nx=1\r\n");
  EXPECT_EQ(Replaced("wpa_passphrase=", "new-pass"), "wpa_passphrase=new-pass");
}

TEST(HostapdConf, OpenHotspotHasNone) {
  EXPECT_EQ(Replaced("", "new-pass"), "none");
  EXPECT_EQ(Replaced("ssid=wpa_passphrase\n#wpa_passphrase=x\nwpa_passphrase_file=/x\n", "new-pass"), "none");
}

TEST(WifiPassword, WhatIsOne) {
  for (const char* good : {"12345678", "with blank", "  ends  ", "\"quoted\\\"", "#=;$()`'"}) {
    EXPECT_TRUE(IsWifiPassword(good)) << good;
  }
  EXPECT_TRUE(IsWifiPassword(std::string(63, 'x')));
  EXPECT_FALSE(IsWifiPassword(std::string(64, 'x')));
  for (const char* bad :
       {"", "1234567", "new\nline-in-it", "tab\tin-it-", "caf\xc3\xa9-caf\xc3\xa9", "del\x7fin-it-"}) {
    EXPECT_FALSE(IsWifiPassword(bad)) << bad;
  }
  EXPECT_FALSE(IsWifiPassword(std::string_view("nul\0in-it-", 10)));
}

}  // namespace
}  // namespace cmdsrv
