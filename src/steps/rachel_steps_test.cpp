#include <gmock/gmock.h>

#include <filesystem>

#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"
#include "support/zip_maker.hpp"

/// rachel-fetch, rachel-unpack and rachel-install as programs; add-module-to-menu and url-check with them.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kVersion = "rachelusb_32EN_3.1.5";
const std::string kTree = "rachelusb_32EN_3.1.4/RACHEL/bin/";

class RachelSteps : public ::testing::Test {
 protected:
  TestBox box;
  const std::string downloads = box.Path("/library/downloads/rachel/");
  const std::string zip = downloads + kVersion + ".zip";
  const std::string working = box.Path("/library/working/rachel/");
  const std::string directory = working + kVersion + "/";
  const std::string rachel = box.Path("/library/rachel/");
  const std::string page = std::string(50'000, 'p');

  RunEnd Run(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  RunEnd Unpack() const { return Run({"rachel-unpack", kVersion}); }
  RunEnd Install() const { return Run({"rachel-install", kVersion}); }

  std::vector<ZipItem> Items() const {
    return {{.path = "rachelusb_32EN_3.1.4/autorun.inf", .bytes = "for another system"},
            {.path = kTree + "www/"},
            {.path = kTree + "www/index.php", .bytes = "<?php ?>"},
            {.path = kTree + "www/modules/en-wells/a page.html", .bytes = page},
            {.path = kTree + "www/.htaccess", .bytes = "hidden"},
            {.path = kTree + "bin/kiwix", .bytes = "a program", .mode = 04755}};
  }
  void Put(const std::vector<ZipItem>& items) const {
    OrThrow(MakeDirs(downloads));
    OrThrow(MakeZip(zip, items));
  }
  void ExpectInstalled(const std::string& hint) const {
    EXPECT_THAT(NamesIn(rachel), ElementsAre("bin", "version", "www")) << hint;
    EXPECT_THAT(NamesIn(rachel + "www"), ElementsAre("index.php", "modules", "modules.out")) << hint;
    EXPECT_EQ(ReadText(rachel + "www/modules/en-wells/a page.html").value_or(""), page) << hint;
    EXPECT_EQ(ReadText(rachel + "bin/kiwix").value_or(""), "a program") << hint;
    EXPECT_EQ(ReadText(rachel + "version").value_or(""), std::string(kVersion) + "\n") << hint;
    EXPECT_FALSE(Exists(directory)) << hint;
  }
};

TEST_F(RachelSteps, FetchUnpackInstall) {
  OrThrow(MakeDirs(box.Path("/internet/files")));
  OrThrow(MakeZip(box.Path("/internet/files/rachel.zip"), Items()));
  const std::string url = box.Internet().Url("/files/rachel.zip");
  const RunEnd fetched = Run({"rachel-fetch", "--url", url, "--file-ref", kVersion});
  ASSERT_EQ(fetched.status, 0) << fetched.output;
  const RunEnd unpacked = Unpack();
  ASSERT_EQ(unpacked.status, 0) << unpacked.output;
  EXPECT_THAT(unpacked.output, HasSubstr("3 files"));
  EXPECT_EQ(std::filesystem::status(directory + "bin/kiwix").permissions(), std::filesystem::perms(0644));
  const RunEnd installed = Install();
  ASSERT_EQ(installed.status, 0) << installed.output;
  ExpectInstalled("once");
  const RunEnd again = Install();
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("is installed already"));
  const RunEnd wanted_again = Run({"rachel-fetch", "--url", url, "--file-ref", kVersion});
  EXPECT_EQ(wanted_again.status, 1);
  EXPECT_THAT(wanted_again.output, HasSubstr("to install it again"));
}

TEST_F(RachelSteps, OneThatIsThereStays) {
  OrThrow(WriteText(rachel + "www/index.php", "theirs"));
  Put(Items());
  ASSERT_EQ(Unpack().status, 0);
  const RunEnd end = Install();
  EXPECT_EQ(end.status, 2) << end.output;
  EXPECT_EQ(OrThrow(ReadText(rachel + "www/index.php")), "theirs");
  EXPECT_THAT(NamesIn(working), IsEmpty());
}

TEST_F(RachelSteps, UnknownVersionsAreNotEvenFetched) {
  const RunEnd end = Run({"rachel-fetch", "--url", box.Internet().Url("/files/x.zip"), "--file-ref", "rachel_9"});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("nobody knows the archive of rachel_9"));
  EXPECT_EQ(Run({"rachel-unpack", "rachel_9"}).status, 1);
  for (const char* name : {"../x", "-h", "a/b", ""}) EXPECT_NE(Run({"rachel-unpack", "--", name}).status, 0) << name;
  EXPECT_EQ(Unpack().output, fmt::format("there is no {}; install RACHEL again to download it\n", zip));
  EXPECT_EQ(Run({"rachel-install", kVersion}).status, 1) << "nothing was unpacked";
}

