#include <gmock/gmock.h>

#include <filesystem>

#include "base/json.hpp"
#include "support/databases.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// preset-menu and make-preset as programs: killed at every call, and with databases of Kolibri and KA Lite.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kChannel = "c9d7f950ab6b5a1199e3d6c10d7f0103";
constexpr const char* kOther = "a9d7f950ab6b5a1199e3d6c10d7f0104";

class PresetSteps : public ::testing::Test {
 protected:
  TestBox box;
  const std::string presets = box.Path("/opt/admin/cmdsrv/presets/");
  const std::string home = box.Path("/library/www/html/home/menu.json");
  const std::string modules = box.Path("/library/www/html/modules/");

  RunEnd Run(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  json::value Document(const std::string& path) const { return OrThrow(ParseJson(OrThrow(ReadText(path)))); }
  json::value Content(const std::string& preset) const { return Document(presets + preset + "/content.json"); }
  void Make(const std::string& id, const std::string& menu, const std::string& content = "{}") const {
    OrThrow(WriteText(presets + id + "/preset.json", R"({"name": "N"})"));
    OrThrow(WriteText(presets + id + "/menu.json", menu));
    OrThrow(WriteText(presets + id + "/content.json", content));
    OrThrow(WriteText(presets + id + "/vars.yml", "a: b\n"));
  }
  void Activate(const std::string& unit) const { OrThrow(WriteText(box.Path("/var/lib/box/active/") + unit, "")); }
};

TEST_F(PresetSteps, MenuIsTheOldOneOrTheNewOneWhereverItWasKilled) {
  Make("mine", R"({"menu_items_1": ["en-credits"]})");
  const std::string old = OrThrow(ReadText(home));
  const auto wanted = Document(presets + "mine/menu.json");
  const std::string sample = modules + "en-test_mod";
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"preset-menu", "mine"},
      {.prepare =
           [&] {
             std::filesystem::remove_all(box.Path("/library/www/html/home"));
             OrThrow(WriteText(home, old));
             OrThrow(WriteText(sample + "/index.html", "x"));
           },
       .after_kill =
           [&](const std::string& hint) {
             const std::string text = OrThrow(ReadText(home));
             EXPECT_TRUE(text == old || OrThrow(ParseJson(text)) == wanted) << hint << text;
             EXPECT_TRUE(text == old || ReadText(home + ".bak").value_or("") == old) << hint;
           },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_EQ(Document(home), wanted) << hint;
             EXPECT_THAT(NamesIn(box.Path("/library/www/html/home")), ElementsAre("menu.json", "menu.json.bak"))
                 << hint;
             EXPECT_FALSE(Exists(sample)) << hint;
           }});
  EXPECT_GT(kills, 4U);
}

TEST_F(PresetSteps, PresetIsTheOldOneOrTheNewOneWhereverItWasKilled) {
  const std::string old_content = R"({"zims": ["old_en_all"], "kolibri": {"lang_code": "en", "channels": []}})";
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"make-preset", "--title=New", "mine"},
      {.prepare =
           [&] {
             std::filesystem::remove_all(presets);
             Make("mine", R"({"menu_items_1": ["old"]})", old_content);
           },
       .after_kill =
           [&](const std::string& hint) {
             const bool is_old = ReadText(presets + "mine/content.json").value_or("") == old_content;
             EXPECT_EQ(Document(presets + "mine/preset.json").at("name"), is_old ? "N" : "New") << hint;
             EXPECT_EQ(Document(presets + "mine/menu.json").at("menu_items_1").as_array().size() == 1, is_old) << hint;
             EXPECT_EQ(NamesIn(presets + "mine").size(), 4U) << hint;
           },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_THAT(NamesIn(presets), ElementsAre("mine")) << hint;
             EXPECT_EQ(Content("mine").at("zims").at(0), "village_en_all_maxi") << hint;
             EXPECT_EQ(Content("mine").at("kolibri").at("lang_code"), "en") << hint;
           }});
  EXPECT_GT(kills, 12U);
}

TEST_F(PresetSteps, NamesThatAreNoTextBreakNoPreset) {
  OrThrow(WriteText(box.Path("/library/www/html/modules/caf\xe9/index.html"), "x"));
  OrThrow(WriteText(box.Path("/library/zims/content/caf\xe9_2026-01.zim"), "x"));
  const RunEnd end = Run({"make-preset", "--title=caf\xe9", "mine"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("modules/caf\xEF\xBF\xBD: its name is no valid UTF-8"));
  EXPECT_EQ(PrintJson(Content("mine").at("zims")), R"(["village_en_all_maxi"])");
  EXPECT_EQ(Document(presets + "mine/preset.json").at("name"), "caf\xEF\xBF\xBD");
}

TEST_F(PresetSteps, FirstPresetAppearsWhole) {
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"make-preset", "fresh"},
      {.prepare = [&] { std::filesystem::remove_all(presets); },
       .after_kill =
           [&](const std::string& hint) {
             const auto there = NamesIn(presets + "fresh").size();
             EXPECT_TRUE(there == 0 || there == 4) << hint;
           },
       .after_retry = [&](const std::string& hint) { EXPECT_THAT(NamesIn(presets), ElementsAre("fresh")) << hint; }});
  EXPECT_GT(kills, 12U);
}

