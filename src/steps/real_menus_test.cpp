#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "base/json.hpp"
#include "content/menu.hpp"
#include "content/shared_data.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// update-menus with the menus and definitions of real boxes, broken ones among them.
namespace cmdsrv::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class RealMenus : public ::testing::Test {
 protected:
  void SetUp() override {
    CMDSRV_NEEDS_SHARED_DATA();
    fs::remove_all(defs);
    fs::copy(SharedPath("menu-item-defs"), defs);
    fs::copy(SharedPath("menu-item-defs-malformed"), defs);
    for (const std::string& name : NamesIn(defs)) fs::permissions(defs + name, fs::perms(0644));
    ASSERT_EQ(NamesIn(defs).size(), 41U);
    OrThrow(WriteText(box.Path("/library/www/html/common/assets/lang_codes.json"), SharedText("lang_codes.json")));
    fs::remove_all(box.Path("/library/www/html/home"));
    OrThrow(WriteText(box.Path("/etc/iiab/iiab.ini"), ""));
  }

  TestBox box;
  const std::string menu = box.Path("/library/www/html/home/menu.json");
  const std::string defs = box.Path("/library/www/html/js-menu/menu-files/menu-defs/");
  const std::string modules = box.Path("/library/www/html/modules/");

  RunEnd Update() const { return RunStep(box.Root(), {"update-menus"}); }
  std::vector<std::string> Items() const { return MenuItems(OrThrow(ParseJson(OrThrow(ReadText(menu)))).as_object()); }
  std::map<std::string, std::string> AllDefs() const {
    std::map<std::string, std::string> all;
    for (const std::string& name : NamesIn(defs)) all[name] = OrThrow(ReadText(defs + name));
    return all;
  }
  void AddZim(const std::string& file_ref) const {
    ZimSpec spec;
    spec.file_ref = file_ref;
    OrThrow(MakeZim(box.Path("/library/zims/content"), spec));
  }
  /// Of everything that the real definitions are for.
  void FillBox() const {
    std::string ini;
    for (const char* role : {"calibre", "calibreweb", "cups", "kalite", "kolibri", "internetarchive", "nodered"})
      ini += fmt::format("[{0}]\n{0}_install = True\n{0}_enabled = True\n", role);
    OrThrow(WriteText(box.Path("/etc/iiab/iiab.ini"), ini));
    for (const auto& [name, text] : AllDefs()) {
      const auto def = ParseJson(text);
      if (!def) continue;  // the malformed one
      const std::string_view module = TextMember(def->as_object(), "moddir");
      if (TextMember(def->as_object(), "intended_use") == "html" && !module.empty())
        OrThrow(WriteText(fmt::format("{}{}/index.html", modules, module), "x"));
    }
    AddZim("chemistry.stackexchange.com_en_all_2023-05");
    AddZim("wikipedia_en_simple_all_maxi_2026-01");
    AddZim("wikipedia_fr_medicine_maxi_2026-01");
    ASSERT_EQ(RunStep(box.Root(), {"make-kiwix-lib"}).status, 0);
  }
  /// The text is kept in a file beside the menu.
  bool IsKept(const std::string& text) const {
    for (const auto& file : fs::directory_iterator(fs::path(menu).parent_path())) {
      if (file.path() != menu && OrThrow(ReadText(file.path())) == text) return true;
    }
    return false;
  }
};

TEST_F(RealMenus, OfANewBoxGetsAllThatWasInstalled) {
  FillBox();
  OrThrow(WriteText(menu, SharedText("menus/home-menu.json")));
  const auto before = AllDefs();
  const RunEnd end = Update();
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("fr-wikipedia_fr_medicine_maxi")) << "what cannot be read is named";
  const auto items = Items();
  EXPECT_THAT(items, IsSupersetOf({"en-calibreweb", "en-cups", "en-kolibri", "en-internetarchive", "en-nodered",
                                   "en-kalite", "en-calibre", "en-afristory", "en-GCF2015", "es-blockly-games",
                                   "en-chemistry_stackexchange_com_en_all", "en-wikipedia_en_simple_all_maxi"}));
  EXPECT_THAT(items, IsSupersetOf({"en-sample", "en-usb", "en-test_zim", "en-test_mod"})) << "what was there stays";
  EXPECT_THAT(items, Not(Contains(AnyOf("en-oob", "en-map_admin", "es-calibre"))));
  EXPECT_EQ(items.back(), "en-credits");
  // The malformed one is not written over; its ZIM gets another.
  for (const auto& [name, text] : before) EXPECT_EQ(AllDefs().at(name), text) << name;
  const auto after = AllDefs();
  EXPECT_EQ(after.size() - before.size(), 2U)
      << "for the ZIM of the box, and for the one whose definition is malformed";
  EXPECT_TRUE(after.contains("en-village_en_all_maxi.json"));
  const std::string again = OrThrow(ReadText(menu));
  EXPECT_THAT(Update().output, HasSubstr("up to date"));
  EXPECT_EQ(OrThrow(ReadText(menu)), again);
}

