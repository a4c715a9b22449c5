#include "content/netplan_wifi.hpp"

#include <gmock/gmock.h>

#include "base/json.hpp"

namespace cmdsrv {
namespace {

const std::string kPsk(64, 'a');

std::string Set(std::string_view text, std::string_view ssid, const std::string& psk = kPsk) {
  const auto changed = SetNetplanWifi(text, ssid, Secret(psk));
  if (!changed) return "error: " + changed.error().message;
  return PrintJson(ParseJson(changed->Expose()).value());
}

TEST(NetplanWifi, MissingLevelsAreMade) {
  EXPECT_EQ(Set("", "Net"),
            R"({"network":{"version":2,"wifis":{"wlan0":{"dhcp4":true,"access-points":{"Net":{"password":")" + kPsk +
                R"("}}}}}})");
  EXPECT_EQ(Set("network:\n", "Net", ""),
            R"({"network":{"version":2,"wifis":{"wlan0":{"dhcp4":true,"access-points":{"Net":{}}}}}})");
}

TEST(NetplanWifi, OthersStay) {
  EXPECT_EQ(Set("# ours\n"
                "network:\n"
                "  version: 2\n"
                "  ethernets:\n"
                "    eth0:\n"
                "      dhcp4: true\n"
                "      optional: true\n"
                "  wifis:\n"
                "    wlan0:\n"
                "      dhcp4: false\n"
                "      access-points:\n"
                "        \"Net\":\n"
                "          password: \"old one\"\n"
                "        Other:\n"
                "          password: other1234\n",
                "Net", "b"),
            R"({"network":{"version":2,"ethernets":{"eth0":{"dhcp4":true,"optional":true}},"wifis":{"wlan0":)"
            R"({"dhcp4":false,"access-points":{"Net":{"password":"b"},"Other":{"password":"other1234"}}}}}})");
}

TEST(NetplanWifi, NoSsidBecomesAnythingElse) {
  for (const char* ssid : {"x: y", "\"", "{", "# x", "- x", "*a", "&a", "!t", "%", "yes", "1", "x\\", "Café ☕"}) {
    const std::string once = Set("", ssid);
    EXPECT_EQ(Set(once, ssid), once) << "read back as the same SSID: " << ssid;
  }
}

TEST(NetplanWifi, CharactersThatYamlWantsEscaped) {
  std::string text = "network: {\"\\x85 \\L \\P \\x7f \\x9f \\ufeff\": 1}\n";
  for (int i = 0; i < 2; ++i) {
    const auto changed = SetNetplanWifi(text, "Net\xc2\x85", Secret(kPsk));
    ASSERT_TRUE(changed.has_value()) << changed.error().message;
    text = changed->Expose();
    ASSERT_TRUE(ParseJson(text).has_value()) << text << ParseJson(text).error().message;
    const json::value document = ParseJson(text).value();
    const json::object& network = document.at("network").get_object();
    EXPECT_TRUE(network.contains("\xc2\x85 \xe2\x80\xa8 \xe2\x80\xa9 \x7f \xc2\x9f \xef\xbb\xbf")) << text;
  }
}

TEST(NetplanWifi, BrokenFilesAreLeftAlone) {
  for (const char* bad : {"network: [", "network: 5\n", "network:\n  wifis: text\n", "- a\n- b\n"}) {
    EXPECT_THAT(Set(bad, "Net"), ::testing::StartsWith("error: ")) << bad;
  }
}

TEST(NetplanWifi, AKeyThatIsTooLongWithItsEscapesIsRefused) {
  // A key may have 1024 characters in YAML; this one has fewer as it is, and more with each of them escaped.
  const auto changed = SetNetplanWifi(std::string(400, '\x04') + ": x\n", "Net", Secret(std::string(64, 'a')));
  ASSERT_FALSE(changed.has_value());
  EXPECT_EQ(changed.error().message, "cannot change the network: what would be written could not be read again");
}

}  // namespace
}  // namespace cmdsrv
