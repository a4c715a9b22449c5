// What handlers answer, and what the log says of it, when something outside of them is wrong: the real thing, made so.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <map>

#include "commands/network_test_box.hpp"
#include "support/limits.hpp"
#include "support/mounts.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;

class CommandSays : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = test::EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }
  /// What the client reads, and what stands in the log.
  void ExpectSaid(std::string_view verb, std::string_view arguments, const std::string& reply,
                  const std::string& logged) {
    EXPECT_EQ(box.Reply(verb, arguments), reply) << verb;
    EXPECT_THAT(box.Log(), HasSubstr(logged + "\n")) << verb;
  }

  NetworkBox box;
};

TEST_F(CommandSays, ThatTheMachineCannotBeRead) {
  const test::FewDescriptors none(0);
  EXPECT_EQ(box.Reply("GET-MEM-INFO"), "error: Unable to read memory info");
  EXPECT_EQ(box.Reply("GET-STORAGE-INFO"), "error: Unable to read storage info");
}

TEST_F(CommandSays, WhatIsWrongWithLshw) {
  const std::string reply = "error: Unable to read hardware info";
  const std::string log = "cannot read the hardware: ";
  if (::access("/usr/bin/lshw", X_OK) != 0 && ::access("/usr/sbin/lshw", X_OK) != 0)
    ExpectSaid("GET-HW-INFO", "{}", reply, "; install the package lshw");
  box.StandIn("lshw", "echo ' , '\n");
  ExpectSaid("GET-HW-INFO", "{}", reply, log + "lshw printed nothing");
  box.StandIn("lshw", "echo '{\"id\": 1} { nope'\n");
  ExpectSaid("GET-HW-INFO", "{}", reply, log + "what lshw printed is no JSON");
}

TEST_F(CommandSays, WhyAnUploadStays) {
  const std::string uploads = box.settings.uploads_dir;
  std::filesystem::create_directories(uploads + "/dir.png");
  box.Write(uploads + "/two.png", "x");
  std::filesystem::create_hard_link(uploads + "/two.png", uploads + "/names.png");
  box.Write(uploads + "/large.png", "x");
  std::filesystem::resize_file(uploads + "/large.png", (5U << 20U) + 1);
  box.settings.apache_user = "root";
  box.Write(uploads + "/foreign.png", "x");
  std::map<std::string, std::string> cases = {{"dir.png", "dir.png is no plain file"},
                                              {"names.png", "names.png is no plain file"},
                                              {"large.png", "large.png is larger than 5 MiB"}};
  // Only root can give files away.
  if (::chown((uploads + "/foreign.png").c_str(), 12345, 12345) == 0)
    cases["foreign.png"] = "foreign.png does not belong to the web server";
  for (const auto& [name, why] : cases) {
    ExpectSaid("MOVE-UPLOADED-FILE",
               fmt::format(R"({{"file_name": "{}", "file_use": "icon", "filter_array": []}})", name),
               "error: File can not be moved.", fmt::format("cannot move the uploaded file {}: {}", name, why));
    EXPECT_TRUE(Look(fmt::format("{}/{}", uploads, name)));
  }
}

