#include "commands/network_guard.hpp"

#include <gmock/gmock.h>

#include "commands/network_test_box.hpp"
#include "support/wait.hpp"

namespace cmdsrv {
namespace {

using std::chrono::seconds;
using test::WaitUntil;
using ::testing::HasSubstr;
using Kind = WayBackAct::Kind;

constexpr const char* kConf = "/etc/hostapd/hostapd.conf";

class Guard : public ::testing::Test {
 protected:
  Guard() {
    box.Put(kConf, "the new one");
    way = {{Kind::RestoreFile, box.root.Path(kConf), "the old one \xff\n"}, {Kind::RestartHotspot}};
  }

  /// A server of its own; the one before is gone without a word, as after kill -9.
  NetworkGuard& Start() {
    services.reset();
    return services.emplace(box.settings, box.root, box.health, probe, -1).guard;
  }

  /// A change that waits for so long, of a server that is gone then.
  void LeaveBehind(int confirm_within) {
    auto change = Start().Begin("CTL-HOTSPOT");
    ASSERT_TRUE(change->Arm(way, seconds(confirm_within)).has_value());
    ASSERT_TRUE(change->Keep().has_value());
    services.reset();
    ASSERT_TRUE(box.IsArmed());
  }

  void ChangeState(const std::string& key, const json::value& value) {
    json::object state = ParseJson(ReadFile(box.StatePath()).value()).value().get_object();
    state[key] = value;
    box.Write(box.StatePath(), PrintJson(state));
  }

  void ExpectBack() {
    EXPECT_TRUE(WaitUntil([this] { return !box.IsArmed(); }, seconds(30)));
    EXPECT_EQ(box.Get(kConf), "the old one \xff\n");
    EXPECT_TRUE(box.Called("systemctl restart hostapd.service"));
  }

