// The menu verbs through the socket: GET-MENU-ITEM-DEF-LIST, SAVE-MENU-DEF, SAVE-MENU-ITEM-DEF, SYNC-MENU-ITEM-DEFS
// with a repository that speaks as GitHub does, and MOVE-UPLOADED-FILE.
#include <gmock/gmock.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "platform/files.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/menu_repository.hpp"
#include "support/png.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class Menus : public ::testing::Test {
 protected:
  TestBox box;
  const std::string files = box.Path("/library/www/html/js-menu/menu-files");
  const std::string defs = files + "/menu-defs/";
  const std::string images = files + "/images/";
  const std::string home = box.Path("/library/www/html/home/menu.json");
  std::optional<Daemon> daemon;

  void Start(const json::object& keys = {}) {
    box.Configure(keys);
    daemon.emplace(box.StartDaemon());
  }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  json::object Def(const std::string& name) const {
    return OrThrow(ParseJson(OrThrow(ReadText(defs + name + ".json")))).as_object();
  }
  void Define(const std::string& name, const json::object& fields) const {
    OrThrow(WriteText(defs + name + ".json", PrintJson(fields)));
  }
};

class SaveMenu : public Menus {
 protected:
  std::string Save(const std::string& url, const std::string& menu) const {
    return Send(fmt::format(R"(SAVE-MENU-DEF {{"menu_url": "{}", "menu_def": {}}})", url, menu));
  }
};

TEST_F(SaveMenu, ReplacesTheFileAndKeepsTheOldOne) {
  Start();
  const std::string before = OrThrow(ReadText(home));
  EXPECT_EQ(Save("home", R"({"menu_items_1": ["en-credits", "zh-中文".x] })"),
            R"({"Error": "Malformed Command SAVE-MENU-DEF."})");
  EXPECT_EQ(Save("home", R"({"own": "ü", "menu_items_1": ["en-credits"]})"), R"({"Success": "SAVE-MENU-DEF ."})");
  EXPECT_EQ(OrThrow(ReadText(home)), "{\n  \"own\": \"ü\",\n  \"menu_items_1\": [\n    \"en-credits\"\n  ]\n}\n");
  EXPECT_EQ(OrThrow(ReadText(home + ".bak")), before);
}

TEST_F(SaveMenu, WhatIsRefused) {
  Start();
  OrThrow(MakeDirs(box.Path("/tmp/elsewhere")));
  std::filesystem::create_directory_symlink(box.Path("/tmp/elsewhere"), box.Path("/library/www/html/link"));
  const std::string before = OrThrow(ReadText(home));
  const std::string good = R"({"menu_items_1": ["en-credits"]})";
  for (const char* url : {"home;x", "a|b", "<x>", "a=b", "(a)", "home\\nx"})
    EXPECT_EQ(Save(url, good), R"({"Error": "Malformed Command."})") << url;
  for (const char* url : {"", "..", "../home", "home/../../etc", "/etc", "a b", "."})
    EXPECT_EQ(Save(url, good), R"({"Error": "Malformed Command SAVE-MENU-DEF."})") << url;
  for (const char* url : {"link", "nowhere"})
    EXPECT_EQ(Save(url, good), R"({"Error": "Error writing to Menu Definition File. SAVE-MENU-DEF."})") << url;
  for (const char* menu : {"{}", R"({"menu_items_1": []})", R"({"menu_items_1": "x"})", R"({"menu_items_1": [5]})",
                           R"({"menu_items_1": ["../x"]})", R"({"menu_items_1": ["-x", ""]})", "[]"})
    EXPECT_EQ(Save("home", menu), R"({"Error": "Malformed Command SAVE-MENU-DEF."})") << menu;
  EXPECT_EQ(OrThrow(ReadText(home)), before);
  EXPECT_FALSE(Exists(box.Path("/tmp/elsewhere/menu.json")));
}

TEST_F(SaveMenu, WhatCouldNotBeReadAgainIsRefused) {
  Start();
  const std::string before = OrThrow(ReadText(home));
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  EXPECT_EQ(Save("home", R"({"menu_items_1": ["en-usb"], "more": )" + deep + "}"),
            R"({"Error": "Malformed Command SAVE-MENU-DEF."})");
  EXPECT_EQ(OrThrow(ReadText(home)), before);
}

