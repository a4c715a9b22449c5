// Replies of the verbs about the box itself, word for word as clients get them, and what hostile arguments get.
#include <gmock/gmock.h>

#include <future>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string PrintJsonError(std::string_view text) { return fmt::format(R"({{"Error": "{}"}})", text); }

class FactReplies : public ::testing::Test {
 protected:
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  void ThisIsAPi() const { OrThrow(WriteText(box.Path("/proc/device-tree/model"), "Raspberry Pi 5 Model B Rev 1.0")); }

  TestBox box;
  Daemon daemon = Start();

 private:
  Daemon Start() {
    box.Configure({{"inet_check_host", "127.0.0.1"}, {"inet_check_port", 9}});
    return box.StartDaemon();
  }
};

TEST_F(FactReplies, ErrorsInTheWordsOfTheOldServer) {
  box.StandIn("lshw", "#!/bin/sh\nexit 1\n");
  box.StandIn("lsblk", "#!/bin/sh\necho '{\"blockdevices\": []}'\n");
  const std::pair<const char*, const char*> cases[] = {
      {"GET-RPI-STATE", "Server is not a Raspberry Pi. GET-RPI-STATE."},
      {"GET-HW-INFO", "Unable to read hardware info GET-HW-INFO."},
      {R"(LIST-LIBR {"sub_dir": "no-such"})", "Path not Found. LIST-LIBR."},
      {R"(REMOVE-USB {"device": "/media/usb0"})", "Device /media/usb0 is not mounted. REMOVE-USB."},
      {R"(COPY-DEV-IMAGE {"dest_dev": "/dev/sdx"})",
       "Image copy only supported on Raspberry Pi at this time. COPY-DEV-IMAGE."}};
  for (const auto& [command, error] : cases) EXPECT_EQ(Send(command), PrintJsonError(error)) << command;
  ThisIsAPi();
  EXPECT_EQ(Send("GET-RPI-STATE"), PrintJsonError("Unable to read Raspberry Pi state GET-RPI-STATE."));
  EXPECT_EQ(Send(R"(COPY-DEV-IMAGE {"dest_dev": "/dev/sdx"})"),
            PrintJsonError("Device /dev/sdx not found. COPY-DEV-IMAGE."));
}

TEST_F(FactReplies, FieldsThatTheConsoleReads) {
  box.StandIn("lshw", "#!/bin/sh\necho '{\"id\": \"computer\"}'\n");
  box.StandIn("lsblk", "#!/bin/sh\necho '{\"blockdevices\": []}'\n");
  const auto ask = [&](const char* command) { return OrThrow(Ask(box.Socket(), command, seconds(60))); };
  EXPECT_EQ(ask("GET-HW-INFO").at("hw_info").at("id"), "computer");
  EXPECT_EQ(ask("GET-MEM-INFO").at("system_memory").as_array().size(), 4U);
  EXPECT_GE(ask("GET-STORAGE-INFO").at("system_fs").as_array().size(), 3U);
  EXPECT_EQ(ask("GET-REM-DEV-LIST"), json::object());
  EXPECT_EQ(ask("GET-EXTDEV-INFO"), json::object());
  const auto roles = ask("GET-ROLES-STAT");
  EXPECT_EQ(roles.as_object().size(), 33U);
  EXPECT_EQ(roles.at("kiwix"), (json::object{{"installed", true}, {"enabled", true}, {"active", true}}));
  EXPECT_EQ(roles.at("cups"), (json::object{{"installed", false}, {"enabled", false}, {"active", false}}));
}

TEST_F(FactReplies, SystemInfoOfAPiHasWhatItsScreenNeeds) {
  ThisIsAPi();
  OrThrow(WriteText(box.Path("/usr/bin/nmcli"), "#!/bin/sh\nexit 1\n", 0755));
  const auto info = OrThrow(Ask(box.Socket(), "GET-SYSTEM-INFO", seconds(60)));
  for (const char* key : {"wlan0", "hostapd_conf", "nmcli_devices", "nmcli_connections"})
    EXPECT_TRUE(info.at(key).is_object()) << key;
  for (const char* key : {"pi_passwd_known", "admin_passwd_known", "internet_access"})
    EXPECT_TRUE(info.at(key).is_bool()) << key;
}

TEST_F(FactReplies, ArgumentsThatBreakTheRulesAreMalformed) {
  const std::pair<const char*, std::vector<const char*>> cases[] = {
      {"LIST-LIBR",
       {"", R"({"sub_dir": ""})", R"({"sub_dir": 5})", R"({"sub_dir": null})", R"({"sub_dir": ["zims"]})"}},
      {"DEL-DOWNLOADS",
       {"", R"({"sub_dir": "zims"})", R"({"file_list": ["a"]})", R"({"sub_dir": "..", "file_list": []})",
        R"({"sub_dir": "zims", "file_list": ["../../etc/passwd"]})", R"({"sub_dir": "zims", "file_list": [""]})",
        R"({"sub_dir": "zims", "file_list": {"a": 1}})"}},
      {"REMOVE-USB", {"", R"({"device": "usb&"})", R"({"device": "/media/usb0; reboot"})", R"({"device": {}})"}},
      {"COPY-DEV-IMAGE", {"", R"({"dest_dev": 1})", R"({"dest_dev": ["/dev/sda"]})"}}};
  for (const auto& [verb, all] : cases) {
    for (const char* arguments : all)
      EXPECT_EQ(Send(fmt::format("{} {}", verb, arguments)), PrintJsonError(fmt::format("Malformed Command {}.", verb)))
          << arguments;
  }
}

TEST_F(FactReplies, AProgramThatHangsHoldsUpNobodyElseAndNoStop) {
  box.StandIn("lshw", fmt::format("#!/bin/sh\n: > {}/tmp/begun\nexec sleep 600\n", box.Root()));
  std::vector<std::future<std::string>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(std::async(std::launch::async, [&] { return Send("GET-HW-INFO"); }));
  EXPECT_TRUE(WaitUntil([&] { return Exists(box.Path("/tmp/begun")); }, seconds(60)));
  EXPECT_THAT(Send("GET-MEM-INFO"), HasSubstr("system_memory"));
  EXPECT_EQ(asked[0].wait_for(seconds(0)), std::future_status::timeout);
  OrThrow(daemon.Terminate(Patiently(seconds(40))));
  for (auto& one : asked)
    EXPECT_THAT(one.get(), AnyOf(HasSubstr("Unable to read hardware info"), HasSubstr("stopping")));
}

TEST_F(FactReplies, ABrokenTableOfRolesIsShownByHealth) {
  OrThrow(WriteText(box.Path("/opt/admin/cmdsrv/roles.json"), "{broken"));
  OrThrow(daemon.Restart(seconds(30)));
  const auto roles = [&] { return OrThrow(Ask(box.Socket(), "GET-HEALTH")).at("parts").at("roles"); };
  EXPECT_TRUE(WaitUntil([&] { return roles().at("state") == "degraded"; }, seconds(60)));
  EXPECT_THAT(std::string(roles().at("advice").get_string()), HasSubstr("roles.json"));
  EXPECT_EQ(OrThrow(Ask(box.Socket(), "GET-ROLES-STAT")).as_object().size(), 33U);
}

}  // namespace
}  // namespace cmdsrv::test