TEST_F(RachelSteps, HostileArchivesLeaveNothing) {
  const std::vector<std::pair<ZipItem, const char*>> bad = {
      {{.path = kTree + "www/../../../../etc/passwd", .bytes = "x"}, "wants to write outside"},
      {{.path = "/etc/passwd", .bytes = "x"}, "absolute path"},
      {{.path = kTree + "www/link", .link_to = "/etc/passwd"}, "is a link or a device"},
      {{.path = kTree + "www/index.php", .bytes = "twice"}, "two files of the name"}};
  for (const auto& [item, sentence] : bad) {
    auto items = Items();
    items.push_back(item);
    Put(items);
    const RunEnd end = Unpack();
    EXPECT_EQ(end.status, 1) << sentence;
    EXPECT_THAT(end.output, HasSubstr(sentence));
    EXPECT_THAT(NamesIn(working), IsEmpty()) << sentence;
    EXPECT_FALSE(Exists(zip)) << sentence;
  }
  Put({{.path = kTree + "bin/only", .bytes = "x"}});
  EXPECT_THAT(Unpack().output, HasSubstr("/www in the archive"));
  OrThrow(WriteText(zip, "<html>log in</html>"));
  EXPECT_THAT(Unpack().output, HasSubstr("web page"));
}

TEST_F(RachelSteps, UnpackEndsRightWhereverItWasKilled) {
  Put(Items());
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"rachel-unpack", kVersion},
      {.prepare = [&] { std::filesystem::remove_all(directory); },
       .after_kill = [&](const std::string& hint) { EXPECT_FALSE(Exists(rachel)) << hint; },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_EQ(ReadText(directory + "www/modules/en-wells/a page.html").value_or(""), page) << hint;
           }});
  EXPECT_GT(kills, 10U);
}

TEST_F(RachelSteps, InstallEndsRightWhereverItWasKilled) {
  Put(Items());
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"rachel-install", kVersion},
      {.prepare =
           [&] {
             std::filesystem::remove_all(rachel);
             if (Unpack().status != 0) throw std::runtime_error("cannot unpack");
           },
       .after_kill =
           [&](const std::string& hint) {
             EXPECT_TRUE(!Exists(rachel + "www") || Exists(rachel + "www/modules/en-wells/a page.html")) << hint;
           },
       .after_retry = [&](const std::string& hint) { ExpectInstalled(hint); }});
  EXPECT_GT(kills, 8U);
}

TEST_F(RachelSteps, UrlCheckAsksAndFetchesNothing) {
  OrThrow(WriteText(box.Path("/internet/files/rachel.zip"), "bytes"));
  EXPECT_EQ(Run({"url-check", box.Internet().Url("/files/rachel.zip")}).status, 0);
  EXPECT_EQ(box.Internet().TrafficOf("/files/rachel.zip").bytes_sent, 0U);
  EXPECT_THAT(Run({"url-check", box.Internet().Url("/files/none.zip")}).output, HasSubstr("answered 404"));
  EXPECT_EQ(Run({"url-check", "http://127.0.0.1:9/x"}).status, 68);
  for (const char* url : {"file:///etc/passwd", "-o/etc/x", "x"}) EXPECT_EQ(Run({"url-check", "--", url}).status, 2);
}