TEST_F(SaveMenu, ListOfDefinitions) {
  Define("en-dots.and_more", {});
  Define("en-usb-more", {});  // '-' comes before the '.' of ".json"
  Define("en-bad name", {});
  Define(".hidden", {});
  Start();
  EXPECT_EQ(
      Send("GET-MENU-ITEM-DEF-LIST"),
      R"(["en-calibreweb","en-credits","en-dots.and_more","en-internet","en-usb","en-usb-more","en-village_en_all_maxi"])");
}

class SaveItem : public Menus {
 protected:
  std::string Save(const std::string& name, const std::string& mode, const std::string& more = {}) const {
    return Send(fmt::format(R"(SAVE-MENU-ITEM-DEF {{"menu_item_name": "{}", "mode": "{}", "menu_item_def": )"
                            R"({{"title": "New", "lang": "en", "upload_flag": true, "download_flag": false{}}}}})",
                            name, mode, more));
  }
};

TEST_F(SaveItem, EditKeepsWhatTheConsoleDoesNotKnow) {
  Start();
  const std::string sha(Def("en-usb").at("commit_sha").as_string());
  EXPECT_EQ(Save("en-usb", "edit"), R"({"Success": "SAVE-MENU-ITEM-DEF ."})");
  const auto def = Def("en-usb");
  EXPECT_EQ(def.at("title"), "New");
  EXPECT_EQ(def.at("commit_sha").as_string(), sha);
  EXPECT_EQ(def.at("edit_status"), "local_change");
  EXPECT_EQ(def.at("change_ref"), "admin_console - edit");
  EXPECT_EQ(def.at("upload_flag"), true);
  EXPECT_EQ(Save("en-mine", "clone"), R"({"Success": "SAVE-MENU-ITEM-DEF ."})");
  EXPECT_EQ(Def("en-mine").at("name"), "en-mine");
  EXPECT_EQ(Save("en-mine", "clone"), R"({"Error": "Menu Item Definition already exists. SAVE-MENU-ITEM-DEF."})");
}

TEST_F(SaveItem, WhatCannotBeReadIsKeptBesideTheNewOne) {
  OrThrow(WriteText(defs + "en-usb.json", R"({"title": "An hour of work", )"));
  Start();
  EXPECT_EQ(Save("en-usb", "edit"), R"({"Success": "SAVE-MENU-ITEM-DEF ."})");
  EXPECT_EQ(Def("en-usb").at("title"), "New");
  EXPECT_THAT(OrThrow(ReadText(defs + "en-usb.json.broken")), HasSubstr("An hour of work"));
  EXPECT_THAT(Send("GET-MENU-ITEM-DEF-LIST"), Not(HasSubstr("broken")));
}

TEST_F(SaveItem, WhatIsRefused) {
  Start();
  const auto before = NamesIn(defs);
  for (const char* name : {"", "..", "../x", "/etc/x", "a b", "-x", ".x"})
    EXPECT_EQ(Save(name, "edit"), R"({"Error": "Malformed Command SAVE-MENU-ITEM-DEF."})") << name;
  EXPECT_THAT(Save("en-x", "delete"), HasSubstr("Malformed"));
  for (const char* more : {R"(, "logo_url": "../../x.png")", R"(, "extra_html": "/etc/passwd")", R"(, "lang": "../x")",
                           R"(, "title": {})", R"(, "upload_flag": "yes")"})
    EXPECT_THAT(Save("en-x", "edit", more), HasSubstr("Malformed")) << more;
  EXPECT_EQ(NamesIn(defs), before);
}

class SyncItems : public Menus {
 protected:
  FakeMenuRepository repository;
  const std::string token_file = box.Path("/etc/iiab/menu-def-token");

