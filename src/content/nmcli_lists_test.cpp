#include "content/nmcli_lists.hpp"

#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(NmcliLine, EscapesAreTakenBack) {
  EXPECT_THAT(SplitNmcliLine(R"(a:b::c)"), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(SplitNmcliLine(R"(AA\:BB\:CC:x)"), ElementsAre("AA:BB:CC", "x"));
  EXPECT_THAT(SplitNmcliLine(R"(back\\slash\\:colon\:)"), ElementsAre("back\\slash\\", "colon:"));
  EXPECT_THAT(SplitNmcliLine(R"(costs $5:\)"), ElementsAre("costs $5", "\\"));  // an escape of nothing
  EXPECT_THAT(SplitNmcliLine(""), ElementsAre(""));
  EXPECT_THAT(SplitNmcliLine("caf\xe9:x"), ElementsAre("caf\xEF\xBF\xBD", "x"));
}

// As nmcli 1.42 prints it, of a street with a few houses.
constexpr std::string_view kScan =
    "Village school: :6:70:▂▄▆_:WPA2:B8\\:27\\:EB\\:11\\:22\\:33\n"
    "Café \\: Zoë ☕:*:1:82:▂▄▆█:WPA1 WPA2:02\\:00\\:00\\:00\\:01\\:00\n"
    "Café \\: Zoë ☕: :11:94:▂▄▆█:WPA1 WPA2:02\\:00\\:00\\:00\\:01\\:01\n"
    "Café \\: Zoë ☕: :36:99:▂▄▆█:WPA1 WPA2:02\\:00\\:00\\:00\\:01\\:02\n"
    "two bands: :6:40:▂▄__:WPA2:02\\:00\\:00\\:00\\:02\\:00\n"
    "two bands:*:44:88:▂▄▆█:WPA2:02\\:00\\:00\\:00\\:02\\:01\n"
    ": :6:30:▂___:WPA2:02\\:00\\:00\\:00\\:03\\:00\n"
    "far: :100:90:▂▄▆█:WPA2:02\\:00\\:00\\:00\\:04\\:00\n"
    "open house: :3:11:____::02\\:00\\:00\\:00\\:05\\:00\n"
    "open house: :3:9:____::02\\:00\\:00\\:00\\:05\\:01\n"
    "no channel: ::50:▂▄__:WPA2:02\\:00\\:00\\:00\\:06\\:00\n"
    "odd channel: :six:50:▂▄__:WPA2:02\\:00\\:00\\:00\\:06\\:01\n"
    "<b>x</b> \"q\" \\\\ 'a': :2:5:____:WPA3:02\\:00\\:00\\:00\\:07\\:00\n"
    "Internet in a Box: :6:100:▂▄▆█:WPA2:B8\\:27\\:EB\\:44\\:55\\:66\n";

TEST(AccessPoints, AreRead) {
  const auto points = ParseAccessPoints(kScan);
  ASSERT_THAT(points, SizeIs(14));
  EXPECT_EQ(points[1], (AccessPoint{"Café : Zoë ☕", true, "1", "82", "▂▄▆█", "WPA1 WPA2", "02:00:00:00:01:00"}));
  EXPECT_THAT(ParseAccessPoints(""), IsEmpty());
  EXPECT_THAT(ParseAccessPoints("Error: NetworkManager is not running.\n"), IsEmpty());
}

TEST(AccessPoints, AreShownOncePerSsid) {
  const json::object shown = DescribeAccessPoints(ParseAccessPoints(kScan), "Internet in a Box");
  std::vector<std::string> ssids;
  for (const auto& one : shown) ssids.emplace_back(std::string_view(one.key()));
  EXPECT_THAT(ssids, ::testing::UnorderedElementsAre("Village school", "Café : Zoë ☕", "two bands", "open house",
                                                     "<b>x</b> \"q\" \\ 'a'"));
  EXPECT_EQ(PrintJson(shown.at("Village school")),
            R"({"in_use":" ","chan":"6","signal":"70","bars":"▂▄▆_","security":"WPA2","bssid":"B8:27:EB:11:22:33"})");
  EXPECT_EQ(shown.at("Café : Zoë ☕").at("bssid"), "02:00:00:00:01:00") << "the one in use, though another is stronger";
  EXPECT_EQ(shown.at("two bands").at("in_use"), "*") << "in use on the band that is not shown";
  EXPECT_EQ(shown.at("two bands").at("chan"), "6");
  EXPECT_EQ(shown.at("open house").at("signal"), "11");
  EXPECT_EQ(shown.at("open house").at("security"), "");
}

TEST(AccessPoints, OfNobodyElse) {
  EXPECT_THAT(DescribeAccessPoints({}, ""), IsEmpty());
  EXPECT_THAT(DescribeAccessPoints(ParseAccessPoints("mine: :6:70:x:WPA2:0\n"), "mine"), IsEmpty());
}

TEST(Connections, AreReadAndShown) {
  const auto connections = ParseConnections(
      "Wired connection 1:e0c0b1a2-0000-4000-8000-000000000001:802-3-ethernet:eth0\n"
      "My \\: net \\\\:e0c0b1a2-0000-4000-8000-000000000002:802-11-wireless:\n"
      "My \\: net \\\\:e0c0b1a2-0000-4000-8000-000000000003:802-11-wireless:wlan0\n"
      "My \\: net \\\\:e0c0b1a2-0000-4000-8000-000000000004:802-11-wireless:--\n"
      "lo:e0c0b1a2-0000-4000-8000-000000000005:loopback:lo\n"
      "half a line\n");
  ASSERT_THAT(connections, SizeIs(5));
  EXPECT_EQ(connections[2],
            (NmConnection{"My : net \\", "e0c0b1a2-0000-4000-8000-000000000003", "802-11-wireless", "wlan0"}));
  EXPECT_TRUE(connections[1].IsWifi());
  EXPECT_FALSE(connections[0].IsWifi());
  EXPECT_EQ(PrintJson(DescribeConnections(connections)),
            R"({"Wired connection 1":{"type":"802-3-ethernet","device":"eth0"},)"
            R"("My : net \\":{"type":"802-11-wireless","device":"wlan0"},"lo":{"type":"loopback","device":"lo"}})");
}

TEST(Profile, SsidAndMode) {
  EXPECT_EQ(ParseWifiProfile("Net \\: work\ninfrastructure\n").ssid, "Net : work");
  EXPECT_TRUE(ParseWifiProfile("Net\ninfrastructure\n").IsInfrastructure());
  EXPECT_TRUE(ParseWifiProfile("Net\n\n").IsInfrastructure());
  EXPECT_FALSE(ParseWifiProfile("Box\nap\n").IsInfrastructure());
  EXPECT_EQ(ParseWifiProfile("").ssid, "");
}

}  // namespace
}  // namespace cmdsrv
