#include <gmock/gmock.h>

#include "commands/fake_box.hpp"

/// DEL-CONTENT, DEL-MODULES, and what COPY-ZIMS refuses.
namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class DeleteCommands : public testing::Test {
 protected:
  DeleteCommands() {
    for (const char* file : {"a_en_2026-01.zim", "a_en_2026-01_maxi.zim", "a_en.zim", "split_2026-01.zimaa",
                             "split_2026-01.zimab", "Üb ung.zim", "b.zim.part"})
      Make(content_ + file);
    Make(box_.settings.zim_dir + "index/a_en_2026-01.zim.idx/postlist.DB");
    Make(modules_ + "en-wells/index.html");
    Make(modules_ + "en-wells-2/index.html");
    Make(modules_ + "readme.txt");
    Def("en-a", R"({"intended_use": "zim", "zim_name": "a_en"})");
    Def("en-a2", R"({"intended_use": "zim", "zim_name": "a"})");
    Def("en-wells", R"({"intended_use": "html", "moddir": "en-wells"})");
    Def("en-split", R"({"intended_use": "zim", "zim_name": "split"})");
    Def("en-credits", R"({"intended_use": "info"})");
    Menu(R"({"autoupdate_menu": true, "menu_items_1": ["en-a", "en-a2", "en-wells", "en-none", "en-split"]})");
  }

  void Make(const std::string& path) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    box_.Write(path, "x");
  }
  void Def(const std::string& name, std::string_view text) {
    std::filesystem::create_directories(box_.settings.menu_defs_dir);
    box_.Write(box_.settings.menu_defs_dir + name + ".json", text);
  }
  void Menu(std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(box_.settings.home_menu_file).parent_path());
    box_.Write(box_.settings.home_menu_file, text);
  }
  std::string Items() const {
    const auto menu = ParseJson(ReadFile(box_.settings.home_menu_file).value());
    return PrintJson(menu->at("menu_items_1"));
  }

  static std::string Reply(const Result<Outcome>& outcome) {
    if (outcome && std::holds_alternative<AnsweredPlan>(*outcome)) {
      const auto& both = std::get<AnsweredPlan>(*outcome);
      return TextOf(Outcome(both.answer)) + ", then " + both.plan.steps.at(0).display;
    }
    return TextOf(outcome);
  }
  std::string Delete(std::string_view content, std::string_view device = "internal") {
    return Reply(box_.Ask("DEL-CONTENT", fmt::format(R"({{"device": "{}", "content": {}}})", device, content)));
  }
  std::string DeleteModules(std::string_view type, std::string_view list) {
    return Reply(box_.Ask("DEL-MODULES",
                          fmt::format(R"({{"device": "internal", "mod_type": "{}", "mod_list": {}}})", type, list)));
  }
  std::vector<std::string> Zims() const { return ListDirectory(content_).value(); }
  std::vector<std::string> Modules() const { return ListDirectory(modules_).value(); }
  void ExpectAllThere() {
    EXPECT_EQ(Zims().size(), 7U);
    EXPECT_EQ(Modules().size(), 3U);
  }

  FakeBox box_;
  const std::string content_ = box_.settings.zim_dir + "content/";
  const std::string modules_ = box_.settings.modules_dir;
  const std::string kIndexed = "success: , then iiab-cmdsrv-step make-kiwix-lib";
};

TEST_F(DeleteCommands, DeletesExactlyTheNamedZim) {
  EXPECT_EQ(Delete(R"({"zims": ["a_en_2026-01"], "modules": []})"), kIndexed);
  EXPECT_THAT(Zims(), UnorderedElementsAre("a_en_2026-01_maxi.zim", "a_en.zim", "split_2026-01.zimaa",
                                           "split_2026-01.zimab", "Üb ung.zim", "b.zim.part"));
  EXPECT_FALSE(Look(box_.settings.zim_dir + "index/a_en_2026-01.zim.idx"));
  EXPECT_EQ(Modules().size(), 3U);
}

TEST_F(DeleteCommands, DeletesAllPartsOfASplitOneAndOddNames) {
  EXPECT_EQ(Delete(R"({"zims": ["split_2026-01", "Üb ung"]})"), kIndexed);
  EXPECT_THAT(Zims(), UnorderedElementsAre("a_en_2026-01.zim", "a_en_2026-01_maxi.zim", "a_en.zim", "b.zim.part"));
}

TEST_F(DeleteCommands, DeletesAModuleAndItsItem) {
  EXPECT_EQ(Delete(R"({"zims": [], "modules": ["en-wells"]})"), "success: ");
  EXPECT_THAT(Modules(), UnorderedElementsAre("en-wells-2", "readme.txt"));
  EXPECT_EQ(Items(), R"(["en-a","en-a2","en-none","en-split"])");
  EXPECT_EQ(Zims().size(), 7U);
  EXPECT_EQ(box_.board.freed, 1) << "jobs that wait for space are told";
}