TEST_F(CommandSays, WhyADownloadStays) {
  std::filesystem::create_directories(box.settings.zim_downloads_dir + "directory");
  box.settings.zim_download_prefix = "kiwix+";
  box.Write(box.settings.zim_downloads_dir + "kiwix+a_en_all.zip", "half of it");
  box.Write(box.settings.kiwix_catalog_file,
            R"({"zims": {"the-id": {"file_ref": "a_en_all", "download_url": "http://h/a_en_all.zim"}}})");
  box.board.unfinished = {{CommandId{1}, R"(INST-ZIMS {"zim_id": "the-id"})"}};
  ExpectSaid("DEL-DOWNLOADS", R"({"sub_dir": "zims", "file_list": ["directory", "kiwix+a_en_all.zip"]})",
             "success: - Some errors occurred", "not deleted: directory is no file");
  EXPECT_THAT(box.Log(), HasSubstr("not deleted: kiwix+a_en_all.zip is being fetched or unpacked\n"));
  EXPECT_TRUE(Look(box.settings.zim_downloads_dir + "kiwix+a_en_all.zip"));
}

TEST_F(CommandSays, ThatAnsibleIsAtWork) {
  const std::string preset = box.settings.presets_dir + "mine/";
  std::filesystem::create_directories(preset);
  box.Write(preset + "preset.json", R"({"name": "Mine"})");
  for (const char* file : {"menu.json", "content.json"}) box.Write(preset + file, "{}");
  box.Write(preset + "vars.yml", "a: 1\n");
  box.board.active.ansible_waiting = true;
  EXPECT_EQ(box.Reply("INST-PRESETS", R"({"preset_id": "mine"})"),
            "error: Ansible install step failed. Ansible Command already Running.");
}

TEST_F(CommandSays, ThatTheHistoryCannotBeRead) {
  box.board.list_error = Error{ErrorCode::Io, "the disk is broken"};
  EXPECT_EQ(box.Reply("GET-JOB-STAT"), "error: Unable to read Job Status");
}

TEST_F(CommandSays, ThatThereIsNoSystemctl) {
  box.Remove("/usr/bin/systemctl");
  ExpectSaid("RESTART-KIWIX", "{}",
             "error: ", "cannot start kiwix-serve again: there is no systemctl; install the package systemd");
}

TEST_F(CommandSays, ThatADefinitionCannotBeWritten) {
  std::string directory = box.settings.menu_defs_dir;
  directory.pop_back();
  box.Write(directory, "no directory");
  EXPECT_EQ(box.Reply("SAVE-MENU-ITEM-DEF", R"({"menu_item_name": "en-x", "mode": "edit", "menu_item_def": {
                "title": "x", "upload_flag": true, "download_flag": true}})"),
            "error: Error writing to Menu Item Definition File.");
  EXPECT_THAT(box.Log(), HasSubstr("cannot save the menu item definition: "));
}

/// With the real steps.
TEST_F(CommandSays, WhyAStepDidNotDoIt) {
  box.settings.handler_deadline_s = 11;  // the step waits 1 s for a lock
  const std::string locks = box.settings.run_lock_dir + "iiab-menus/";
  std::filesystem::create_directories(locks);
  box.Put("/opt/admin/cmdsrv/cmdsrv.conf", "{broken");
  EXPECT_EQ(box.Reply("GET-OER2GO-CAT"), "error: Failed to read OER2go Catalog.");
  EXPECT_THAT(box.Log(), HasSubstr("cannot get the module catalog: exit status 1: "));
  EXPECT_EQ(box.Reply("UPDATE-HOME-MENU"), "error: Home Menu could not be updated.");
  EXPECT_THAT(box.Log(), HasSubstr("cannot update the home menu: exit status 1: "));
  box.Put("/opt/admin/cmdsrv/cmdsrv.conf", "{}");
  const auto updates = FileLock::Take(locks + "update-menus-run.LCK");
  EXPECT_EQ(box.Reply("UPDATE-HOME-MENU"), "error: Home Menu update is already running.");
  const auto exchanges = FileLock::Take(locks + "sync-menu-defs.LCK");
  EXPECT_EQ(box.Reply("SYNC-MENU-ITEM-DEFS"), "error: Menu items are already being synchronised.");
}

TEST_F(CommandSays, ThatAStickCannotBeLetGo) {
  const std::string point = box.root.Path("/media/usb0");
  std::filesystem::create_directories(point);
  for (int i = 0; i < 9; ++i) ASSERT_EQ(::mount("none", point.c_str(), "tmpfs", 0, "size=64k"), 0);
  ExpectSaid("REMOVE-USB", R"({"device": "/media/usb0"})", "error: Device /media/usb0 can not be unmounted.",
             "something is still mounted at " + point);
  EXPECT_EQ(::umount2(point.c_str(), MNT_DETACH), 0);
  EXPECT_EQ(box.Reply("REMOVE-USB", R"({"device": "/media/usb0"})"), "error: Device /media/usb0 is not mounted.");
}

}  // namespace
}  // namespace cmdsrv
