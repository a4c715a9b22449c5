// The network through the socket: changes that go back by themselves outlive kill -9 of the server, secrets reach
// neither log nor database nor a program's arguments, and what is measured is real.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kConf = "/etc/hostapd/hostapd.conf";
constexpr std::string_view kOld = "ssid=My Box\nwpa_passphrase=the old one\n";
constexpr std::string_view kNew = "ssid=My Box\nwpa_passphrase=n3w-S3cret\n";

class Network : public ::testing::Test {
 protected:
  Network() { OrThrow(WriteText(box.Path(kConf), kOld, 0600)); }

  void Start() { daemon.emplace(box.StartDaemon()); }
  void KillAndStart() {
    daemon->Kill9();
    OrThrow(daemon->Restart());
  }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  std::string Change(int confirm_within) const {
    return Send(
        fmt::format(R"(CTL-HOTSPOT {{"hotspot_password": "n3w-S3cret", "confirm_within": {}}})", confirm_within));
  }
  std::string Conf() const { return ReadText(box.Path(kConf)).value_or("(missing)"); }
  bool IsArmed() const { return std::filesystem::exists(box.Path("/var/lib/iiab-cmdsrv/network-change.json")); }

  /// Everything that the server wrote but the files that are meant to hold the password.
  std::string EverythingWritten() const {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(box.Root())) {
      const std::string path = entry.path();
      const bool meant = path == box.Path(kConf) || path.starts_with(box.Path("/etc/iiab/local_vars.yml"));
      if (entry.is_regular_file() && !meant) all += ReadText(path).value_or("");
    }
    return all;
  }

  TestBox box;
  std::optional<Daemon> daemon;
};

TEST_F(Network, UnconfirmedChangeGoesBackAfterKill9) {
  Start();
  EXPECT_EQ(Change(3), R"({"Success": "CTL-HOTSPOT ."})");
  EXPECT_EQ(Conf(), kNew);
  KillAndStart();
  EXPECT_TRUE(WaitUntil([this] { return Conf() == kOld && !IsArmed(); }, seconds(60)));
  EXPECT_THAT(Send("GET-HEALTH"), Not(HasSubstr("network-change")));
}

TEST_F(Network, ConfirmedChangeStaysAfterKill9) {
  Start();
  EXPECT_EQ(Change(3600), R"({"Success": "CTL-HOTSPOT ."})");
  KillAndStart();
  EXPECT_THAT(Send("GET-NETWORK-INFO"), HasSubstr(R"("unconfirmed_change":{"verb":"CTL-HOTSPOT")"));
  EXPECT_EQ(Send("CONFIRM-NETWORK"), R"({"Success": "CONFIRM-NETWORK ."})");
  EXPECT_FALSE(IsArmed());
  KillAndStart();
  EXPECT_THAT(Send("CONFIRM-NETWORK"), HasSubstr("No change of the network waits to be confirmed."));
  EXPECT_EQ(Conf(), kNew);
}

TEST_F(Network, ServerThatIsStoppedGoesBackAtTheNextStart) {
  Start();
  EXPECT_EQ(Change(1), R"({"Success": "CTL-HOTSPOT ."})");
  daemon->Kill9();
  EXPECT_TRUE(IsArmed());
  OrThrow(daemon->Restart());
  EXPECT_TRUE(WaitUntil([this] { return Conf() == kOld && !IsArmed(); }, seconds(60)));
}

TEST_F(Network, PasswordIsNowhereElse) {
  Start();
  EXPECT_EQ(Change(3600), R"({"Success": "CTL-HOTSPOT ."})");
  EXPECT_EQ(Send("CONFIRM-NETWORK"), R"({"Success": "CONFIRM-NETWORK ."})");
  EXPECT_THAT(Send(R"(CTL-HOTSPOT {"hotspot_password": "n3w-S3cret\n"})"), HasSubstr("8 to 63 printable"));
  EXPECT_THAT(Send(R"(CTL-TAILSCALE {"tailscale_authkey": "n3w-S3cret"})"), HasSubstr("Internet is Required"));
  EXPECT_THAT(Send(R"(SET-WIFI-CONNECTION-PARAMS {"connect_wifi_ssid": "x", "connect_wifi_password": "n3w-S3cret"})"),
              HasSubstr("Only supported on Raspberry Pi."));
  EXPECT_TRUE(daemon->Terminate().has_value());
  EXPECT_THAT(EverythingWritten(), Not(HasSubstr("n3w-S3cret")));
  EXPECT_THAT(EverythingWritten(), HasSubstr("CTL-HOTSPOT ***"));
}

TEST_F(Network, SpeedOfTheLine) {
  (void)box.Internet();
  Start();
  EXPECT_THAT(
      Send("GET-INET-SPEED"),
      ::testing::ContainsRegex(R"(\{"internet_speed":\["[0-9.]+ MB in [0-9.]+ seconds, [0-9.]+ Mbit/s",""\]\})"));
  box.Internet().Set({.fault = Fault::Status, .path = "/10mb.test", .status = 503});
  EXPECT_THAT(Send("GET-INET-SPEED"), HasSubstr("the server answered 503 (service unavailable)"));
  EXPECT_THAT(Send("GET-INET-SPEED2"), HasSubstr("Speed test failed."));
  box.StandIn("speedtest-cli",
              "#!/bin/sh\necho \"$*\"\nprintf 'Ping: 20.1 ms\\nDownload: 50.2 Mbit/s\\nUpload: 9.9 Mbit/s\\n'\n");
  EXPECT_EQ(Send("GET-INET-SPEED2"),
            R"({"internet_speed":["--simple","Ping: 20.1 ms","Download: 50.2 Mbit/s","Upload: 9.9 Mbit/s",""]})");
}

TEST_F(Network, SlowLineIsMeasuredByWhatCame) {
  (void)box.Internet();
  Start();
  box.Internet().Set({.fault = Fault::Drop, .path = "/10mb.test", .at = 3'000'000});
  EXPECT_THAT(Send("GET-INET-SPEED"), HasSubstr("(not the whole file)"));
}

TEST_F(Network, LineThatIsTooSlowIsMeasuredForSoLong) {
  (void)box.Internet();
  box.Configure({{"handler_deadline_s", 7}});
  Start();
  box.Internet().Set({.fault = Fault::Slow, .path = "/10mb.test", .rate = 200'000});
  EXPECT_THAT(Send("GET-INET-SPEED"), ::testing::ContainsRegex(R"(MB in [0-9.]+ seconds, .*not the whole file)"));
}

TEST_F(Network, AnswersWithoutInternet) {
  Start();
  EXPECT_THAT(Send("GET-NETWORK-INFO"), HasSubstr(R"("internet_access":false)"));
  EXPECT_THAT(Send("GET-INET-SPEED"), HasSubstr("Internet is Required"));
  EXPECT_THAT(Send(R"(CTL-VPN {"vpn_on_off": "on", "vpn_handle": "x", "make_permanent": "False"})"),
              HasSubstr("Internet is Required"));
}

}  // namespace
}  // namespace cmdsrv::test
