#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include "base/json.hpp"
#include "content/menu.hpp"
#include "platform/files.hpp"
#include "support/daemon.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

/// update-menus in a box: what is installed comes, what has no definition goes, and nobody gets into another's way.
namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Menus : public ::testing::Test {
 protected:
  TestBox box;
  const std::string menu = box.Path("/library/www/html/home/menu.json");
  const std::string defs = box.Path("/library/www/html/js-menu/menu-files/menu-defs");
  const std::string content = box.Path("/library/zims/content");

  RunEnd Update(std::vector<std::string> more = {}) {
    std::vector<std::string> all{BuiltProgram("libexec/iiab-cmdsrv-step"), "--root", box.Root(), "update-menus"};
    all.insert(all.end(), more.begin(), more.end());
    return RunTool(all, seconds(60));
  }
  RunEnd Reindex() {
    return RunTool({BuiltProgram("libexec/iiab-cmdsrv-step"), "--root", box.Root(), "make-kiwix-lib"});
  }
  std::vector<std::string> Items() const { return MenuItems(OrThrow(ParseMenu(OrThrow(ReadText(menu)))).document); }
  void SetMenu(const std::vector<std::string>& items, bool automatic = true) {
    json::object document = {{"autoupdate_menu", automatic}, {"kept", "as it is"}};
    SetMenuItems(document, items);
    OrThrow(WriteText(menu, PrintJsonIndented(document)));
  }
  void Define(const std::string& name, const json::object& fields = {{"title", "t"}}) {
    OrThrow(WriteText(fmt::format("{}/{}.json", defs, name), PrintJson(fields)));
  }
  void AddZim(const std::string& file_ref) {
    ZimSpec spec;
    spec.file_ref = file_ref;
    OrThrow(MakeZim(content, spec));
    EXPECT_EQ(Reindex().status, 0);
  }
  void Ini(const std::string& text) { OrThrow(WriteText(box.Path("/etc/iiab/iiab.ini"), text)); }
};

TEST_F(Menus, AddsServicesModulesAndZims) {
  SetMenu({"en-gone", "en-credits"});
  Define("en-credits");
  Define("en-kolibri");
  Define("es-calibre");
  Define("en-calibre");
  Define("en-mod");
  Ini("[kolibri]\nkolibri_enabled = True\n[calibre]\ncalibre_enabled=True\n[kiwix]\nkiwix_enabled = True\n"
      "[cups]\ncups_enabled = False\n");
  OrThrow(MakeDirs(box.Path("/library/www/html/modules/en-mod")));
  OrThrow(MakeDirs(box.Path("/library/www/html/modules/en-undefined")));
  AddZim("demo.x_en_all_maxi_2026-01");
  const RunEnd end = Update();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(Items(), ElementsAre("en-demo_x_en_all_maxi", "en-village_en_all_maxi", "en-calibre", "en-kolibri",
                                   "en-mod", "en-credits"));
  EXPECT_THAT(OrThrow(ReadText(menu)), HasSubstr("\"kept\": \"as it is\""));
  const auto def = OrThrow(ParseJson(OrThrow(ReadText(defs + "/en-demo_x_en_all_maxi.json")))).as_object();
  EXPECT_EQ(TextMember(def, "zim_name"), "demo.x_en_all_maxi");
  EXPECT_EQ(TextMember(def, "title"), "Demo");
  EXPECT_EQ(TextMember(def, "edit_status"), "generated");
  EXPECT_THAT(OrThrow(ReadText(box.Path("/library/www/html/common/assets/zim_version_idx.json"))),
              HasSubstr("\"menu_item\": \"en-demo_x_en_all_maxi\""));
}

TEST_F(Menus, ASecondRunChangesNothing) {
  Update();
  const std::string before = OrThrow(ReadText(menu));
  const RunEnd end = Update();
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.output, HasSubstr("up to date"));
  EXPECT_EQ(OrThrow(ReadText(menu)), before);
}

TEST_F(Menus, RespectsTheSwitchUnlessForced) {
  SetMenu({"en-gone"}, false);
  const RunEnd off = Update();
  EXPECT_EQ(off.status, 0);
  EXPECT_THAT(off.output, HasSubstr("turned off"));
  EXPECT_THAT(Items(), ElementsAre("en-gone"));
  EXPECT_EQ(Update({"-f"}).status, 0);
  EXPECT_THAT(Items(), Not(Contains("en-gone")));
}

TEST_F(Menus, UsesTheOneDefinitionThatThereIs) {
  Define("xx-by-hand", {{"intended_use", "zim"}, {"zim_name", "demo_en_all_maxi"}});
  AddZim("demo_en_all_maxi_2026-01");
  EXPECT_EQ(Update().status, 0);
  EXPECT_THAT(Items(), Contains("xx-by-hand"));
  EXPECT_FALSE(Exists(defs + "/en-demo_en_all_maxi.json"));
}

