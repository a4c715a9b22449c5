#include <gmock/gmock.h>

#include "commands/network_test_box.hpp"
#include "support/limits.hpp"
#include "support/wait.hpp"

namespace cmdsrv {
namespace {

using std::chrono::seconds;
using test::WaitUntil;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kConf = "/etc/hostapd/hostapd.conf";
constexpr const char* kVariables = "/etc/iiab/local_vars.yml";
constexpr std::string_view kOld = "# ours\nssid=My Box\nwpa_passphrase=the old one\nchannel=6\n";
constexpr std::string_view kNew = "# ours\nssid=My Box\nwpa_passphrase=12345678\nchannel=6\n";

class Hotspot : public ::testing::Test {
 protected:
  Hotspot() {
    box.Put(kConf, kOld);
    box.Put(kVariables, "# by hand\nhostapd_password: the old one   # on the wall\n");
  }
  std::string Change(const std::string& more = "") {
    return box.Reply("CTL-HOTSPOT", R"({"hotspot_password": "12345678")" + more + "}");
  }

  NetworkBox box;
};

TEST_F(Hotspot, PasswordIsChanged) {
  ::chmod(box.root.Path(kConf).c_str(), 0640);
  EXPECT_EQ(Change(), "success: ");
  EXPECT_EQ(box.Get(kConf), kNew);
  EXPECT_THAT(box.Get(kVariables), HasSubstr("hostapd_password: \"12345678\"")) << "a text for every reader of YAML";
  EXPECT_TRUE(box.Called("systemctl restart hostapd.service"));
  struct stat facts {};
  ::stat(box.root.Path(kConf).c_str(), &facts);
  EXPECT_EQ(facts.st_mode & 07777U, 0640U);
  EXPECT_FALSE(box.IsArmed());
}

TEST_F(Hotspot, PasswordIsInNoArgumentAndNoLog) {
  EXPECT_EQ(Change(), "success: ");
  box.Fail("systemctl-restart", 1);
  EXPECT_THAT(Change(), StartsWith("error: "));
  EXPECT_THAT(box.Calls() + box.Log(), Not(HasSubstr("12345678")));
  EXPECT_EQ(FindCommand("CTL-HOTSPOT")->log, Log::Verb);
}

TEST_F(Hotspot, BadPasswordsChangeNothing) {
  for (const char* bad : {"short", "", "new\\nline=in-it", "tab\\tin-it---", "caf\\u00e9-caf\\u00e9",
                          "nul\\u0000in-it-", "12345678\\r"}) {
    const std::string reply = box.Reply("CTL-HOTSPOT", fmt::format(R"({{"hotspot_password": "{}"}})", bad));
    EXPECT_THAT(reply, StartsWith("error: ")) << bad;
  }
  EXPECT_EQ(box.Reply("CTL-HOTSPOT", R"({"hotspot_password": "1234567"})"),
            "error: Hotspot password must be 8 to 63 printable characters.");
  EXPECT_EQ(box.Reply("CTL-HOTSPOT", fmt::format(R"({{"hotspot_password": "{}"}})", std::string(64, 'x'))),
            "error: Hotspot password must be 8 to 63 printable characters.");
  EXPECT_THAT(box.Reply("CTL-HOTSPOT"), HasSubstr("is missing"));
  EXPECT_THAT(box.Reply("CTL-HOTSPOT", R"({"hotspot_password": 12345678})"), HasSubstr("must be a text"));
  EXPECT_EQ(box.Get(kConf), kOld);
  EXPECT_EQ(box.Calls(), "");
}

TEST_F(Hotspot, NoHotspotToChange) {
  box.Put(kConf, "ssid=x\n# wpa_passphrase=x\n");
  EXPECT_EQ(Change(), "error: Hotspot is not in secure mode.");
  box.Remove(kConf);
  EXPECT_EQ(Change(), "error: Hotspot conf file not found.");
  EXPECT_EQ(box.Calls(), "");
}

TEST_F(Hotspot, AConfThatCannotBeWrittenStaysAsItIs) {
  {
    const test::SmallFiles full(10);
    EXPECT_EQ(Change(), "error: Unknown error writing to Hotspot conf file.");
  }
  EXPECT_EQ(box.Get(kConf), kOld);
  EXPECT_THAT(box.Get(kVariables), HasSubstr("the old one   # on the wall"));
  EXPECT_EQ(box.Calls(), "") << "nobody loses the hotspot for nothing";
  EXPECT_EQ(Change(), "success: ") << "and nothing is left in the way of the next one";
}

TEST_F(Hotspot, GoesBackWhenHostapdDoesNotStart) {
  box.Fail("systemctl-restart", 1);
  EXPECT_EQ(Change(), "error: Unknown error restarting hostapd.");
  EXPECT_EQ(box.Get(kConf), kOld);
  EXPECT_THAT(box.Get(kVariables), HasSubstr("the old one   # on the wall"));
  EXPECT_EQ(box.Calls(), "systemctl restart hostapd.service\nsystemctl restart hostapd.service\n");
}

TEST_F(Hotspot, VariablesThatCannotBeWrittenUndoTheRest) {
  box.Put(kVariables, "hostapd_password: [\n");
  EXPECT_EQ(Change(), "error: Unable to write the Hotspot password to the local variables.");
  EXPECT_EQ(box.Get(kConf), kOld);
  EXPECT_EQ(box.Get(kVariables), "hostapd_password: [\n");
}

TEST_F(Hotspot, GoesBackByItselfWhenNobodyConfirms) {
  box.StandIn("systemctl", "[ -e \"" + box.StatePath() + "\" ] && echo armed >> \"$root/box/calls\"\n");
  EXPECT_EQ(Change(R"(, "confirm_within": 1)"), "success: ");
  EXPECT_THAT(box.Calls(), HasSubstr("restart hostapd.service\narmed\n"))
      << "the way back is written before the change";
  EXPECT_TRUE(WaitUntil([&] { return !box.IsArmed(); }, seconds(30)));
  EXPECT_EQ(box.Get(kConf), kOld);
  EXPECT_THAT(box.Get(kVariables), HasSubstr("hostapd_password: the old one   # on the wall"));
  EXPECT_TRUE(WaitUntil([&] { return box.Log().find("CTL-HOTSPOT went back") != std::string::npos; }, seconds(30)));
  EXPECT_TRUE(WaitUntil([&] { return box.Use().network.guard.Begin("CTL-WIFI").has_value(); }, seconds(30)));
  EXPECT_THAT(box.Calls() + box.Log(), Not(HasSubstr("12345678")));
}

TEST_F(Hotspot, ConfirmedStays) {
  EXPECT_EQ(Change(R"(, "confirm_within": 3600)"), "success: ");
  struct stat facts {};
  ASSERT_EQ(::stat(box.StatePath().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  const auto waiting = box.Use().network.guard.Unconfirmed();
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(waiting->verb, "CTL-HOTSPOT");
  EXPECT_THAT(box.Reply("GET-NETWORK-INFO"),
              HasSubstr(R"("unconfirmed_change":{"verb":"CTL-HOTSPOT","seconds_left":)"));
  EXPECT_EQ(Change(),
            "error: A change of the network waits to be confirmed. Send CONFIRM-NETWORK, or wait until it goes back.")
      << "one after the other";
  EXPECT_EQ(box.Reply("CONFIRM-NETWORK"), "success: ");
  EXPECT_FALSE(box.IsArmed());
  EXPECT_EQ(box.Get(kConf), kNew);
  EXPECT_EQ(box.Reply("CONFIRM-NETWORK"), "error: No change of the network waits to be confirmed.");
  EXPECT_EQ(Change(), "success: ");
}

TEST_F(Hotspot, TakenBackOnRequest) {
  EXPECT_EQ(Change(R"(, "confirm_within": 3600)"), "success: ");
  EXPECT_EQ(box.Reply("CONFIRM-NETWORK", R"({"keep": false})"), "success: ");
  EXPECT_TRUE(WaitUntil([&] { return !box.IsArmed(); }, seconds(30)));
  EXPECT_EQ(box.Get(kConf), kOld);
}

TEST_F(Hotspot, ConfirmWithinIsASmallWholeNumber) {
  for (const char* bad : {"0", "-1", "3601", "1.5", "\"x\"", "true", "null"}) {
    EXPECT_THAT(Change(fmt::format(R"(, "confirm_within": {})", bad)), HasSubstr("confirm_within")) << bad;
  }
  EXPECT_THAT(box.Reply("CONFIRM-NETWORK", R"({"keep": "no"})"), HasSubstr("keep must be true or false"));
  EXPECT_EQ(box.Get(kConf), kOld);
}

TEST_F(Hotspot, WithoutAWayBackNothingIsChanged) {
  box.settings.state_dir = box.root.Path("/etc/iiab/uuid/");  // beneath a file nothing can be written
  box.Put("/etc/iiab/uuid", "x");
  EXPECT_EQ(Change(R"(, "confirm_within": 60)"), "error: Unable to write down the way back, so nothing was changed.");
  EXPECT_EQ(box.Get(kConf), kOld);
  EXPECT_EQ(box.Calls(), "");
}

class Switches : public ::testing::Test {
 protected:
  std::string Wifi(const std::string& arguments) { return box.Reply("CTL-WIFI", arguments); }
  NetworkBox box;
};

TEST_F(Switches, OnAtOnce) {
  EXPECT_EQ(Wifi(R"({"hotspot_on_off": "on", "make_permanent": "False"})"), "success: ");
  EXPECT_TRUE(box.Called("iiab-hotspot-on "));
  EXPECT_FALSE(box.IsArmed());
}

TEST_F(Switches, OffAfterTheReply) {
  EXPECT_EQ(Wifi(R"({"hotspot_on_off": "off"})"), "success: ");
  EXPECT_FALSE(box.Called("iiab-hotspot-off "));
  EXPECT_THAT(Wifi(R"({"hotspot_on_off": "on"})"), HasSubstr("being changed already"));
  EXPECT_TRUE(WaitUntil([&] { return box.Called("iiab-hotspot-off "); }, seconds(30)));
  EXPECT_TRUE(WaitUntil([&] { return Wifi(R"({"hotspot_on_off": "on"})") == "success: "; }, seconds(30)));
}

TEST_F(Switches, OnlyOnAndOff) {
  for (const char* bad : {"ON", "", "true", "on; reboot", "--help", "on\\n"}) {
    EXPECT_THAT(Wifi(fmt::format(R"({{"hotspot_on_off": "{}"}})", bad)), HasSubstr("hotspot_on_off")) << bad;
    EXPECT_THAT(box.Reply("CTL-BLUETOOTH", fmt::format(R"({{"bluetooth_on_off": "{}"}})", bad)),
                HasSubstr("bluetooth_on_off"));
  }
  EXPECT_THAT(Wifi("{}"), HasSubstr("is missing"));
  EXPECT_THAT(box.Reply("CTL-BLUETOOTH"), HasSubstr("is missing"));
  EXPECT_EQ(box.Calls(), "");
}

TEST_F(Switches, FailuresAreToldAndNeverASuccess) {
  box.Fail("iiab-hotspot-on", 3);
  EXPECT_EQ(Wifi(R"({"hotspot_on_off": "on"})"), "error: Unable to switch Hotspot.");
  EXPECT_TRUE(box.Called("iiab-hotspot-off ")) << "what was begun is undone";
  box.Remove("/usr/bin/iiab-hotspot-off");
  EXPECT_EQ(Wifi(R"({"hotspot_on_off": "off"})"), "error: Unable to switch Hotspot.");
  box.Fail("iiab-bt-pan-on", 1);
  EXPECT_EQ(box.Reply("CTL-BLUETOOTH", R"({"bluetooth_on_off": "on"})"), "error: Unable to switch Bluetooth.");
  box.Remove("/usr/bin/iiab-bt-pan-off");
  EXPECT_EQ(box.Reply("CTL-BLUETOOTH", R"({"bluetooth_on_off": "off"})"), "error: Unable to switch Bluetooth.");
}

TEST_F(Switches, Bluetooth) {
  EXPECT_EQ(box.Reply("CTL-BLUETOOTH", R"({"bluetooth_on_off": "on", "make_permanent": "True"})"), "success: ");
  EXPECT_EQ(box.Reply("CTL-BLUETOOTH", R"({"bluetooth_on_off": "off"})"), "success: ");
  EXPECT_EQ(box.Calls(), "iiab-bt-pan-on \niiab-bt-pan-off \n");
}

TEST_F(Switches, OnlyOnARaspberryPi) {
  NetworkBox pc(false);
  EXPECT_EQ(pc.Reply("CTL-WIFI", R"({"hotspot_on_off": "on"})"), "error: Only supported on Raspberry Pi.");
  EXPECT_EQ(pc.Reply("CTL-BLUETOOTH", R"({"bluetooth_on_off": "on"})"), "error: Only supported on Raspberry Pi.");
  EXPECT_EQ(pc.Calls(), "");
}

TEST_F(Switches, HotspotComesBackWhenNobodyConfirms) {
  box.Activate("hostapd.service");
  EXPECT_EQ(Wifi(R"({"hotspot_on_off": "off", "confirm_within": 1})"), "success: ");
  EXPECT_TRUE(WaitUntil([&] { return box.Called("iiab-hotspot-on "); }, seconds(30)));
  EXPECT_TRUE(WaitUntil([&] { return !box.IsArmed(); }, seconds(30)));
  EXPECT_LT(box.Calls().find("iiab-hotspot-off"), box.Calls().find("iiab-hotspot-on"));
}

TEST_F(Switches, NothingGoesBackWhereNothingChanged) {
  box.Activate("hostapd.service");
  EXPECT_EQ(Wifi(R"({"hotspot_on_off": "on", "confirm_within": 1})"), "success: ");
  EXPECT_TRUE(WaitUntil([&] { return !box.IsArmed(); }, seconds(30)));
  EXPECT_FALSE(box.Called("iiab-hotspot-off "));
}

}  // namespace
}  // namespace cmdsrv
