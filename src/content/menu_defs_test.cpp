#include "content/menu_defs.hpp"

#include <gmock/gmock.h>

#include "content/shared_data.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> KeysOf(const json::object& object) {
  std::vector<std::string> keys;
  for (const auto& member : object) keys.emplace_back(member.key());
  return keys;
}

TEST(OrderMenuDef, PutsFieldsInOrderAndKeepsTheUnknown) {
  const json::object fields = {{"upload_flag", true}, {"title", "T"},           {"apk_file", "x"},       {"lang", "en"},
                               {"name", "en-x"},      {"download_flag", false}, {"intended_use", "html"}};
  EXPECT_THAT(KeysOf(OrderMenuDef(fields)),
              ElementsAre("name", "lang", "intended_use", "title", "apk_file", "upload_flag", "download_flag"));
  EXPECT_THAT(KeysOf(OrderMenuDef(fields, UnknownFields::Drop)),
              ElementsAre("name", "lang", "intended_use", "title", "upload_flag", "download_flag"));
  EXPECT_THAT(KeysOf(OrderMenuDef({})), IsEmpty());
}

TEST(ZimLogo, FollowsTheBeginning) {
  const std::pair<const char*, const char*> cases[] = {
      {"wikipedia_en_all_maxi", "en-wikipedia.png"},
      {"wiktionary_fr_all", "en-wiktionary.png"},
      {"wikivoyage_de_all", "en-wikivoyage.png"},
      {"wikinews_en", "wikinews-logo.png"},
      {"phet_en_all", "phet-logo-48x48.png"},
      {"phet_fr_all", "content.jpg"},
      {"wikem_en", "WikEM-Logo-m.png"},
      {"wikem", "WikEM-Logo-m.png"},
      {"cooking.stackexchange.com_en_all", "stackexchange.png"},
      {"gutenberg_en_all", "content.jpg"},
      {"", "content.jpg"},
  };
  for (const auto& [perma_ref, logo] : cases) EXPECT_EQ(ZimLogo(perma_ref), logo) << perma_ref;
}

TEST(GenerateZimDef, IsOrderedAndComplete) {
  const ZimForMenu zim{"cooking.stackexchange.com_en_all", "en", "Cooking \"Q&A\"", "<b>x</b>"};
  EXPECT_EQ(ZimDefName(zim), "en-cooking_stackexchange_com_en_all");
  const json::object def = GenerateZimDef(zim, ZimDefName(zim), "2026-05-01");
  EXPECT_EQ(KeysOf(OrderMenuDef(def)), KeysOf(def));
  EXPECT_EQ(TextMember(def, "zim_name"), "cooking.stackexchange.com_en_all");
  EXPECT_EQ(TextMember(def, "logo_url"), "stackexchange.png");
  EXPECT_EQ(TextMember(def, "title"), "Cooking \"Q&A\"");
  EXPECT_EQ(TextMember(def, "edit_status"), "generated");
  EXPECT_EQ(TextMember(def, "change_date"), "2026-05-01");
  EXPECT_FALSE(def.at("upload_flag").as_bool());
  EXPECT_TRUE(def.at("download_flag").as_bool());
  EXPECT_TRUE(PrintMenuDef(def).starts_with("{\n  \"name\": \"en-cooking"));
  EXPECT_TRUE(PrintMenuDef(def).ends_with("}\n"));
}

TEST(ReadMenuDefs, SkipsWhatCannotBeRead) {
  const test::ScratchDirectory folder;
  test::Spit(folder / "en-good.json", R"({"title": "good"})");
  test::Spit(folder / "en-comma.json", R"({"title": "bad",})");
  test::Spit(folder / "en-list.json", "[]");
  test::Spit(folder / "en-huge.json", std::string(300'000, ' '));
  test::Spit(folder / "en-page.html", "<p>");
  test::Spit(folder / ".hidden.json", "{}");
  const auto defs = ReadMenuDefs(folder.Path());
  ASSERT_TRUE(defs);
  EXPECT_THAT(defs->defs, SizeIs(1));
  EXPECT_THAT(defs->names, ElementsAre("en-comma", "en-good", "en-huge", "en-list"));
  EXPECT_THAT(defs->skipped,
              ElementsAre(HasSubstr("en-comma.json"), HasSubstr("en-huge.json"), HasSubstr("en-list.json")));
  ASSERT_NE(defs->Find("en-good"), nullptr);
  EXPECT_EQ(TextMember(defs->Find("en-good")->fields, "title"), "good");
  EXPECT_EQ(defs->Find("en-comma"), nullptr);
  EXPECT_EQ(ReadMenuDefs(folder / "none").error().code, ErrorCode::NotFound);
}

TEST(ReadMenuDefs, ReadsTheRealOnes) {
  CMDSRV_NEEDS_SHARED_DATA();
  const auto defs = ReadMenuDefs(test::SharedPath("menu-item-defs"));
  ASSERT_TRUE(defs);
  EXPECT_THAT(defs->defs, SizeIs(40));
  EXPECT_THAT(defs->skipped, IsEmpty());
  EXPECT_EQ(TextMember(defs->Find("en-wikem")->fields, "zim_name"), "wikem_en");
  const auto malformed = ReadMenuDefs(test::SharedPath("menu-item-defs-malformed"));
  ASSERT_TRUE(malformed);
  EXPECT_THAT(malformed->defs, IsEmpty());
  EXPECT_THAT(malformed->skipped, SizeIs(1));
}

}  // namespace
}  // namespace cmdsrv