  SyncItems() { box.Internet(); }
  void StartIt() {
    Start({{"menu_def_base_url", repository.Url()}});
    // The other definitions of the box are those of the repository already.
    for (const std::string& file : NamesIn(defs)) {
      auto fields = OrThrow(ParseJson(OrThrow(ReadText(defs + file)))).as_object();
      if (fields["edit_status"] != "repo" || fields["commit_sha"].as_string().size() != 40) continue;
      fields["commit_sha"] = repository.Put("menu-defs/" + file, OrThrow(ReadText(defs + file)));
      OrThrow(WriteText(defs + file, PrintJson(fields)));
    }
  }
  std::vector<std::string> Sync() const {
    const std::string reply = Send("SYNC-MENU-ITEM-DEFS {}");
    const auto document = ParseJson(reply);
    std::vector<std::string> lines;
    if (!document || !document->is_object() || !document->as_object().contains("sync_menu_item_defs")) return {reply};
    for (const auto& line : document->at("sync_menu_item_defs").as_array()) lines.emplace_back(line.as_string());
    return lines;
  }
};

TEST_F(SyncItems, NewOnesComeWithIconAndPage) {
  StartIt();
  EXPECT_THAT(Sync(), ::testing::ElementsAre("No changes found.", ""));
  const std::string sha =
      repository.Put("menu-defs/en-new.json",
                     R"({"title": "New", "logo_url": "new.png", "extra_html": "en-new.html", "own": "kept"})");
  repository.Put("images/new.png", MakePng(8, 0x123456));
  repository.Put("menu-defs/en-new.html", "<p>more</p>");
  EXPECT_THAT(Sync(), Contains("downloaded en-new"));
  const auto def = Def("en-new");
  EXPECT_EQ(def.at("edit_status"), "repo");
  EXPECT_EQ(def.at("commit_sha").as_string(), sha);
  EXPECT_EQ(def.at("own"), "kept");
  EXPECT_EQ(OrThrow(ReadText(images + "new.png")), MakePng(8, 0x123456));
  EXPECT_EQ(OrThrow(ReadText(defs + "en-new.html")), "<p>more</p>");
  repository.Put("menu-defs/en-new.json", R"({"title": "Newer"})");
  EXPECT_THAT(Sync(), Contains("downloaded en-new"));
  EXPECT_EQ(Def("en-new").at("title"), "Newer");
  EXPECT_THAT(repository.Requests(), Each(EndsWith(" -"))) << "reading needs no token";
}