  NetworkBox box;
  InternetProbe probe{"127.0.0.1", 1};
  std::optional<NetworkServices> services;
  WayBack way;
};

TEST_F(Guard, AfterACrashTheRestOfTheTimeRuns) {
  LeaveBehind(3600);
  NetworkGuard& guard = Start();
  guard.TakeUp();
  const auto waiting = guard.Unconfirmed();
  ASSERT_TRUE(waiting.has_value());
  EXPECT_EQ(waiting->verb, "CTL-HOTSPOT");
  EXPECT_GT(waiting->left, seconds(3000));
  EXPECT_TRUE(guard.Confirm(true).has_value());
  EXPECT_FALSE(box.IsArmed());
  EXPECT_EQ(box.Get(kConf), "the new one");
}

TEST_F(Guard, AfterACrashItGoesBackInTime) {
  LeaveBehind(1);
  Start().TakeUp();
  ExpectBack();
}

TEST_F(Guard, AfterARebootItGoesBackAtOnce) {
  LeaveBehind(3600);
  ChangeState("boot", "00000000-0000-4000-8000-000000000000");
  Start().TakeUp();
  ExpectBack();
}

TEST_F(Guard, CrashInTheMiddleOfAChange) {
  {
    auto change = Start().Begin("CTL-HOTSPOT");
    ASSERT_TRUE(change->Arm(way, seconds(3600)).has_value());
    const std::string state = ReadFile(box.StatePath()).value();
    (void)change->GoBack();
    box.Put(kConf, "the new one");
    box.Write(box.StatePath(), state);  // as it lies there when the power goes
  }
  box.Remove("/box/calls");
  Start().TakeUp();
  ExpectBack();
}

TEST_F(Guard, NothingLeftBehind) {
  NetworkGuard& guard = Start();
  guard.TakeUp();
  EXPECT_FALSE(guard.Unconfirmed());
  EXPECT_TRUE(guard.Begin("CTL-WIFI").has_value());
  EXPECT_EQ(box.Calls(), "");
}

TEST_F(Guard, WhatCannotBeUsedIsToldAndNotDone) {
  const std::string hostile[] = {
      R"([{"act": "restore-file", "target": "/etc/shadow", "text": "00"}])",
      R"([{"act": "remove-file", "target": "/etc/hostapd/../shadow", "text": ""}])",
      R"([{"act": "load", "target": "/etc/NetworkManager/system-connections/../x", "text": ""}])",
      R"([{"act": "connect", "target": "--help", "text": ""}])",
      R"([{"act": "forget", "target": "x y", "text": ""}])",
      R"([{"act": "switch-hotspot", "target": "-on; reboot", "text": ""}])",
      R"([{"act": "set-password", "target": "", "text": "0a0a0a0a0a0a0a0a0a"}])",
      R"([{"act": "run", "target": "reboot", "text": ""}])",
      R"([{"act": "restart-hotspot", "target": "", "text": "xyz"}])",
      R"([5])",
      R"("x")",
  };
  for (const std::string& acts : hostile) {
    LeaveBehind(3600);
    ChangeState("way_back", ParseJson(acts).value());
    NetworkGuard& guard = Start();
    guard.TakeUp();
    EXPECT_FALSE(guard.Unconfirmed()) << acts;
    EXPECT_TRUE(box.IsArmed()) << "kept for whoever looks into it: " << acts;
    EXPECT_THAT(PrintJson(box.health.Describe()), HasSubstr("network-change.json"));
  }
  for (const char* sentence : {"act 1 is not allowed", "act 1 is none", "there is no list of acts"})
    EXPECT_THAT(box.Log(), HasSubstr(fmt::format("cannot use {}: {}\n", box.StatePath(), sentence)));
  for (const char* broken : {"", "{", "[]", "{}", "{\"way_back\": []}"}) {
    box.Write(box.StatePath(), broken);
    NetworkGuard& guard = Start();
    guard.TakeUp();
    EXPECT_FALSE(guard.Unconfirmed()) << broken;
  }
  EXPECT_THAT(box.Log(), HasSubstr(fmt::format("cannot use {}: there is no way back in it\n", box.StatePath())));
  EXPECT_EQ(box.Calls(), "");
}

TEST_F(Guard, OnlyOneChangeAtATime) {
  NetworkGuard& guard = Start();
  auto first = guard.Begin("CTL-WIFI");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(guard.Begin("CTL-HOTSPOT").error().message, "The network is being changed already. Try again in a minute.");
  EXPECT_EQ(guard.Confirm(true).error().message, "The network is being changed or going back just now.");
  EXPECT_TRUE(first->Arm({}, std::nullopt).has_value());
  EXPECT_TRUE(first->Keep().has_value());
  EXPECT_TRUE(guard.Begin("CTL-HOTSPOT").has_value());
  EXPECT_TRUE(guard.Begin("CTL-HOTSPOT").has_value()) << "the one before ended without a word";
}

TEST_F(Guard, WhatFailsOnTheWayBackIsTriedAgainAtTheNextStart) {
  LeaveBehind(1);
  box.Fail("systemctl", 1);
  NetworkGuard& guard = Start();
  guard.TakeUp();
  EXPECT_TRUE(WaitUntil([&] { return box.Get(kConf) == "the old one \xff\n"; }, seconds(30)));
  EXPECT_TRUE(
      WaitUntil([&] { return box.Log().find("could not be taken back in full") != std::string::npos; }, seconds(30)));
  EXPECT_TRUE(box.IsArmed());
  box.Remove("/box/fail/systemctl");
  Start().TakeUp();
  ExpectBack();
}

TEST_F(Guard, WirelessThatIsNotConnectedNeedsNoDisconnect) {
  way.push_back({Kind::Disconnect});
  LeaveBehind(1);
  box.Fail("nmcli-disconnect", 6);
  Start().TakeUp();
  ExpectBack();
  EXPECT_TRUE(box.Called("nmcli device disconnect wlan0"));
}

TEST_F(Guard, TimeThatCannotBeWrittenDownTakesTheChangeBack) {
  auto change = Start().Begin("CTL-HOTSPOT");
  ASSERT_TRUE(change->Arm(way, seconds(60)).has_value());
  std::filesystem::remove(box.StatePath());
  std::filesystem::create_directories(box.StatePath() + "/x");  // cannot be replaced by a file
  EXPECT_EQ(change->Keep().error().message, "Unable to write down the time to confirm, so the change was taken back.");
  EXPECT_EQ(box.Get(kConf), "the old one \xff\n");
}

TEST_F(Guard, ConfirmationThatCannotBeWrittenDownIsNone) {
  LeaveBehind(3600);
  NetworkGuard& guard = Start();
  guard.TakeUp();
  std::filesystem::remove(box.StatePath());
  std::filesystem::create_directories(box.StatePath() + "/x");  // cannot be removed as a file
  EXPECT_EQ(guard.Confirm(true).error().message, "Unable to write down that the change is confirmed.");
  EXPECT_TRUE(guard.Unconfirmed().has_value()) << "so it still goes back";
}

/// What the program below does until it is killed: a whole change that waits to be confirmed.
int Change(const char* directory) {
  const Root root = Root::At(directory).value();
  const Settings settings = ParseSettings(root, root.Path("/opt/admin/cmdsrv"), "{}").value();
  HealthBoard health;
  InternetProbe probe("127.0.0.1", 1);
  NetworkServices services(settings, root, health, probe, -1);
  auto change = services.guard.Begin("CTL-HOTSPOT");
  const std::string path = HostapdConfPath(root);
  WayBack way{{WayBackAct::Kind::RestoreFile, path, "the old one"}, {WayBackAct::Kind::RestartHotspot}};
  const bool done =
      change->Arm(std::move(way), seconds(3600)) && WriteFileAtomically(path, "the new one") && change->Keep();
  std::_Exit(done ? 0 : 1);
}

TEST_F(Guard, AtEveryCrashPointTheOldNetworkComesBack) {
  int died = 0;
  for (int call = 1; call < 60; ++call) {
    box.Put(kConf, "the old one");
    std::filesystem::remove(box.StatePath());
    RunOptions options;
    options.deadline = seconds(100);
    options.environment = {"LD_PRELOAD=" CMDSRV_DIE_AT_CALL, fmt::format("DIE_AT_CALL={}", call),
                           "ASAN_OPTIONS=verify_asan_link_order=0"};  // its library is not the first one then
    const auto outcome = RunProgram({"/proc/self/exe", "--change-and-end", box.root.Directory()}, options);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    if (!box.IsArmed()) {
      EXPECT_EQ(box.Get(kConf), "the old one") << "nothing is changed without a way back, at call " << call;
    }
    if (outcome->exited) {
      EXPECT_EQ(outcome->status, 0) << outcome->errors;
      break;
    }
    ++died;
    NetworkGuard& guard = Start();
    guard.TakeUp();
    if (guard.Unconfirmed()) (void)guard.Confirm(false);  // it had got so far that it waits
    EXPECT_TRUE(WaitUntil([this] { return !box.IsArmed() && box.Get(kConf) == "the old one"; }, seconds(30)))
        << "at call " << call;
  }
  EXPECT_GE(died, 6) << "state, file, state: a name and a sync each";
}

TEST(WayBackFile, IsReadAsItWasWritten) {
  NetworkBox box;
  const std::string keyfile = KeyfileDirectory(box.root) + "Café ☕.nmconnection";
  const std::string uuid = "e0c0b1a2-0000-4000-8000-000000000003";
  const WayBack way{{Kind::RestoreFile, keyfile, std::string("a\0b\xff\n", 5)},
                    {Kind::RemoveFile, NetplanPath(box.root)},
                    {Kind::SetPassword, {}, "the old one"},
                    {Kind::RestartHotspot},
                    {Kind::SwitchHotspot, "off"},
                    {Kind::Load, RuntimeKeyfileDirectory(box.root) + "x"},
                    {Kind::Connect, uuid},
                    {Kind::Disconnect},
                    {Kind::Forget, uuid}};
  const std::string text = PrintJson(DescribeWayBack(way));
  EXPECT_EQ(ReadWayBack(ParseJson(text).value(), box.root).value(), way);
}

}  // namespace

int ChangeAndEnd(const char* directory) { return Change(directory); }

}  // namespace cmdsrv

int main(int count, char** arguments) {
  if (count == 3 && std::string_view(arguments[1]) == "--change-and-end") return cmdsrv::ChangeAndEnd(arguments[2]);
  testing::InitGoogleMock(&count, arguments);
  return RUN_ALL_TESTS();
}
