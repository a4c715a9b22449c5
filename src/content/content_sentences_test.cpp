// What is said of each kind of text that cannot be read: a table of readers, hostile texts and sentences.
#include <gmock/gmock.h>

#include <functional>

#include "content/kiwix_catalog.hpp"
#include "content/languages.hpp"
#include "content/library_xml.hpp"
#include "content/map_catalog.hpp"
#include "content/menu.hpp"
#include "content/menu_def_edit.hpp"
#include "content/menu_sync.hpp"
#include "content/metalink.hpp"
#include "content/module_catalog.hpp"
#include "content/netplan_wifi.hpp"
#include "content/opds.hpp"
#include "content/presets.hpp"
#include "content/roles.hpp"
#include "content/settings.hpp"
#include "content/variables_merge.hpp"
#include "content/zim_upgrades.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::ScratchDirectory;
using test::Spit;
using ::testing::MatchesRegex;

template <class T>
std::string SentenceOf(const Result<T>& result) {
  return result ? "it was taken" : result.error().message;
}

/// A reader with one argument more than the text.
template <class Read>
auto Reading(Read read) {
  return [read](std::string_view text) { return SentenceOf(read(text)); };
}

struct Unreadable {
  std::function<std::string(std::string_view)> read;
  std::string text;
  std::string sentence;  ///< an extended regular expression, because parsers have words of their own
};

Result<MergedModules> Offer(std::string_view text) { return MergeModuleCatalogs(text, "", {}, "today"); }
Result<Secret> Netplan(std::string_view text) { return SetNetplanWifi(text, "Net", Secret("secret-word")); }
Result<std::string> Variables(std::string_view text) { return MergeVariables(text, {{"a", 1}}); }
Result<Settings> Configuration(std::string_view text) { return ParseSettings(Root{}, "/opt/admin/cmdsrv", text); }