TEST_F(SyncItems, HostileOnesStayOut) {
  OrThrow(WriteText(box.Path("/opt/admin/cmdsrv/assets/obsolete-menu-defs.json"), R"(["en-obsolete"])"));
  StartIt();
  repository.Put("menu-defs/en-shell.json", R"({"title": "x", "logo_url": "x.png; touch /tmp/x"})");
  repository.Put("menu-defs/en-path.json", R"({"title": "x", "extra_html": "../../../etc/cron.d/x.html"})");
  repository.Put("menu-defs/en-broken.json", "{\"title\": ");
  repository.Put("menu-defs/en-icon.json", R"({"title": "x", "logo_url": "page.png"})");
  repository.Put("images/page.png", "<?php system($_GET[0]); ?>");
  repository.Put("menu-defs/../../x.json", "{}");
  repository.Put("menu-defs/en-obsolete.json", "{}");
  repository.Put("menu-defs/en-large.json", "{\"title\": \"" + std::string(300'000, 'x') + "\"}");
  repository.Put("menu-defs/en-good.json", R"({"title": "Good"})");
  const auto lines = Sync();
  EXPECT_THAT(lines, Contains("downloaded en-good"));
  EXPECT_THAT(lines, Contains("en-obsolete is obsolete and left alone"));
  for (const char* name : {"en-shell", "en-path", "en-broken", "en-icon", "en-obsolete", "en-large"})
    EXPECT_FALSE(Exists(defs + name + ".json")) << name;
  EXPECT_FALSE(Exists(images + "page.png"));
  EXPECT_FALSE(Exists(box.Path("/library/www/html/x.json")));
}

TEST_F(SyncItems, UploadNeedsATokenThatOnlyRootCanRead) {
  StartIt();
  Define("en-mine", {{"title", "Mine"},
                     {"upload_flag", true},
                     {"edit_status", "local_change"},
                     {"logo_url", "mine.png"},
                     {"own", 1}});
  OrThrow(WriteText(images + "mine.png", MakePng(8, 0x654321)));
  EXPECT_THAT(Sync(), Contains(HasSubstr("en-mine is not uploaded: there is no access token")));
  OrThrow(WriteText(token_file, "secret-token\n", 0644));
  EXPECT_THAT(Sync(), Contains(HasSubstr("readable by root alone")));
  EXPECT_EQ(Def("en-mine").at("upload_flag"), true) << "it stays pending";
  EXPECT_THAT(repository.Requests(), Each(Not(HasSubstr("secret-token"))));
  ::chmod(token_file.c_str(), 0600);
  EXPECT_THAT(Sync(), Contains("uploaded en-mine"));
  EXPECT_EQ(repository.Get("images/mine.png"), MakePng(8, 0x654321));
  const auto sent = OrThrow(ParseJson(repository.Get("menu-defs/en-mine.json"))).as_object();
  EXPECT_FALSE(sent.contains("upload_flag"));
  EXPECT_FALSE(sent.contains("own"));
  EXPECT_EQ(Def("en-mine").at("upload_flag"), false);
  EXPECT_EQ(Def("en-mine").at("edit_status"), "repo");
  EXPECT_EQ(Def("en-mine").at("commit_sha").as_string(), repository.ShaOf("menu-defs/en-mine.json"));
  EXPECT_THAT(Sync(), ::testing::ElementsAre("No changes found.", ""));
  EXPECT_THAT(daemon->Printed(), Not(HasSubstr("secret-token")));
}

TEST_F(SyncItems, ConflictsAreSaidAndNothingIsLost) {
  StartIt();
  repository.Put("menu-defs/en-usb.json", R"({"title": "Theirs"})");
  Define("en-usb", {{"title", "Mine"},
                    {"upload_flag", true},
                    {"edit_status", "local_change"},
                    {"commit_sha", std::string(40, 'a')}});
  OrThrow(WriteText(token_file, "secret-token", 0600));
  EXPECT_THAT(Sync(), Contains(HasSubstr("en-usb was changed here and in the repository")));
  EXPECT_EQ(Def("en-usb").at("title"), "Mine");
  EXPECT_EQ(repository.Get("menu-defs/en-usb.json"), R"({"title": "Theirs"})");
}

TEST_F(SyncItems, LimitOfRequestsMakesItAJob) {
  StartIt();
  repository.Put("menu-defs/en-new.json", R"({"title": "New"})");
  repository.AllowRequests(1);
  EXPECT_THAT(Sync(), Contains(HasSubstr("the server allows no more requests until")));
  const auto rows = OrThrow(ReadJobs(box.Socket()));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(rows[0].command, HasSubstr("sync-menu-defs"));
  EXPECT_THAT(Sync(), Contains(HasSubstr("duplicates an Active Command")));
}

TEST_F(SyncItems, ServerThatIsNotThere) {
  Start({{"menu_def_base_url", "http://127.0.0.1:9/"}});
  EXPECT_THAT(Sync(), ::testing::ElementsAre(R"({"Error": "Unable to contact Server SYNC-MENU-ITEM-DEFS."})"));
}

class MoveFile : public Menus {
 protected:
  const std::string uploads = box.Path("/library/working/uploads/");
  std::string Move(const std::string& name,
                   const std::string& filter = R"(["image/jpeg", "image/gif", "image/png"])") const {
    return Send(fmt::format(R"(MOVE-UPLOADED-FILE {{"file_name": "{}", "file_use": "icon", "filter_array": {}}})", name,
                            filter));
  }
  static constexpr const char* kGood = R"({"Success": "MOVE-UPLOADED-FILE ."})";
  static constexpr const char* kNoIcon = R"({"Error": "File cannot be used as icon. MOVE-UPLOADED-FILE."})";
  static constexpr const char* kNotMoved = R"({"Error": "File can not be moved. MOVE-UPLOADED-FILE."})";
};

TEST_F(MoveFile, ImagesBecomeIcons) {
  Start();
  OrThrow(WriteText(uploads + "my icon.png", MakePng(8, 0x112233), 0600));
  EXPECT_EQ(Move("my icon.png"), kGood);
  EXPECT_EQ(OrThrow(ReadText(images + "my_icon.png")), MakePng(8, 0x112233));
  EXPECT_FALSE(Exists(uploads + "my icon.png"));
  struct stat facts {};
  ASSERT_EQ(::lstat((images + "my_icon.png").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0644U);
  OrThrow(WriteText(uploads + "my_icon.png", MakePng(8, 0x445566)));
  EXPECT_EQ(Move("my_icon.png"), kGood) << "an uploaded one may be replaced";
  OrThrow(WriteText(uploads + "usb.png", MakePng(8, 0x445566)));
  EXPECT_EQ(Move("usb.png"), R"({"Error": "File already exists. MOVE-UPLOADED-FILE."})");
}

/// The gateway has an account of its own, and stores names without blanks.
TEST_F(MoveFile, ImagesThatTheGatewayStored) {
  box.Configure({{"gateway_user", "nobody"}});
  Start();
  const auto give = [&](const char* account) {
    const passwd* const entry = ::getpwnam(account);
    return entry != nullptr && ::chown((uploads + "my_icon.png").c_str(), entry->pw_uid, entry->pw_gid) == 0;
  };
  OrThrow(WriteText(uploads + "my_icon.png", MakePng(8, 0x112233)));
  EXPECT_TRUE(give("nobody") || ::geteuid() != 0);
  EXPECT_EQ(Move("my icon.png"), kGood);
  EXPECT_EQ(OrThrow(ReadText(images + "my_icon.png")), MakePng(8, 0x112233));
  EXPECT_FALSE(Exists(uploads + "my_icon.png"));
  if (::geteuid() != 0) return;  // files of others are root's business
  OrThrow(WriteText(uploads + "my_icon.png", MakePng(8, 0x445566)));
  EXPECT_TRUE(give("bin"));
  EXPECT_EQ(Move("my_icon.png"), kNotMoved);
}

TEST_F(MoveFile, OtherFilesAreRemoved) {
  Start();
  for (const char* name : {"shell.php", "page.png", "shell.php.gif", "picture.jpg"}) {
    OrThrow(WriteText(uploads + name, name == std::string("picture.jpg") ? MakePng(8, 1) : "<?php ?>"));
    EXPECT_EQ(Move(name, "[]"), kNoIcon) << name;
    EXPECT_FALSE(Exists(uploads + name)) << name;
    EXPECT_FALSE(Exists(images + name)) << name;
  }
  OrThrow(WriteText(uploads + "a.png", MakePng(8, 1)));
  EXPECT_EQ(Move("a.png", R"(["image/gif"])"), kNoIcon);
}

TEST_F(MoveFile, PathsAndLinksLeadNowhere) {
  Start();
  const std::string secret = box.Path("/tmp/secret.png");
  OrThrow(WriteText(secret, MakePng(8, 0x112233)));
  for (const char* name : {"../../../tmp/secret.png", "", "..", ".hidden.png", "-x.png", "a/b.png"})
    EXPECT_EQ(Move(name), R"({"Error": "Malformed Command MOVE-UPLOADED-FILE."})") << name;
  std::filesystem::create_symlink(secret, uploads + "link.png");
  EXPECT_EQ(Move("link.png"), kNotMoved);
  std::filesystem::create_hard_link(secret, uploads + "hard.png");
  EXPECT_EQ(Move("hard.png"), kNotMoved);
  std::filesystem::create_directory(uploads + "dir.png");
  EXPECT_EQ(Move("dir.png"), kNotMoved);
  ASSERT_EQ(::mkfifo((uploads + "pipe.png").c_str(), 0600), 0);
  EXPECT_EQ(Move("pipe.png"), kNotMoved);
  EXPECT_EQ(Move("gone.png"), kNotMoved);
  OrThrow(WriteText(uploads + "large.png", MakePng(8, 1) + std::string(6U << 20U, 'x')));
  EXPECT_EQ(Move("large.png"), kNotMoved);
  EXPECT_TRUE(Exists(secret));
  EXPECT_THAT(NamesIn(images), Not(Contains("link.png")));
}

}  // namespace
}  // namespace cmdsrv::test