TEST_F(PresetSteps, WholeChannelsOfKolibri) {
  Activate("kolibri.service");
  MakeDatabase(box.Path("/library/kolibri/db.sqlite3"),
               fmt::format("CREATE TABLE content_channelmetadata (id TEXT, partial INTEGER, published_size INTEGER);"
                           "INSERT INTO content_channelmetadata VALUES ('{0}', 0, 3000000000), ('{1}', 0, 0), "
                           "('b9d7f950ab6b5a1199e3d6c10d7f0105', 1, 5), ('--help', 0, 5), (NULL, 0, 5);"
                           "CREATE TABLE device_devicesettings (language_id TEXT);"
                           "INSERT INTO device_devicesettings VALUES ('pt-br');"
                           "CREATE TABLE content_localfile (id TEXT, file_size INTEGER);"
                           "CREATE TABLE content_file (local_file_id TEXT, contentnode_id TEXT);"
                           "CREATE TABLE content_contentnode (id TEXT, channel_id TEXT);"
                           "INSERT INTO content_localfile VALUES ('f', 2368709120);"
                           "INSERT INTO content_contentnode VALUES ('n', '{1}'), ('m', '{1}');"
                           "INSERT INTO content_file VALUES ('f', 'n'), ('f', 'm')",
                           kChannel, kOther));
  ASSERT_EQ(Run({"make-preset", "mine"}).status, 0);
  EXPECT_EQ(PrintJson(Content("mine").at("kolibri")),
            fmt::format(R"({{"lang_code":"pt-br","channels":[{{"channel_id":"{}"}},{{"channel_id":"{}"}}]}})", kOther,
                        kChannel));
  EXPECT_EQ(Document(presets + "mine/preset.json").at("size_in_gb").to_number<double>(), 5.0)
      << "3,000,000,000 and once 2,368,709,120";
}

TEST_F(PresetSteps, CompleteTopicsOfKaLite) {
  Activate("kalite-serve.service");
  MakeDatabase(box.Path("/library/ka-lite/database/data.sqlite"),
               "CREATE TABLE config_settings (name TEXT, value TEXT);"
               "INSERT INTO config_settings VALUES ('default_language', 'es')");
  MakeDatabase(box.Path("/library/ka-lite/database/content_khan_es.sqlite"),
               "CREATE TABLE item (kind TEXT, path TEXT, files_complete INTEGER, total_files INTEGER);"
               "INSERT INTO item VALUES ('Topic', 'khan/', 3, 9), ('Topic', 'khan/math/', 2, 5), "
               "('Topic', 'khan/math/lines/', 2, 2), ('Topic', 'khan/art/', 1, 1), ('Video', 'khan/art/x/', 1, 1), "
               "('Topic', 'khan/none/', 0, 3)");
  ASSERT_EQ(Run({"make-preset", "mine"}).status, 0);
  EXPECT_EQ(PrintJson(Content("mine").at("kalite")), R"({"lang_code":"es","topics":["khan/art/","khan/math/lines/"]})");
}

TEST_F(PresetSteps, WhatCannotBeReadStaysAsItWas) {
  Activate("kolibri.service");
  Activate("kalite-serve.service");
  const std::string kept = fmt::format(
      R"({{"kolibri":{{"lang_code":"en","channels":[{{"channel_id":"{}"}}]}},"kalite":{{"topics":["khan/"]}}}})",
      kChannel);
  Make("mine", R"({"menu_items_1": []})", kept);
  OrThrow(WriteText(box.Path("/library/kolibri/db.sqlite3"), "no database at all, and long enough to look at it"));
  const RunEnd end = Run({"make-preset", "mine"});
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("file is not a database; kolibri is not taken into the preset"));
  EXPECT_THAT(end.output, HasSubstr("kalite is not taken into the preset"));
  EXPECT_EQ(Content("mine").at("kolibri").at("channels").at(0).at("channel_id"), kChannel);
  EXPECT_EQ(Content("mine").at("kalite").at("topics").at(0), "khan/");
  // A link to a file of others.
  MakeDatabase(box.Path("/library/kolibri/db.sqlite3"),
               "CREATE TABLE content_channelmetadata (id TEXT, partial INTEGER, published_size INTEGER)");
  std::filesystem::rename(box.Path("/library/kolibri/db.sqlite3"), box.Path("/tmp/other.sqlite3"));
  std::filesystem::create_symlink(box.Path("/tmp/other.sqlite3"), box.Path("/library/kolibri/db.sqlite3"));
  EXPECT_THAT(Run({"make-preset", "mine"}).output, HasSubstr("db.sqlite3 is no regular file"));
}

}  // namespace
}  // namespace cmdsrv::test
