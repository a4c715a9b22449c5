#include "content/menu.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "content/shared_data.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

Languages SomeLanguages() {
  return *Languages::Parse(R"({"eng": {"iso2": "en"}, "spa": {"iso2": "es"}, "zho": {"iso2": "zh"},
                               "lzh": {"iso2": "zh-classical"}})");
}

bool Update(std::vector<std::string>& items, const std::vector<WantedItem>& wanted, const std::set<std::string>& defs) {
  return UpdateMenuItems(
      items, wanted, [&](const std::string& item) { return defs.contains(item); }, SomeLanguages());
}

TEST(ParseMenu, IgnoresWhatFollowsTheDocument) {
  const auto whole = ParseMenu(R"({"menu_items_1": ["a", "b"]} )");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->origin, MenuOrigin::File);
  for (const char* surplus : {R"({"menu_items_1": ["a", "b"]}"]})", "{\"menu_items_1\": [\"a\", \"b\"]}\n  ]\n }\n",
                              R"({"menu_items_1": ["a", "b"]}{})"}) {
    const auto menu = ParseMenu(surplus);
    ASSERT_TRUE(menu) << surplus << menu.error().message;
    EXPECT_EQ(menu->origin, MenuOrigin::Repaired);
    EXPECT_THAT(MenuItems(menu->document), ElementsAre("a", "b"));
  }
}

TEST(ParseMenu, TakesNoNumberThatCouldNotBeWrittenAgain) {
  EXPECT_FALSE(ParseMenu(R"({"menu_items_1": ["en-usb"], "x": 1e400})").has_value());
  EXPECT_FALSE(ParseMenu(R"({"x": -1e3081} surplus)").has_value());
}

