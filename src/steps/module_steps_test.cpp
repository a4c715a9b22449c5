#include <gmock/gmock.h>

#include <filesystem>

#include "support/files.hpp"
#include "support/png.hpp"
#include "support/rsync_server.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// module-fetch, module-install and module-catalog as programs.
namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kName = "en-wells";

class ModuleSteps : public ::testing::Test {
 protected:
  TestBox box;
  const std::string working = box.Path("/library/working/rachel/") + kName;
  const std::string module = box.Path("/library/www/html/modules/") + kName;
  const std::string def = box.Path("/library/www/html/js-menu/menu-files/menu-defs/en-wells.json");
  const std::string menu = box.Path("/library/www/html/home/menu.json");

  RunEnd Run(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  static void MakeModule(const std::string& directory) {
    OrThrow(WriteText(directory + "/index.html", "<h1>Wells</h1>"));
    OrThrow(WriteText(directory + "/pages/a.html", std::string(100'000, 'a')));
    OrThrow(WriteText(directory + "/pages/b.png", MakePng(8, 0x112233)));
    OrThrow(WriteText(directory + "/z.png", "no image"));
    OrThrow(WriteText(directory + "/pic.gif", "GIF89a....."));
  }
  void ExpectInstalled(const std::string& hint) const {
    ASSERT_EQ(SizeOf(module + "/pages/a.html"), 100'000U) << hint;
    ASSERT_THAT(NamesIn(module), ElementsAre("index.html", "pages", "pic.gif", "z.png")) << hint;
    ASSERT_FALSE(Exists(working)) << hint;
    ASSERT_THAT(NamesIn(box.Path("/library/www/html/modules")), Not(Contains(HasSubstr("cmdsrv")))) << hint;
    ASSERT_THAT(OrThrow(ReadText(def)), HasSubstr("en-wells_logo.gif")) << hint;
    ASSERT_THAT(OrThrow(ReadText(menu)), HasSubstr(kName)) << hint;
  }
};

TEST_F(ModuleSteps, InstallAgainChangesNothing) {
  MakeModule(working);
  std::filesystem::create_symlink("/etc/passwd", working + "/passwd");
  OrThrow(WriteText(working + "/.cmdsrv-partial/half", "x"));
  const RunEnd first = Run({"module-install", kName});
  ASSERT_EQ(first.status, 0) << first.output;
  EXPECT_THAT(first.output, HasSubstr("left out 2 links"));
  ExpectInstalled("first");
  const RunEnd again = Run({"module-install", kName});
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.output, HasSubstr("is installed already"));
  ExpectInstalled("again");
}

TEST_F(ModuleSteps, NewerCopyIsMerged) {
  MakeModule(working);
  ASSERT_EQ(Run({"module-install", kName}).status, 0);
  OrThrow(WriteText(working + "/index.html", "<h1>Wells, second edition</h1>"));
  const RunEnd end = Run({"module-install", kName});
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_EQ(OrThrow(ReadText(module + "/index.html")), "<h1>Wells, second edition</h1>");
  ExpectInstalled("merged");
  OrThrow(WriteText(working + "/index.html", "<h1>Wells, fourth edition</h1>"));  // as long
  ASSERT_EQ(Run({"module-install", kName}).status, 0);
  EXPECT_EQ(OrThrow(ReadText(module + "/index.html")), "<h1>Wells, fourth edition</h1>");
}

TEST_F(ModuleSteps, EmptyFoldersOfAFinishedInstallAreNoFailure) {
  MakeModule(working);
  ASSERT_EQ(Run({"module-install", kName}).status, 0);
  OrThrow(MakeDirs(working + "/pages"));  // the power was cut while the working copy was removed
  const RunEnd end = Run({"module-install", kName});
  EXPECT_EQ(end.status, 0) << end.output;
  ExpectInstalled("after the cut");
}

TEST_F(ModuleSteps, InstallOfNothingFails) {
  const RunEnd end = Run({"module-install", kName});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("there is no module en-wells in the working directory"));
  OrThrow(MakeDirs(working + "/empty"));
  EXPECT_EQ(Run({"module-install", kName}).status, 1);
  EXPECT_FALSE(Exists(module));
  for (const char* name : {"..", "a/b", ".x", ""}) EXPECT_EQ(Run({"module-install", "--", name}).status, 2) << name;
}

TEST_F(ModuleSteps, MenuThatCannotBeUpdatedIsAWarning) {
  MakeModule(working);
  OrThrow(WriteText(menu, "{broken"));
  const RunEnd end = Run({"module-install", kName});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.output, HasSubstr("warning: the home menu was not updated"));
  EXPECT_EQ(OrThrow(ReadText(menu)), "{broken");
}

TEST_F(ModuleSteps, InstallEndsRightWhereverItWasKilled) {
  const std::string menu_before = OrThrow(ReadText(menu));
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"module-install", kName},
      {.prepare =
           [&] {
             std::filesystem::remove_all(module);
             std::filesystem::remove(def);
             OrThrow(WriteText(menu, menu_before));
             MakeModule(working);
           },
       .after_kill = [&](const std::string& hint) { EXPECT_TRUE(ParseJson(OrThrow(ReadText(menu)))) << hint; },
       .after_retry = [&](const std::string& hint) { ExpectInstalled(hint); }});
  EXPECT_GT(kills, 5U);
}

