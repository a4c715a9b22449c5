#include "content/menu_sync.hpp"

#include <gtest/gtest.h>

#include "content/menu_def_edit.hpp"
#include "content/menu_defs.hpp"

namespace cmdsrv {
namespace {

SyncAction Decide(const json::object& local, std::string_view sha) {
  return DecideSync({.local = &local, .remote_sha = sha});
}

TEST(MenuSync, EveryRowOfTheTable) {
  EXPECT_EQ(DecideSync({.remote_sha = "a", .obsolete = true}), SyncAction::SkipObsolete);
  EXPECT_EQ(DecideSync({.remote_sha = "a"}), SyncAction::Download);
  EXPECT_EQ(DecideSync({}), SyncAction::Nothing);
  const json::object mine{{"upload_flag", true}};
  EXPECT_EQ(DecideSync({.local = &mine, .obsolete = true}), SyncAction::SkipObsolete);
  EXPECT_EQ(DecideSync({.local = &mine, .language_known = false}), SyncAction::SkipUnknownLanguage);
  EXPECT_EQ(Decide(mine, ""), SyncAction::Upload);
  EXPECT_EQ(Decide({{"upload_flag", false}}, ""), SyncAction::Nothing);
  EXPECT_EQ(Decide({}, ""), SyncAction::Nothing);
  EXPECT_EQ(Decide({{"edit_status", "repo"}, {"commit_sha", "a"}}, "a"), SyncAction::Nothing);
  EXPECT_EQ(Decide({{"edit_status", "repo"}, {"commit_sha", "a"}}, "b"), SyncAction::Download);
  EXPECT_EQ(Decide({{"edit_status", "repo"}, {"commit_sha", "a"}, {"download_flag", false}}, "b"), SyncAction::Nothing);
  EXPECT_EQ(Decide({{"edit_status", "local_change"}, {"commit_sha", "a"}, {"upload_flag", true}}, "a"),
            SyncAction::Upload);
  EXPECT_EQ(Decide({{"edit_status", "local_change"}, {"commit_sha", "a"}}, "a"), SyncAction::Nothing);
  EXPECT_EQ(Decide({{"edit_status", "local_change"}, {"upload_flag", true}}, "a"), SyncAction::Upload);
  EXPECT_EQ(Decide({{"upload_flag", true}}, "a"), SyncAction::Upload);
  EXPECT_EQ(Decide({{"edit_status", "local_change"}, {"commit_sha", "a"}, {"upload_flag", true}}, "b"),
            SyncAction::Conflict);
  EXPECT_EQ(Decide({{"edit_status", "generated"}, {"upload_flag", true}}, "b"), SyncAction::Nothing);
}

TEST(MenuSync, DefinitionsOfStrangersAreChecked) {
  EXPECT_TRUE(ReadRemoteDef(R"({"title": "T", "logo_url": "a b.PNG", "extra_html": "x.html", "own": 5, "n": null})"));
  for (const char* text : {"", "[]", "{", R"({"title": {}})", R"({"logo_url": "x.png; rm -rf /"})",
                           R"({"logo_url": "../x.png"})", R"({"logo_url": "x.php"})", R"({"logo_url": "-O.png"})",
                           R"({"logo_url": ".png"})", R"({"extra_html": "a/b.html"})", R"({"extra_html": "x.php"})"})
    EXPECT_FALSE(ReadRemoteDef(text)) << text;
  EXPECT_FALSE(ReadRemoteDef(R"({"title": ")" + std::string(300'000, 'x') + "\"}"));
}

TEST(MenuSync, WhatIsWrittenAndWhatIsSent) {
  const json::object fields{
      {"title", "T"}, {"own", 1}, {"upload_flag", true}, {"name", "en-x"}, {"edit_status", "local_change"}};
  const auto written = MarkSynchronised(fields, "abc", "2026-05-01");
  EXPECT_EQ(PrintJson(written),
            R"({"name":"en-x","title":"T","edit_status":"repo","commit_sha":"abc","change_ref":"copy from repo",)"
            R"("change_date":"2026-05-01","own":1,"upload_flag":false,"download_flag":true})");
  EXPECT_EQ(PrintJson(ForUpload(fields)), R"({"name":"en-x","title":"T","edit_status":"local_change"})");
}

TEST(MenuDefEdit, KeepsWhatTheConsoleDoesNotSend) {
  const json::object old{
      {"name", "en-x"}, {"title", "Old"}, {"commit_sha", "abc"}, {"apk_file", "x.apk"}, {"edit_status", "repo"}};
  const json::object given{
      {"title", "New"}, {"lang", "en"}, {"logo_url", ""}, {"upload_flag", true}, {"download_flag", false}};
  const auto edited = EditMenuDef(&old, "en-x", "edit", given, "2026-05-01");
  ASSERT_TRUE(edited) << edited.error().message;
  EXPECT_EQ(PrintJson(*edited),
            R"({"name":"en-x","lang":"en","title":"New","logo_url":"","edit_status":"local_change","commit_sha":"abc",)"
            R"("change_ref":"admin_console - edit","change_date":"2026-05-01","apk_file":"x.apk","upload_flag":true,)"
            R"("download_flag":false})");
}

TEST(MenuDefEdit, RulesOfTheFields) {
  const auto edit = [](std::string_view field, const json::value& value) {
    json::object given{{"upload_flag", false}, {"download_flag", true}};
    given[field] = value;
    return EditMenuDef(nullptr, "en-x", "edit", given, "d").has_value();
  };
  EXPECT_TRUE(edit("title", "<b>\"quoted\"</b>\nline"));
  EXPECT_FALSE(edit("title", json::value(std::string(20'001, 'x'))));
  std::string umlauts;
  for (int i = 0; i < 20'000; ++i) umlauts += "ü";
  EXPECT_TRUE(edit("title", json::value(umlauts)));
  EXPECT_FALSE(edit("title", json::object()));
  EXPECT_FALSE(edit("logo_url", "../../etc/passwd"));
  EXPECT_FALSE(edit("extra_html", "/etc/passwd"));
  EXPECT_FALSE(edit("lang", "e"));
  for (const char* field : {"lang", "title", "logo_url", "extra_html", "zim_name", "moddir", "commit_sha"}) {
    EXPECT_FALSE(edit(field, 5)) << field;
    EXPECT_FALSE(edit(field, true)) << field;
    EXPECT_EQ(edit(field, nullptr), std::string_view(field) != "lang") << field;
  }
  EXPECT_TRUE(edit("of_our_own", 5)) << "nobody takes it for a text";
  EXPECT_FALSE(edit("upload_flag", "true"));
  EXPECT_FALSE(EditMenuDef(nullptr, "en-x", "edit", {{"upload_flag", true}}, "d"));
}

}  // namespace
}  // namespace cmdsrv