TEST_F(RealMenus, SurplusTextIsDroppedAndKept) {
  const std::string broken = SharedText("menus/patchable-menu.json");
  OrThrow(WriteText(menu, broken));
  const RunEnd end = Update();
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("surplus text"));
  EXPECT_TRUE(IsKept(broken));
  const auto items = Items();
  EXPECT_THAT(items, IsSupersetOf({"en-wikem", "en-practical_action", "en-calibreweb", "en-blockly-games"}));
  for (const std::string& item : items) EXPECT_TRUE(Exists(defs + item + ".json")) << item;
  EXPECT_EQ(items.back(), "en-credits");
  EXPECT_EQ(OrThrow(ParseJson(OrThrow(ReadText(menu)))).at("menu_lang"), "en");
}

TEST_F(RealMenus, BrokenOneIsNotTouchedWithoutABackup) {
  const std::string broken = SharedText("menus/broken-menu.json");
  OrThrow(WriteText(menu, broken));
  const RunEnd end = Update();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("menu.json"));
  EXPECT_EQ(OrThrow(ReadText(menu)), broken);
  EXPECT_THAT(NamesIn(fs::path(menu).parent_path()), ElementsAre("menu.json"));
  // An installation goes on all the same.
  AddZim("wikipedia_en_simple_all_maxi_2026-02");
  fs::rename(box.Path("/library/zims/content/wikipedia_en_simple_all_maxi_2026-02.zim"),
             box.Path("/library/working/zims/wikipedia_en_simple_all_maxi_2026-02.zim"));
  const RunEnd installed = RunStep(box.Root(), {"zim-install", "wikipedia_en_simple_all_maxi_2026-02.zim"});
  EXPECT_EQ(installed.status, 0) << installed.output;
  EXPECT_THAT(installed.output, HasSubstr("warning: the home menu was not updated"));
  EXPECT_EQ(OrThrow(ReadText(menu)), broken);
}

TEST_F(RealMenus, BackupTakesThePlaceOfABrokenOne) {
  const std::string broken = SharedText("menus/broken-menu.json");
  const std::string good = SharedText("menus/home-menu.json");
  OrThrow(WriteText(menu, broken));
  OrThrow(WriteText(menu + ".bak", good));
  const RunEnd end = Update();
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("its backup takes its place"));
  EXPECT_TRUE(IsKept(broken)) << "somebody may want to mend it by hand";
  EXPECT_TRUE(IsKept(good)) << "a good backup is never replaced by a broken file";
  EXPECT_THAT(Items(), IsSupersetOf({"en-sample", "en-usb", "en-credits"}));
}

TEST_F(RealMenus, EverySampleCanBeUpdated) {
  FillBox();
  for (const std::string& name : NamesIn(SharedPath("menus/sample-menus"))) {
    const std::string text = SharedText("menus/sample-menus/" + name);
    OrThrow(WriteText(menu, text));
    const RunEnd end = Update();
    EXPECT_EQ(end.status, 0) << name << end.output;
    const auto sample = OrThrow(ParseJson(text)).as_object();
    const auto now = OrThrow(ParseJson(OrThrow(ReadText(menu)))).as_object();
    for (const auto& [key, value] : sample) {
      if (key == "menu_items_1") continue;
      EXPECT_EQ(now.at(key), value) << name << key;
    }
    if (!MayUpdateItself(sample)) continue;
    EXPECT_THAT(MenuItems(now), Not(IsEmpty())) << name;
    for (const std::string& item : MenuItems(now)) EXPECT_TRUE(Exists(defs + item + ".json")) << name << item;
  }
}

}  // namespace
}  // namespace cmdsrv::test
