#include "platform/network_state.hpp"

#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iostream>

#include "platform/process.hpp"
#include "platform/root.hpp"
#include "support/wait.hpp"

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

/// A network of this program's own, made by the real `ip`.
class Network : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    own = ::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    if (!own) std::cout << "the kernel gives this program no network of its own\n";
  }

  void SetUp() override {
    if (!own) GTEST_SKIP() << "the kernel gives this program no network of its own";
  }

  static void Ip(const std::string& words) {
    std::vector<std::string> argv{*Root().FindProgram("ip")};
    for (std::size_t from = 0; from < words.size();) {
      const std::size_t end = std::min(words.find(' ', from), words.size());
      argv.push_back(words.substr(from, end - from));
      from = end + 1;
    }
    const auto outcome = RunProgram(argv, {.environment = ChildEnvironment(Root())});
    ASSERT_TRUE(outcome.has_value());
    ASSERT_EQ(outcome->status, 0) << words << ": " << outcome->errors;
  }

  static NetworkInterface Find(const std::string& name) {
    const auto state = ReadNetworkState();
    if (!state) return {.name = state.error().message, .state = {}, .address = {}};
    const auto found = std::ranges::find(state->interfaces, name, &NetworkInterface::name);
    return found == state->interfaces.end() ? NetworkInterface{} : *found;
  }

  /// The kernel takes notice of a line that comes up a little later.
  static bool Becomes(const std::string& name, const std::function<bool(const NetworkInterface&)>& wanted) {
    return test::WaitUntil([&] { return wanted(Find(name)); }, std::chrono::seconds(30));
  }

  static bool own;
};
bool Network::own = false;

TEST_F(Network, NothingButLoopback) {
  const auto state = ReadNetworkState();
  ASSERT_TRUE(state.has_value()) << state.error().message;
  const NetworkInterface lo = Find("lo");
  EXPECT_TRUE(lo.loopback);
  EXPECT_EQ(lo.address, std::nullopt);
  EXPECT_TRUE(state->default_routes.empty());
}

TEST_F(Network, VethWithAddressesAndRoutes) {
  Ip("link add eth0 type veth peer name far0");
  EXPECT_EQ(Find("eth0").state, "DOWN");
  Ip("link set far0 up");
  Ip("link set eth0 up");
  EXPECT_TRUE(Becomes("eth0", [](const auto& one) { return one.state == "UP"; }));
  Ip("addr add 2001:db8::5/64 dev eth0 nodad");
  EXPECT_THAT(Find("eth0").address, Optional(std::string("2001:db8::5")));
  Ip("addr add 192.168.1.5/24 dev eth0");
  Ip("addr add 10.9.9.9/8 dev eth0");
  EXPECT_THAT(Find("eth0").address, Optional(std::string("192.168.1.5"))) << "the first of IPv4, before any of IPv6";
  EXPECT_FALSE(Find("eth0").loopback);
  EXPECT_FALSE(Find("eth0").forwards);

  Ip("route add default via 192.168.1.1 dev eth0 metric 100");
  Ip("route add default via 192.168.1.2 dev eth0 metric 600");
  Ip("route add default via 192.168.1.3 dev eth0 table 77");
  Ip("route add 10.44.0.0/16 via 192.168.1.4");
  Ip("route add blackhole default metric 9000");
  EXPECT_THAT(ReadNetworkState()->default_routes,
              ElementsAre(DefaultRoute{"192.168.1.1", "eth0"}, DefaultRoute{"192.168.1.2", "eth0"}));
  Ip("link del eth0");
  EXPECT_EQ(Find("eth0").name, "");
}

TEST_F(Network, PointToPointHasItsOwnAddressAndNoGateway) {
  Ip("link add ppp0 type veth peer name far0");
  Ip("link set far0 up");
  Ip("link set ppp0 up");
  Ip("addr add 10.64.0.2 peer 10.64.0.1 dev ppp0");
  Ip("route add default dev ppp0");
  EXPECT_THAT(Find("ppp0").address, Optional(std::string("10.64.0.2")));
  EXPECT_THAT(ReadNetworkState()->default_routes, ElementsAre(DefaultRoute{"", "ppp0"}));
  Ip("link del ppp0");
}

TEST_F(Network, RouteOverSeveralLines) {
  for (const char* one : {"1", "2"}) {
    Ip(fmt::format("link add wan{0} type veth peer name far{0}", one));
    Ip(fmt::format("link set far{} up", one));
    Ip(fmt::format("addr add 10.{0}.0.2/24 dev wan{0}", one));
    Ip(fmt::format("link set wan{} up", one));
  }
  Ip("route add default nexthop via 10.1.0.1 dev wan1 nexthop via 10.2.0.1 dev wan2");
  EXPECT_THAT(ReadNetworkState()->default_routes, ElementsAre(DefaultRoute{"10.1.0.1", "wan1"}));
  for (const char* one : {"1", "2"}) Ip(fmt::format("link del wan{}", one));
}

TEST_F(Network, PortsOfABridgeThatForward) {
  Ip("link add br0 type bridge");
  Ip("link add wlan0 type veth peer name far0");
  Ip("link add eth1 type veth peer name far1");
  for (const char* port : {"wlan0", "eth1"}) Ip(fmt::format("link set {} master br0", port));
  for (const char* one : {"br0", "wlan0", "far0"}) Ip(fmt::format("link set {} up", one));
  EXPECT_TRUE(Becomes("wlan0", &NetworkInterface::forwards));
  EXPECT_FALSE(Find("eth1").forwards) << "a port that is down";
  EXPECT_FALSE(Find("br0").forwards) << "the bridge is no port";
  EXPECT_FALSE(Find("far0").forwards);
  for (const char* one : {"br0", "wlan0", "eth1"}) Ip(fmt::format("link del {}", one));
}

TEST_F(Network, ManyInterfaces) {  // a dump of several messages
  for (int i = 0; i < 40; ++i) Ip(fmt::format("link add near{0} type veth peer name far{0}", i));
  const auto state = ReadNetworkState();
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ(std::ranges::count_if(state->interfaces, [](const auto& one) { return one.name.starts_with("near"); }), 40);
  for (int i = 0; i < 40; ++i) Ip(fmt::format("link del near{}", i));
}

TEST(NetworkHere, CanBeReadWithoutAnyRight) {
  const auto state = ReadNetworkState();
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_TRUE(std::ranges::any_of(state->interfaces, &NetworkInterface::loopback));
}

}  // namespace
}  // namespace cmdsrv