TEST_F(RachelSteps, WhatIsThereAlreadyStays) {
  OrThrow(WriteText(rachel + "www/index.php", "of an administrator"));
  OrThrow(WriteText(directory + "www/index.php", "<?php ?>"));
  EXPECT_THAT(Install().output, HasSubstr(rachel + "www exists already; what was unpacked is removed\n"));
  EXPECT_EQ(ReadText(rachel + "www/index.php").value_or(""), "of an administrator");
  EXPECT_FALSE(Exists(directory));
  EXPECT_THAT(Run({"rachel-unpack", "rachel_9"}).output,
              HasSubstr("this version of RACHEL cannot be installed: nobody knows the archive of rachel_9"));
}

TEST_F(RachelSteps, AddModuleToMenu) {
  const std::string menu = box.Path("/library/www/html/home/menu.json");
  const std::string defs = box.Path("/library/www/html/js-menu/menu-files/menu-defs/");
  OrThrow(WriteText(defs + "en-wells.json", R"({"intended_use": "html", "moddir": "en-wells"})"));
  OrThrow(WriteText(menu, R"({"autoupdate_menu": false, "menu_items_1": ["en-gone", "en-credits"]})"));
  const RunEnd end = Run({"add-module-to-menu", "en-wells"});
  EXPECT_EQ(end.status, 0) << end.output;
  const auto items = [&] { return PrintJson(OrThrow(ParseJson(OrThrow(ReadText(menu)))).at("menu_items_1")); };
  EXPECT_EQ(items(), R"(["en-wells","en-credits"])") << "credits stay last, what has no definition goes";
  EXPECT_THAT(Run({"add-module-to-menu", "en-wells"}).output, HasSubstr("on the home menu already"));
  EXPECT_EQ(Run({"add-module-to-menu", "en-none"}).output,
            fmt::format("there is no menu item definition en-none in {}\n", defs));
  EXPECT_EQ(items(), R"(["en-wells","en-credits"])");
  for (const char* name : {"../x", "", "-x"}) EXPECT_EQ(Run({"add-module-to-menu", "--", name}).status, 2) << name;
  OrThrow(WriteText(menu, R"({"menu_items_1": ["en-credits")"));
  EXPECT_EQ(Run({"add-module-to-menu", "en-wells"}).status, 0) << "the backup takes its place";
  EXPECT_EQ(items(), R"(["en-wells","en-credits"])");
}

/// Whenever it is killed there is a menu that can be read, with what was on it.
TEST_F(RachelSteps, AddModuleToMenuEndsRightWhereverItWasKilled) {
  const std::string home = box.Path("/library/www/html/home/");
  const std::string defs = box.Path("/library/www/html/js-menu/menu-files/menu-defs/");
  for (const char* name : {"en-wells", "en-usb", "en-credits"})
    OrThrow(WriteText(fmt::format("{}{}.json", defs, name), R"({"intended_use": "html", "moddir": "x"})"));
  const auto items = [&] {
    return PrintJson(OrThrow(ParseJson(OrThrow(ReadText(home + "menu.json")))).at("menu_items_1"));
  };
  const std::string before = R"(["en-usb","en-credits"])";
  const std::string after = R"(["en-usb","en-wells","en-credits"])";
  for (const bool broken : {false, true}) {
    const unsigned kills = KillStepEverywhere(
        box.Root(), {"add-module-to-menu", "en-wells"},
        {.prepare =
             [&] {
               std::filesystem::remove_all(home);
               OrThrow(MakeDirs(home));
               const std::string menu = R"({"autoupdate_menu": true, "menu_items_1": ["en-usb", "en-credits"]})";
               OrThrow(WriteText(home + (broken ? "menu.json.bak" : "menu.json"), menu));
               if (broken) OrThrow(WriteText(home + "menu.json", menu.substr(0, 20)));
             },
         .after_kill =
             [&](const std::string& hint) {
               if (broken) return;
               EXPECT_THAT(items(), ::testing::AnyOf(before, after)) << hint;
             },
         .after_retry =
             [&](const std::string& hint) {
               EXPECT_EQ(items(), after) << hint;
               for (const std::string& name : NamesIn(home))
                 EXPECT_THAT(name, ::testing::StartsWith("menu.json")) << hint << ": a file is left behind";
             }});
    EXPECT_GT(kills, 3U);
  }
}

}  // namespace
}  // namespace cmdsrv::test
