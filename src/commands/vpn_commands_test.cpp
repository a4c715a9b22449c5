#include <gmock/gmock.h>

#include "commands/network_test_box.hpp"
#include "platform/passwords.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Vpn : public ::testing::Test {
 protected:
  std::string Ask(const std::string& on_off, const std::string& handle, const std::string& permanent = "False") {
    return box.Reply("CTL-VPN", fmt::format(R"({{"vpn_on_off": "{}", "vpn_handle": "{}", "make_permanent": "{}"}})",
                                            on_off, handle, permanent));
  }
  NetworkBox box;
};

TEST_F(Vpn, OnAndOff) {
  EXPECT_EQ(Ask("on", "box 1.a_b-c"), "success: ");
  EXPECT_EQ(box.Get("/etc/iiab/openvpn_handle"), "box 1.a_b-c\n");
  EXPECT_EQ(Ask("off", "box1", "True"), "success: ");
  EXPECT_EQ(box.Calls(),
            "systemctl start openvpn.service\nsystemctl stop openvpn.service\nsystemctl disable openvpn.service\n");
}

TEST_F(Vpn, BadArgumentsChangeNothing) {
  const std::string long_name(65, 'x');
  for (const std::string& bad : {std::string(), std::string("a\\nb"), std::string("a;b"), std::string("$(x)"),
                                 std::string("\\u00e9"), std::string("a/b"), long_name}) {
    EXPECT_THAT(Ask("on", bad), HasSubstr("vpn_handle")) << bad;
  }
  EXPECT_THAT(Ask("yes", "box1"), HasSubstr("vpn_on_off"));
  EXPECT_THAT(box.Reply("CTL-VPN", R"({"vpn_on_off": "on", "vpn_handle": "x"})"), HasSubstr("is missing"));
  EXPECT_FALSE(box.Has("/etc/iiab/openvpn_handle"));
  EXPECT_EQ(box.Calls(), "");
}

TEST_F(Vpn, Failures) {
  box.Fail("systemctl-start", 5);
  EXPECT_EQ(Ask("on", "box1", "True"), "error: Some errors occurred.");
  EXPECT_TRUE(box.Called("systemctl enable openvpn.service"));
  box.Remove("/etc/iiab/openvpn_handle");
  std::filesystem::create_directories(box.root.Path("/etc/iiab/openvpn_handle/x"));
  EXPECT_EQ(Ask("on", "box1"), "error: Unable to write VPN handle.");
}

std::string HashOf(const std::string& password) { return HashPassword(Secret(password)).value(); }

class Tailscale : public ::testing::Test {
 protected:
  Tailscale() {
    box.Put("/etc/iiab/iiab_state.yml", "tailscale_installed: True\n");
    box.Activate("tailscaled.service");
    // As the real one, it reads the key where it is told to; what it got is written down to be compared.
    box.StandIn("tailscale", R"sh(for word in "$@"; do
  case $word in --auth-key=file:*) cat "${word#--auth-key=file:}" > "$root/box/key" ;; esac
done
[ ! -e "$root/box/fail/tailscale-$1" ] || exit "$(cat "$root/box/fail/tailscale-$1")"
)sh");
  }
  std::string Ask(const std::string& more) {
    json::object arguments{{"tailscale_on_off", "ON"},
                           {"tailscale_login", "tailscale"},
                           {"tailscale_custom_login", ""},
                           {"tailscale_authkey", "tskey-auth-SECRET_1"},
                           {"tailscale_hostname", "my-box"}};
    const json::object changes = ParseJson(more).value().get_object();
    for (const auto& one : changes) arguments[one.key()] = one.value();
    return box.Reply("CTL-TAILSCALE", PrintJson(arguments));
  }
  NetworkBox box;
};

TEST_F(Tailscale, On) {
  EXPECT_EQ(Ask("{}"), "success: ");
  EXPECT_EQ(box.Get("/box/key"), "tskey-auth-SECRET_1");
  EXPECT_THAT(box.Calls(), HasSubstr("tailscale up --login-server=https://controlplane.tailscale.com "
                                     "--auth-key=file:/dev/stdin --hostname=my-box\n"
                                     "tailscale down\ntailscale up\n"));
  EXPECT_THAT(box.Calls() + box.Log(), Not(HasSubstr("SECRET")));
  EXPECT_EQ(FindCommand("CTL-TAILSCALE")->log, Log::Verb);
}