TEST_F(DeleteCommands, ItemOfAZimGoesWithItsLastVersion) {
  EXPECT_EQ(Delete(R"({"zims": ["a_en_2026-01"]})"), kIndexed);
  EXPECT_EQ(Items(), R"(["en-a","en-a2","en-wells","en-none","en-split"])") << "a_en.zim is another version of it";
  EXPECT_EQ(Delete(R"({"zims": ["a_en"]})"), kIndexed);
  EXPECT_EQ(Items(), R"(["en-a2","en-wells","en-none","en-split"])");
}

TEST_F(DeleteCommands, LastItemIsReplaced) {
  Menu(R"({"autoupdate_menu": true, "menu_items_1": ["en-wells"]})");
  EXPECT_EQ(Delete(R"({"modules": ["en-wells"]})"), "success: ");
  EXPECT_EQ(Items(), R"(["en-credits"])");
}

TEST_F(DeleteCommands, MenuThatMayNotBeChangedStays) {
  Menu(R"({"menu_items_1": ["en-wells"]})");
  EXPECT_EQ(Delete(R"({"modules": ["en-wells"]})"), "success: ");
  EXPECT_EQ(Items(), R"(["en-wells"])");
  std::filesystem::remove(box_.settings.home_menu_file);
  EXPECT_EQ(Delete(R"({"modules": ["en-wells-2"]})"), "success: ");
}

TEST_F(DeleteCommands, BrokenMenuIsSaidAfterTheDeletion) {
  Menu("{\"menu_items_1\": [");
  EXPECT_EQ(Delete(R"({"modules": ["en-wells"]})"), "success: - Some errors occurred");
  EXPECT_FALSE(Look(modules_ + "en-wells"));
  EXPECT_EQ(ReadFile(box_.settings.home_menu_file).value(), "{\"menu_items_1\": [");
}

TEST_F(DeleteCommands, NamesThatAreNotThereAreErrors) {
  EXPECT_EQ(Delete(R"({"zims": ["nothing"], "modules": ["nothing"]})"), "success: - Some errors occurred");
  EXPECT_EQ(Delete(R"({"zims": ["a_en", "nothing"]})"),
            "success: - Some errors occurred, then iiab-cmdsrv-step make-kiwix-lib");
  EXPECT_EQ(Delete(R"({"modules": ["readme.txt"]})"), "success: - Some errors occurred");
  EXPECT_TRUE(Look(modules_ + "readme.txt"));
}

/// The hazards: an empty name, patterns, ways out, beginnings of names.
TEST_F(DeleteCommands, NothingElseThanNamesIsTaken) {
  for (const char* name : {"", ".", "..", "../content/a_en", "a_en/../a_en", "/etc/passwd"}) {
    EXPECT_EQ(Delete(fmt::format(R"({{"zims": ["{}"]}})", name)).substr(0, 6), "error:") << name;
    EXPECT_EQ(Delete(fmt::format(R"({{"modules": ["{}"]}})", name)).substr(0, 6), "error:") << name;
    EXPECT_EQ(DeleteModules("zims", fmt::format(R"(["{}"])", name)).substr(0, 6), "error:") << name;
    EXPECT_EQ(DeleteModules("modules", fmt::format(R"(["{}"])", name)).substr(0, 6), "error:") << name;
  }
  for (const char* name : {"*", "a_*", "a_e?", "a_en_20", "a_", "b", "-rf", "en-well", "a_en.zim"}) {
    EXPECT_EQ(Delete(fmt::format(R"({{"zims": ["{0}"], "modules": ["{0}"]}})", name)),
              "success: - Some errors occurred")
        << name;
  }
  ExpectAllThere();
}

TEST_F(DeleteCommands, ArgumentsAreCheckedBeforeAnythingGoes) {
  for (const char* content : {R"({"zims": ["a_en"], "maps": []})", R"({"zims": "a_en"})", R"({"zims": [1]})", R"([])",
                              R"({"zims": ["a_en"], "modules": [""]})", "null"})
    EXPECT_EQ(Delete(content).substr(0, 6), "error:") << content;
  EXPECT_EQ(DeleteModules("maps", R"(["a_en"])").substr(0, 6), "error:");
  EXPECT_FALSE(box_.Ask("DEL-CONTENT", R"({"content": {"zims": ["a_en"]}})"));
  EXPECT_FALSE(box_.Ask("DEL-MODULES", R"({"device": "internal", "mod_list": ["a_en"]})"));
  ExpectAllThere();
}

TEST_F(DeleteCommands, DevicesAreCheckedToo) {
  for (const char* device : {"", "usb", "usb10", "/media/usb0/..", "/media", "/", "internal2", "/dev/sda1"}) {
    const auto outcome =
        box_.Ask("DEL-CONTENT", fmt::format(R"({{"device": "{}", "content": {{"zims": ["a_en"]}}}})", device));
    ASSERT_FALSE(outcome) << device;
    EXPECT_EQ(outcome.error().code, ErrorCode::Malformed) << device;
  }
  std::filesystem::create_directories(box_.root.Path("/media/usb0/library/zims/content"));
  EXPECT_EQ(Delete(R"({"zims": ["a_en"]})", "/media/usb0"), "error: Device /media/usb0 is not mounted.");
  EXPECT_EQ(Delete(R"({"zims": ["a_en"]})", "usb3"), "error: Device /media/usb3 is not mounted.");
  ExpectAllThere();
}