TEST(ParseMenu, CannotRepairATruncatedOne) {
  for (const char* text : {"", "  ", R"({"menu_items_1": ["a")", R"({"a": 1,)", "[1]", "nonsense", "{'a': 1}"}) {
    const auto menu = ParseMenu(text);
    ASSERT_FALSE(menu) << text;
    EXPECT_EQ(menu.error().code, ErrorCode::Corrupt);
  }
  EXPECT_FALSE(ParseMenu(std::string(10'000, '[')));
}

TEST(ParseMenu, ReadsTheRealOnes) {
  CMDSRV_NEEDS_SHARED_DATA();
  const auto patchable = ParseMenu(test::SharedText("menus/patchable-menu.json"));
  ASSERT_TRUE(patchable) << patchable.error().message;
  EXPECT_EQ(patchable->origin, MenuOrigin::Repaired);
  EXPECT_THAT(MenuItems(patchable->document), SizeIs(53));
  EXPECT_FALSE(ParseMenu(test::SharedText("menus/broken-menu.json")));
  const auto home = ParseMenu(test::SharedText("menus/home-menu.json"));
  ASSERT_TRUE(home);
  EXPECT_TRUE(MayUpdateItself(home->document));
  EXPECT_EQ(MenuItems(home->document).back(), "en-credits");
  EXPECT_TRUE(ParseMenu(test::SharedText("menus/sample-menus/all.menu.json")));
}

TEST(MenuItems, CopesWithAnyShape) {
  EXPECT_THAT(MenuItems({}), IsEmpty());
  EXPECT_THAT(MenuItems({{"menu_items_1", "x"}}), IsEmpty());
  EXPECT_THAT(MenuItems({{"menu_items_1", json::array{1, "a", nullptr}}}), ElementsAre("a"));
  EXPECT_FALSE(MayUpdateItself({}));
  EXPECT_FALSE(MayUpdateItself({{"autoupdate_menu", "true"}}));
}

TEST(UpdateMenuItems, AddsBeforeTheCredits) {
  std::vector<std::string> items{"en-a", "en-credits"};
  EXPECT_TRUE(Update(items, {{"en-b"}, {"en-c"}}, {"en-a", "en-b", "en-c", "en-credits"}));
  EXPECT_THAT(items, ElementsAre("en-a", "en-b", "en-c", "en-credits"));
}

TEST(UpdateMenuItems, LeavesCreditsInTheMiddleAlone) {
  std::vector<std::string> items{"en-credits", "en-a"};
  EXPECT_TRUE(Update(items, {{"en-b"}}, {"en-a", "en-b", "en-credits"}));
  EXPECT_THAT(items, ElementsAre("en-credits", "en-a", "en-b"));
}

TEST(UpdateMenuItems, RemovesAllNeighboursWithoutDefinition) {
  std::vector<std::string> items{"x", "y", "en-a", "z"};
  EXPECT_TRUE(Update(items, {}, {"en-a"}));
  EXPECT_THAT(items, ElementsAre("en-a"));
}

TEST(UpdateMenuItems, StartsAnEmptyMenu) {
  std::vector<std::string> items;
  EXPECT_TRUE(Update(items, {{"en-a"}}, {"en-a"}));
  EXPECT_THAT(items, ElementsAre("en-a"));
}

TEST(UpdateMenuItems, AddsNothingTwiceAndNothingWithoutDefinition) {
  std::vector<std::string> items{"en-a"};
  EXPECT_FALSE(Update(items, {{"en-a"}, {"en-nothing"}}, {"en-a"}));
  EXPECT_THAT(items, ElementsAre("en-a"));
}

TEST(UpdateMenuItems, AnotherLanguageWillDoOnlyWhereItIsTheSameThing) {
  const std::set<std::string> defs{"en-calibre", "en-calibreweb", "es-calibre", "zh-classical-calibre"};
  for (const char* there : {"es-calibre", "zh-classical-calibre", "en-calibre"}) {
    std::vector<std::string> items{there};
    EXPECT_FALSE(Update(items, {{"en-calibre", true}}, defs)) << there;
  }
  std::vector<std::string> web{"en-calibreweb"};
  EXPECT_TRUE(Update(web, {{"en-calibre", true}}, defs));
  EXPECT_THAT(web, ElementsAre("en-calibreweb", "en-calibre"));
  std::vector<std::string> exact{"es-calibre"};
  EXPECT_TRUE(Update(exact, {{"en-calibre", false}}, defs));
}

class MenuFile : public ::testing::Test {
 protected:
  test::ScratchDirectory folder;
  const std::string path = folder / "menu.json";

  static json::object Menu(const std::string& item) { return {{"menu_items_1", json::array{json::value(item)}}}; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& one : std::filesystem::directory_iterator(folder.Path())) names.push_back(one.path().filename());
    return names;
  }
};

TEST_F(MenuFile, IsWrittenWithABackupOfTheGoodOne) {
  ASSERT_TRUE(WriteMenu(path, Menu("one"), "S"));
  ASSERT_TRUE(WriteMenu(path, Menu("two"), "S"));
  EXPECT_THAT(Names(), UnorderedElementsAre("menu.json", "menu.json.bak"));
  EXPECT_EQ(test::Slurp(path), "{\n  \"menu_items_1\": [\n    \"two\"\n  ]\n}\n");
  EXPECT_THAT(test::Slurp(path + ".bak"), HasSubstr("one"));
}

TEST_F(MenuFile, ABrokenOneNeverReplacesTheGoodBackup) {
  ASSERT_TRUE(WriteMenu(path, Menu("one"), "S"));
  ASSERT_TRUE(WriteMenu(path, Menu("two"), "S"));
  test::Spit(path, "{\"menu_items_1\": [");
  const auto menu = ReadMenu(path);
  ASSERT_TRUE(menu);
  EXPECT_EQ(menu->origin, MenuOrigin::Backup);
  EXPECT_THAT(MenuItems(menu->document), ElementsAre("one"));
  ASSERT_TRUE(WriteMenu(path, menu->document, "20260501T120000"));
  EXPECT_THAT(Names(), UnorderedElementsAre("menu.json", "menu.json.bak", "menu.json.broken-20260501T120000"));
  EXPECT_THAT(test::Slurp(path + ".bak"), HasSubstr("one"));
  EXPECT_EQ(test::Slurp(path + ".broken-20260501T120000"), "{\"menu_items_1\": [");
}

TEST_F(MenuFile, WithoutBackupABrokenOneIsAnError) {
  test::Spit(path, "{");
  const auto menu = ReadMenu(path);
  ASSERT_FALSE(menu);
  EXPECT_EQ(menu.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(menu.error().message, HasSubstr(path));
  EXPECT_EQ(ReadMenu(folder / "none.json").error().code, ErrorCode::NotFound);
}

TEST_F(MenuFile, TheSameTextIsNotWrittenAgain) {
  ASSERT_TRUE(WriteMenu(path, Menu("one"), "S"));
  ASSERT_TRUE(WriteMenu(path, Menu("one"), "S"));
  EXPECT_THAT(Names(), ElementsAre("menu.json"));
}

}  // namespace
}  // namespace cmdsrv