TEST_F(Tailscale, KeyStaysSecretWhenItFails) {
  box.Fail("tailscale-up", 1);
  EXPECT_EQ(Ask("{}"), "error: Some errors occurred.");
  EXPECT_THAT(box.Calls() + box.Log(), Not(HasSubstr("SECRET")));
}

TEST_F(Tailscale, LoginServers) {
  EXPECT_EQ(Ask(R"({"tailscale_login": "iiab"})"), "success: ");
  EXPECT_THAT(box.Calls(), HasSubstr("--login-server=https://iiab.net "));
  EXPECT_EQ(Ask(R"({"tailscale_login": "custom", "tailscale_custom_login": "https://vpn.example:8443/x"})"),
            "success: ");
  EXPECT_THAT(box.Calls(), HasSubstr("--login-server=https://vpn.example:8443/x "));
  EXPECT_EQ(Ask(R"({"tailscale_login": "other"})"), "error: Unknown Tailscale login.");
  for (const char* bad : {"", "vpn.example", "http://vpn.example", "https://", "--help", "https://a b",
                          "file:///etc/shadow", "https://a\\nb", "ftp://x"}) {
    EXPECT_THAT(Ask(fmt::format(R"({{"tailscale_login": "custom", "tailscale_custom_login": "{}"}})", bad)),
                HasSubstr("tailscale_custom_login"))
        << bad;
  }
  box.settings.tailscale_allow_http = true;
  EXPECT_EQ(Ask(R"({"tailscale_login": "custom", "tailscale_custom_login": "http://10.0.0.1"})"), "success: ");
}

TEST_F(Tailscale, BadArgumentsRunNothing) {
  const std::string_view no_key = "argument tailscale_authkey is no key of Tailscale";
  const std::string_view no_host = "argument tailscale_hostname must be letters, digits and dashes";
  const std::string_view no_switch = "argument tailscale_on_off is neither ON nor OFF";
  const std::pair<const char*, std::string_view> cases[] = {
      {R"({"tailscale_authkey": ""})", no_key},
      {R"({"tailscale_authkey": "a b"})", no_key},
      {R"({"tailscale_authkey": "a\nb"})", "argument tailscale_authkey"},
      {R"({"tailscale_authkey": "file:/x"})", no_key},
      {R"({"tailscale_hostname": "-x"})", no_host},
      {R"({"tailscale_hostname": "x-"})", no_host},
      {R"({"tailscale_hostname": "a.b"})", no_host},
      {R"({"tailscale_hostname": "a b"})", no_host},
      {R"({"tailscale_hostname": "a\nb"})", "argument tailscale_hostname"},
      {R"({"tailscale_login": "custom", "tailscale_custom_login": "ftp://x"})",
       "argument tailscale_custom_login is no address that begins with https://"},
      {R"({"tailscale_on_off": "on"})", no_switch},
      {R"({"tailscale_on_off": ""})", no_switch},
      {R"({"tailscale_on_off": true})", "argument tailscale_on_off must be a text"}};
  for (const auto& [bad, sentence] : cases) EXPECT_THAT(Ask(bad), HasSubstr(std::string(sentence))) << bad;
  for (const char* key :
       {"tailscale_on_off", "tailscale_login", "tailscale_custom_login", "tailscale_authkey", "tailscale_hostname"}) {
    json::object arguments{{"tailscale_on_off", "ON"},
                           {"tailscale_login", "iiab"},
                           {"tailscale_custom_login", ""},
                           {"tailscale_authkey", "k"},
                           {"tailscale_hostname", ""}};
    arguments.erase(key);
    EXPECT_THAT(box.Reply("CTL-TAILSCALE", PrintJson(arguments)), HasSubstr("is missing")) << key;
  }
  EXPECT_THAT(box.Calls(), Not(HasSubstr("tailscale up")));
}

TEST_F(Tailscale, HostNameOfTheTime) {
  EXPECT_EQ(Ask(R"({"tailscale_hostname": ""})"), "success: ");
  EXPECT_THAT(box.Calls(), ::testing::ContainsRegex("--hostname=iiab-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{4}\n"));
}

TEST_F(Tailscale, Off) {
  EXPECT_EQ(Ask(R"({"tailscale_on_off": "OFF", "tailscale_authkey": ""})"), "success: ");
  EXPECT_TRUE(box.Called("tailscale logout"));
  box.Fail("tailscale-logout", 1);
  EXPECT_EQ(Ask(R"({"tailscale_on_off": "OFF"})"), "error: Some errors occurred while stopping.");
  box.Remove("/box/active/tailscaled.service");
  EXPECT_EQ(Ask(R"({"tailscale_on_off": "OFF"})"), "error: Tailscale already OFF.");
  box.Put("/etc/iiab/iiab_state.yml", "");
  EXPECT_EQ(Ask(R"({"tailscale_on_off": "OFF"})"), "error: Tailscale not installed.");
  EXPECT_EQ(Ask("{}"), "error: Tailscale not installed.");
}

TEST_F(Tailscale, GoingDownAndNotUpAgainIsNoSuccess) {
  box.StandIn("tailscale", R"sh([ "$*" != up ])sh");
  EXPECT_EQ(Ask("{}"), "error: Some errors occurred.");
}

TEST_F(Tailscale, SilenceHasAnEnd) {
  box.settings.handler_deadline_s = 1;
  box.StandIn("tailscale", "exec sleep 600\n");
  EXPECT_EQ(Ask("{}"), "error: Tailscale did not answer in time.");
}

TEST_F(Tailscale, AStatusThatDoesNotComeIsNotActive) {
  box.settings.handler_deadline_s = 1;
  box.StandIn("tailscale", "echo 100.64.0.2 my-box\nexec sleep 600\n");
  EXPECT_EQ(box.Reply("GET-TAILSCALE-STATUS"),
            R"({"pi_passwd_known":false,"admin_passwd_known":false,"status":"not_active"})");
}

TEST_F(Tailscale, Status) {
  box.StandIn("tailscale", R"sh(printf '100.64.0.2  my-box  <b>"x"</b>&co linux -\n100.64.0.3 other\n')sh");
  EXPECT_EQ(box.Reply("GET-TAILSCALE-STATUS"),
            R"({"pi_passwd_known":false,"admin_passwd_known":false,"status":"active",)"
            R"("connections":"100.64.0.2  my-box  &lt;b&gt;\"x\"&lt;/b&gt;&amp;co linux -<BR>100.64.0.3 other<BR>"})");
  box.Fail("tailscale", 1);
  EXPECT_THAT(box.Reply("GET-TAILSCALE-STATUS"), HasSubstr(R"("status":"not_active"})"));
  box.Remove("/usr/bin/tailscale");
  EXPECT_THAT(box.Reply("GET-TAILSCALE-STATUS"), HasSubstr(R"("status":"not_installed"})"));
}

TEST_F(Tailscale, PublishedPasswordsAreNoticed) {
  box.Put("/etc/passwd", "pi:x:1000:1000::/home/pi:/bin/bash\nadmin:x:1001:1001::/home/admin:/bin/bash\n");
  box.Put("/etc/group", "pi:x:1000:\nadmin:x:1001:\n");
  const auto shadow = [&](const std::string& pi, const std::string& admin) {
    box.Put("/etc/shadow",
            "pi:" + HashOf(pi) + ":19000:0:99999:7:::\nadmin:" + HashOf(admin) + ":19000:0:99999:7:::\n");
  };
  box.Put("/etc/iiab/local_vars.yml", "iiab_admin_user: admin\niiab_admin_published_pwd: published\n");
  shadow("raspberry", "published");
  EXPECT_THAT(box.Reply("GET-TAILSCALE-STATUS"), HasSubstr(R"("pi_passwd_known":true,"admin_passwd_known":true)"));
  shadow("raspberry", "changed");
  EXPECT_THAT(box.Reply("GET-TAILSCALE-STATUS"), HasSubstr(R"("pi_passwd_known":true,"admin_passwd_known":false)"));
  box.Put("/etc/shadow", "");
  EXPECT_THAT(box.Reply("GET-TAILSCALE-STATUS"), HasSubstr(R"("pi_passwd_known":false,"admin_passwd_known":false)"));
}

}  // namespace
}  // namespace cmdsrv
