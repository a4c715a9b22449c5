#include "content/wifi_files.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPsk(64, 'a');
constexpr const char* kUuid = "0b5d1b2e-0000-5000-8000-000000000001";

std::string Keyfile(std::string_view ssid, WifiKey kind = WifiKey::Psk, const std::string& secret = kPsk) {
  return std::string(WriteNmKeyfile(ssid, kUuid, kind, Secret(secret)).Expose());
}

std::string Replaced(std::string_view text, std::string_view ssid, const std::string& psk = kPsk) {
  return std::string(ReplaceWpaNetwork(text, ssid, Secret(psk)).Expose());
}

TEST(Names, Ssid) {
  for (const char* good : {"a", " ", "Café ☕", "-x", "a\"b\\c", "a:b=c;d#e{f}$(g)`h`"})
    EXPECT_TRUE(IsSsid(good)) << good;
  EXPECT_TRUE(IsSsid(std::string(32, 'x')));
  for (const char* bad : {"", "new\nline", "tab\t", "\x7f", "not utf-8 \xff"}) EXPECT_FALSE(IsSsid(bad)) << bad;
  EXPECT_FALSE(IsSsid(std::string(33, 'x')));
  EXPECT_FALSE(IsSsid(std::string_view("nul\0", 4)));
}

TEST(Names, Bssid) {
  EXPECT_TRUE(IsBssid("AA:bb:00:11:22:33"));
  for (const char* bad :
       {"", "AA:BB:CC:DD:EE", "AA:BB:CC:DD:EE:FG", "AA-BB-CC-DD-EE-FF", "AA:BB:CC:DD:EE:FF:", "--help-me-please-:"})
    EXPECT_FALSE(IsBssid(bad)) << bad;
}

TEST(Keyfile, OfAUsualNetwork) {
  EXPECT_EQ(Keyfile("Net"), "[connection]\nid=Net\nuuid=" + std::string(kUuid) +
                                "\ntype=wifi\nautoconnect-priority=10\ninterface-name=wlan0\n\n"
                                "[wifi]\nmode=infrastructure\nssid=78;101;116;\n\n"
                                "[wifi-security]\nkey-mgmt=wpa-psk\npsk=" +
                                kPsk + "\n\n[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n");
}

TEST(Keyfile, OpenNetworkAndWpa3) {
  EXPECT_THAT(Keyfile("Net", WifiKey::None, ""), Not(HasSubstr("security")));
  EXPECT_THAT(Keyfile("Net", WifiKey::Sae, " pass\\word "), HasSubstr("key-mgmt=sae\npsk=\\spass\\\\word\\s\n"));
}

TEST(Keyfile, NoSsidBecomesAnythingElse) {
  for (const char* ssid : {"[ipv4]", "a=b", " x ", "; no comment", "# no comment", "psk=x", "\\n[wifi]", "Café ☕"}) {
    const std::string text = Keyfile(ssid);
    EXPECT_EQ(std::ranges::count(text, '\n'), std::ranges::count(Keyfile("Net"), '\n')) << ssid;
    EXPECT_THAT(text, HasSubstr("\nid=" +
                                std::string(ssid[0] == ' '    ? "\\sx\\s"
                                            : ssid[0] == '\\' ? "\\\\n[wifi]"
                                                              : ssid) +
                                "\n"));
  }
  EXPECT_EQ(NmKeyfileName("../x"), "iiab-wifi-2e2e2f78.nmconnection");
}

constexpr std::string_view kConf =
    "ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\n"
    "update_config=1\n"
    "country=DE\n"
    "\n"
    "network={\n"
    "\tssid=\"Net\"\n"
    "\t#psk=\"clear text\"\n"
    "\tpsk=0000\n"
    "}\n"
    "network={\n"
    "    ssid=\"Net 2\"\n"
    "    psk=1111\n"
    "}\n"
    "network={\n"
    "\tssid=4e6574\n"
    "}\n";

TEST(WpaConf, NetworkIsReplaced) {
  EXPECT_EQ(Replaced(kConf, "Net"),
            "ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\nupdate_config=1\ncountry=DE\n"
            "network={\n    ssid=\"Net 2\"\n    psk=1111\n}\n"
            "network={\n\tssid=\"Net\"\n\tpsk=" +
                kPsk + "\n}\n")
      << "in quotes and in hex alike";
  const std::string once = Replaced(kConf, "Café ☕");
  EXPECT_EQ(Replaced(once, "Café ☕"), once);
  EXPECT_THAT(once, HasSubstr("\tssid=436166c3a920e29895\n"));
}

TEST(WpaConf, BeginsAsOnAFreshPi) {
  EXPECT_EQ(Replaced("", "Net", ""),
            "ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\nupdate_config=1\ncountry=US\n"
            "network={\n\tssid=\"Net\"\n\tkey_mgmt=NONE\n}\n");
}

TEST(WpaConf, NoSsidBecomesAnythingElse) {
  for (const char* ssid : {"x\"", "x\\", "\"}", "é", "x\"\n}"}) {
    const std::string text = Replaced("", ssid);
    EXPECT_EQ(std::ranges::count(text, '"'), 0) << text;
    EXPECT_EQ(std::ranges::count(text, '\n'), 7) << text;
  }
  EXPECT_THAT(Replaced("", "} x=$(y)"), HasSubstr("\tssid=\"} x=$(y)\"\n"));
}

TEST(WpaConf, UnfinishedBlockIsKept) {
  const std::string once = Replaced("network={\n\tssid=\"Other\"\n", "Net", "");
  EXPECT_EQ(once, "network={\n\tssid=\"Other\"\nnetwork={\n\tssid=\"Net\"\n\tkey_mgmt=NONE\n}\n");
  EXPECT_EQ(Replaced(once, "Net", ""), once);
}

}  // namespace
}  // namespace cmdsrv