TEST(ContentSays, WhatIsWrongWithATextItReads) {
  const auto kiwix = Reading(&KiwixCatalog::Parse);
  const auto remote_def = Reading(&ReadRemoteDef);
  const Unreadable cases[] = {
      {kiwix, std::string((64U << 20U) + 1, ' '), "the catalog is larger than 64 MiB"},
      {kiwix, "{", "the catalog is not valid JSON: .+"},
      {kiwix, R"({"zims": []})", "the catalog has no object \"zims\""},
      {Reading(&KeepIiabEntries), "[]", "the catalog has no object \"zims\""},
      {Reading(&Languages::Parse), "{", "cannot read the language codes: .+"},
      {Reading(&Languages::Parse), "[]", "cannot read the language codes: they are no JSON object"},
      {Reading(&ParseLibrary), "<library", "the library is no valid XML: .+ at byte [0-9]+"},
      {Reading(&ParseLibrary), "<books/>", "the library has no element \"library\""},
      {Reading(&ParseLibrary), "<library>" + std::string(100'001, '<'), "the library has more than 50000 elements"},
      {Reading(&MapCatalog::Parse), "{}", "the catalog has neither \"base\" nor \"maps\""},
      {Reading(&ParseMenu), R"({"a": tru})", "the menu is not valid JSON at byte [0-9]+: .+"},
      {Reading(&ParseMenu), R"({"a": 1e400})", "the menu cannot be used: .+"},
      {Reading(&ParseMenu), "[]", "the menu is no JSON object"},
      {remote_def, "[]", "it is no JSON object"},
      {remote_def, R"({"title": []})", "its field title is no text"},
      {remote_def, R"({"logo_url": "x.exe"})", "\"x.exe\" cannot be the name of an icon"},
      {remote_def, R"({"extra_html": "-x.html"})", "\"-x.html\" cannot be the name of an extra page"},
      {Reading(&ParseMetalink), "<metalink/>", "the metalink is no valid document"},
      {Reading(&ParseMetalink), "<metalink><file><url>file:///x</url></file></metalink>",
       "the metalink offers no usable address"},
      {Reading(&ModuleCatalog::Parse), "{}", "the catalog has no object \"modules\""},
      {Reading(&Offer), "{}", "the module catalog of IIAB is no list"},
      {Reading(&Offer), R"([{"moddir": "../x"}])", "the module catalog of IIAB has no usable entry"},
      {Reading(&Netplan), "network:\n  wifis: [\n", "cannot read line [0-9]+ of it: .+"},
      {Reading(&ParseOpdsFeed), "<feed", "the OPDS feed is no valid XML: .+ at byte [0-9]+"},
      {Reading(&ParseIiabZimCatalog), "{", "the IIAB ZIM catalog is not valid: .+"},
      {Reading(&ParseIiabZimCatalog), "[]", "the IIAB ZIM catalog is no JSON object"},
      {Reading(&ParsePresetContent), "[]", "it is no JSON object"},
      {Reading(&RoleTable::Parse), R"({"roles": []})", "there is no object \"roles\" in it"},
      {Reading(&Configuration), R"({"cmdsrv_conf": {"apache_user": ""}})",
       "the key apache_user of cmdsrv.conf must not be empty"},
      {Reading(&Configuration), R"({"cmdsrv_conf": {"apache_user": 33}})",
       "the key apache_user of cmdsrv.conf must be a text with the name of an account"},
      {Reading(&Configuration), R"({"cmdsrv_conf": []})", "cannot read cmdsrv.conf: cmdsrv_conf is no object"},
      {Reading(&Variables), "a: 1\nb: [\n", "line [0-9]+ of the variables: .+"},
  };
  for (const Unreadable& one : cases)
    EXPECT_THAT(one.read(one.text), MatchesRegex(one.sentence)) << one.text.substr(0, 80);
}

TEST(ContentSays, WhichFieldOfADefinitionIsWrong) {
  const auto edit = [](const json::object& given) {
    return SentenceOf(EditMenuDef(nullptr, "en-x", "edit", given, ""));
  };
  json::object many;
  for (int i = 0; i <= 100; ++i) many[fmt::format("field_{}", i)] = "x";
  EXPECT_EQ(edit(many), "menu_item_def has more than 100 fields");
  EXPECT_EQ(edit({{"lang", "not a language"}}), "menu_item_def: lang must be a language");
}

TEST(ContentSays, WhatIsWrongWithAPreset) {
  const ScratchDirectory presets;
  const std::string directory = presets / "mine/";
  std::filesystem::create_directories(directory);
  for (const char* file : {"preset.json", "menu.json", "content.json"}) Spit(directory + file, "{}");
  Spit(directory + "preset.json", R"({"name": "Mine"})");
  Spit(directory + "vars.yml", "a: 1\nb: [1, 2]\n");
  const auto read = [&] { return SentenceOf(ReadPreset(presets.Path() + "/", "mine")); };
  EXPECT_EQ(read(), directory + "vars.yml: b is no plain value");
  Spit(directory + "menu.json", "[]");
  EXPECT_EQ(read(), "cannot read " + directory + "menu.json: it is no JSON object");
}

TEST(ContentSays, ThatAMenuHasNoBackup) {
  const ScratchDirectory folder;
  Spit(folder / "menu.json", "[]");
  EXPECT_EQ(SentenceOf(ReadMenu(folder / "menu.json")),
            fmt::format("cannot read {0}: the menu is no JSON object; there is no readable backup {0}.bak",
                        folder / "menu.json"));
}

TEST(ContentSays, ThatTheIndexOfVersionsIsBroken) {
  const ScratchDirectory folder;
  Settings settings;
  settings.assets_dir = folder / "";
  settings.zim_dir = folder / "";
  Spit(folder / "library.xml", "<library/>");
  Spit(folder / "zim_version_idx.json", "[]");
  EXPECT_EQ(SentenceOf(ReadUpgrades(settings, KiwixCatalog::Parse(R"({"zims": {}})").value())),
            folder / "zim_version_idx.json is broken; Reindex Kiwix Content writes a new one");
}

}  // namespace
}  // namespace cmdsrv