TEST_F(ModuleSteps, FetchBecomesWhatTheServerHas) {
  const std::string served = box.Path("/internet/modules");
  MakeModule(served + "/" + kName);
  const RsyncServer server(served);
  OrThrow(WriteText(working + "/old.html", "of another version"));
  const RunEnd end = Run({"module-fetch", "--rsync-url", server.Url(kName), "--size-k", "100", "--", kName});
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("@progress phase=download"));
  EXPECT_THAT(NamesIn(working), ElementsAre("index.html", "pages", "pic.gif", "z.png"));
}

/// The module that is in use is served all the time, whatever happens to the fresh one.
TEST_F(ModuleSteps, FetchEndsRightWhereverItWasKilled) {
  const std::string served = box.Path("/internet/modules");
  MakeModule(served + "/" + kName);
  const RsyncServer server(served);
  OrThrow(WriteText(module + "/index.html", "in use"));
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"module-fetch", "--rsync-url", server.Url(kName), "--size-k", "100", "--", kName},
      {.prepare =
           [&] {
             std::filesystem::remove_all(working);
             OrThrow(WriteText(working, "a file in its place is none of ours"));
           },
       .after_kill =
           [&](const std::string& hint) { EXPECT_EQ(OrThrow(ReadText(module + "/index.html")), "in use") << hint; },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_THAT(NamesIn(working), ElementsAre("index.html", "pages", "pic.gif", "z.png")) << hint;
             EXPECT_EQ(SizeOf(working + "/pages/a.html"), 100'000U) << hint;
             EXPECT_EQ(OrThrow(ReadText(module + "/index.html")), "in use") << hint;
           }});
  EXPECT_GE(kills, 2U);
}

TEST_F(ModuleSteps, FetchSaysWhyNot) {
  const std::string served = box.Path("/internet/modules");
  OrThrow(MakeDirs(served + "/" + kName));
  const unsigned nobody = FreePort();
  const RunEnd down =
      Run({"module-fetch", "--rsync-url", fmt::format("rsync://127.0.0.1:{}/modules/{}", nobody, kName), kName});
  EXPECT_EQ(down.status, 68) << down.output;
  const RsyncServer server(served);
  EXPECT_THAT(Run({"module-fetch", "--rsync-url", server.Url(kName), kName}).output,
              HasSubstr("has no file of the module"));
  const RunEnd none = Run({"module-fetch", "--rsync-url", server.Url("en-none"), "en-none"});
  EXPECT_EQ(none.status, 1) << none.output;
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"module-fetch", kName},
                                                {"module-fetch", "--rsync-url", "rsync://h/m/other", kName},
                                                {"module-fetch", "--rclone", ":local:/etc", kName},
                                                {"module-fetch", "--rsync-url", server.Url(kName), ".."}})
    EXPECT_EQ(Run(wrong).status, 2);
  const RunEnd foreign = Run({"module-fetch", "--rclone", "foreign:bucket/x", kName});
  EXPECT_EQ(foreign.status, 1);
  EXPECT_THAT(foreign.output,
              HasSubstr("rclone has no remote foreign that catalogs may use; the administrator sets it in "));
}

TEST_F(ModuleSteps, CatalogOnTheCommandLine) {
  const RunEnd offline = Run({"module-catalog"});
  EXPECT_EQ(offline.status, 2) << offline.output;
  EXPECT_THAT(offline.output, HasSubstr("GET-OER2GO-CAT ERROR - "));
  box.Internet();
  const std::string offered = box.Path("/internet/iiab-module-cat.json");
  auto modules = OrThrow(ParseJson(OrThrow(ReadText(offered)))).as_array();
  modules.push_back(json::object{{"moddir", "en-wikipedia"}, {"type", "zim"}});
  OrThrow(WriteText(offered, PrintJson(modules)));
  EXPECT_EQ(Run({"module-catalog"}).output, "SUCCESS");
  const RunEnd end = Run({"module-catalog", "--menu", "-v"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, Not(HasSubstr("made the menu item definition en-wikipedia")))
      << "it is no directory of pages";
  EXPECT_THAT(OrThrow(ReadText(def)), HasSubstr("content.jpg")) << "no server has a logo for it";
  std::filesystem::remove_all(box.Path("/library/www/html/js-menu/menu-files/menu-defs"));
  EXPECT_EQ(Run({"module-catalog", "--menu"}).status, 99);
}

}  // namespace
}  // namespace cmdsrv::test