TEST_F(DeleteCommands, LinksAreRemovedAndNotFollowed) {
  const std::string outside = box_.root.Path("/outside");
  Make(outside + "/precious");
  std::filesystem::create_directory_symlink(outside, modules_ + "linked");
  std::filesystem::create_symlink(outside + "/precious", content_ + "linked.zim");
  EXPECT_EQ(Delete(R"({"zims": ["linked"], "modules": ["linked"]})"), kIndexed);
  EXPECT_FALSE(Look(modules_ + "linked"));
  EXPECT_FALSE(Look(content_ + "linked.zim"));
  EXPECT_TRUE(Look(outside + "/precious"));
}

TEST_F(DeleteCommands, WhatIsAtWorkIsNotDeleted) {
  box_.Write(box_.settings.kiwix_catalog_file,
             R"({"zims": {"id": {"url": "http://h/a_en.zim", "file_ref": "a_en", "source": "zims"}}})");
  for (const char* command : {R"(COPY-ZIMS {"file_ref": "a_en"})", R"(INST-ZIMS {"zim_id": "id"})",
                              R"(UPGRADE-ZIMS {"zim_permarefs": ["a_en"]})"}) {
    box_.board.unfinished = {{CommandId{1}, command}};
    EXPECT_EQ(Delete(R"({"zims": ["a_en"]})"), "success: - Some errors occurred") << command;
  }
  box_.board.unfinished = {{CommandId{1}, R"(INST-OER2GO-MOD {"moddir": "en-wells"})"}};
  EXPECT_EQ(DeleteModules("modules", R"(["en-wells"])"), "success: - Some errors occurred");
  ExpectAllThere();
}

TEST_F(DeleteCommands, ModulesByTypeLeaveTheMenu) {
  EXPECT_EQ(DeleteModules("modules", R"(["en-wells"])"), "success: ");
  EXPECT_EQ(Items(), R"(["en-a","en-a2","en-wells","en-none","en-split"])");
  EXPECT_EQ(DeleteModules("zims", R"(["split_2026-01"])"), kIndexed);
  EXPECT_EQ(DeleteModules("zims", R"([])"), "success: ");
  EXPECT_EQ(Items(), R"(["en-a","en-a2","en-wells","en-none","en-split"])");
}

class CopyCommands : public DeleteCommands {
 protected:
  std::string Copy(std::string_view source, std::string_view dest, std::string_view file_ref = "a_en") {
    return TextOf(box_.Ask(
        "COPY-ZIMS",
        fmt::format(R"({{"source": "{}", "dest": "{}", "zim_id": "x", "file_ref": "{}"}})", source, dest, file_ref)));
  }
};

TEST_F(CopyCommands, OneEndIsTheBoxAndTheOtherAStick) {
  for (const auto& [source, dest] : {std::pair("internal", "internal"), std::pair("/media/usb0", "/media/usb1"),
                                     std::pair("internal", "/media/usb0/../../etc"), std::pair("internal", ""),
                                     std::pair("/etc", "internal"), std::pair("--all", "internal")})
    EXPECT_EQ(Copy(source, dest), "error: Invalid Source or Destination. .") << source << " " << dest;
}

TEST_F(CopyCommands, StickMustBeMounted) {
  std::filesystem::create_directories(box_.root.Path("/media/usb0"));
  EXPECT_EQ(Copy("internal", "/media/usb0"), "error: USB device is not mounted. .");
  EXPECT_EQ(Copy("usb0", "internal"), "error: USB device is not mounted. .");
}

TEST_F(CopyCommands, NamesAreNoPaths) {
  for (const char* name : {"", "..", "../content/a_en", "a/b"})
    EXPECT_FALSE(box_.Ask(
        "COPY-ZIMS", fmt::format(R"({{"source": "internal", "dest": "usb0", "zim_id": "x", "file_ref": "{}"}})", name)))
        << name;
  EXPECT_FALSE(box_.Ask("COPY-ZIMS", R"({"source": "internal", "dest": "usb0", "file_ref": "a_en"})"));
}

TEST_F(CopyCommands, RestartKiwixAsksTheBoxsSystemctl) {
  EXPECT_EQ(TextOf(box_.Ask("RESTART-KIWIX")), "error: ") << "a box must not start the machine's service again";
  Make(box_.root.Path("/usr/bin/systemctl"));
  box_.Write(box_.root.Path("/usr/bin/systemctl"),
             "#!/bin/sh\n[ \"$*\" = \"restart kiwix-serve.service\" ] || exit 9\nexit 0\n");
  std::filesystem::permissions(box_.root.Path("/usr/bin/systemctl"), std::filesystem::perms::owner_all);
  EXPECT_EQ(TextOf(box_.Ask("RESTART-KIWIX")), "success: ");
  box_.Write(box_.root.Path("/usr/bin/systemctl"), "#!/bin/sh\nexit 5\n");
  EXPECT_EQ(TextOf(box_.Ask("RESTART-KIWIX")), "error: ");
}

}  // namespace
}  // namespace cmdsrv