TEST_F(Menus, NeverOverwritesADefinition) {
  Define("en-demo_en_all_maxi", {{"intended_use", "html"}, {"title", "something else"}});
  OrThrow(WriteText(defs + "/en-demo_en_all_maxi-2.json", "{broken"));
  AddZim("demo_en_all_maxi_2026-01");
  const RunEnd end = Update();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(Items(), Contains("en-demo_en_all_maxi-3"));
  EXPECT_THAT(OrThrow(ReadText(defs + "/en-demo_en_all_maxi.json")), HasSubstr("something else"));
  EXPECT_THAT(end.output, HasSubstr("en-demo_en_all_maxi-2.json"));
}

TEST_F(Menus, AddsNothingForAZimThatIsOnTheMenuUnderAnotherName) {
  Define("de-demo", {{"intended_use", "zim"}, {"zim_name", "demo_en_all_maxi"}});
  SetMenu({"de-demo"});
  AddZim("demo_en_all_maxi_2026-01");
  EXPECT_EQ(Update().status, 0);
  EXPECT_THAT(Items(), Not(Contains("en-demo_en_all_maxi")));
}

TEST_F(Menus, MendsSurplusTextAndTakesTheBackupOfABrokenMenu) {
  SetMenu({"en-credits"});
  const std::string good = OrThrow(ReadText(menu));
  OrThrow(WriteText(menu, good + "\n ]\n}\n"));
  EXPECT_EQ(Update().status, 0);
  EXPECT_TRUE(ParseJson(OrThrow(ReadText(menu))));
  OrThrow(WriteText(menu + ".bak", good));
  OrThrow(WriteText(menu, good.substr(0, good.size() / 2)));
  const RunEnd end = Update();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("its backup takes its place"));
  EXPECT_TRUE(ParseJson(OrThrow(ReadText(menu))));
  EXPECT_THAT(NamesIn(box.Path("/library/www/html/home")), Contains(HasSubstr("menu.json.broken-")));
}

TEST_F(Menus, ChangesNothingWhenDefinitionsAreNotThere) {
  const std::string before = OrThrow(ReadText(menu));
  std::filesystem::rename(defs, defs + "-away");
  EXPECT_EQ(Update().status, 1);
  OrThrow(MakeDirs(defs));
  EXPECT_EQ(Update().status, 1);
  EXPECT_EQ(OrThrow(ReadText(menu)), before);
}

TEST_F(Menus, ChangesNothingWithoutASingleDefinition) {
  const std::string before = OrThrow(ReadText(menu));
  std::filesystem::remove_all(defs);
  OrThrow(MakeDirs(defs));
  EXPECT_EQ(Update().output, fmt::format("there are no menu item definitions in {}/\n", defs));
  EXPECT_EQ(OrThrow(ReadText(menu)), before);
}

TEST_F(Menus, WaitsForTheRunLockAndGivesUpWithFour) {
  OrThrow(MakeDirs(box.Path("/run/lock/iiab-menus")));
  const auto held = FileLock::Take(box.Path("/run/lock/iiab-menus/update-menus-run.LCK"));
  ASSERT_TRUE(held);
  const RunEnd end = Update({"--lock-wait", "0"});
  EXPECT_EQ(end.status, 4);
  EXPECT_THAT(end.output, HasSubstr("another update of the home menu did not end within 0 s"));
}

TEST_F(Menus, OneThatWaitsIsEnough) {
  OrThrow(MakeDirs(box.Path("/run/lock/iiab-menus")));
  RunEnd first;
  std::thread runner;
  {
    const auto held = FileLock::Take(box.Path("/run/lock/iiab-menus/update-menus-run.LCK"));
    ASSERT_TRUE(held);
    runner = std::thread([&] { first = Update(); });
    const auto waits = [&] {
      return !FileLock::Take(box.Path("/run/lock/iiab-menus/update-menus-wait.LCK")).has_value();
    };
    EXPECT_TRUE(WaitUntil(waits, seconds(20)));
    const RunEnd third = Update();
    EXPECT_EQ(third.status, 0);
    EXPECT_THAT(third.output, HasSubstr("is waiting already"));
  }
  runner.join();
  EXPECT_EQ(first.status, 0) << first.output;
}

TEST_F(Menus, RefusesUnknownOptions) {
  EXPECT_EQ(Update({"-x"}).status, 2);
  EXPECT_EQ(Update({"--lock-wait", "soon"}).status, 2);
  EXPECT_EQ(Update({"more"}).status, 2);
}

TEST_F(Menus, BrokenLibraryHoldsUpNothingButTheZims) {
  SetMenu({"en-village_en_all_maxi", "en-credits"});
  for (const char* name : {"en-village_en_all_maxi", "en-credits", "en-mod", "en-kolibri"}) Define(name);
  Ini("[kolibri]\nkolibri_enabled = True\n");
  OrThrow(MakeDirs(box.Path("/library/www/html/modules/en-mod")));
  OrThrow(WriteText(box.Path("/library/zims/library.xml"), "<library><book"));
  const RunEnd end = Update();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("the menu items of the ZIMs stay as they are: the library is no valid XML"));
  EXPECT_THAT(Items(), ElementsAre("en-village_en_all_maxi", "en-kolibri", "en-mod", "en-credits"));
  EXPECT_EQ(Reindex().status, 0);
  EXPECT_EQ(Update().status, 0);
}

}  // namespace
}  // namespace cmdsrv::test
