#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include "base/json.hpp"
#include "base/step_exit.hpp"
#include "platform/files.hpp"
#include "support/files.hpp"
#include "support/menu_repository.hpp"
#include "support/png.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// sync-menu-defs as a program: killed at every call, and after a copy of the whole repository.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SyncSteps : public ::testing::Test {
 protected:
  SyncSteps() {
    box.Configure({{"menu_def_base_url", repository.Url()}});
    std::filesystem::remove_all(defs);
    OrThrow(MakeDirs(defs));
  }

  TestBox box;
  FakeMenuRepository repository;
  const std::string files = box.Path("/library/www/html/js-menu/menu-files");
  const std::string defs = files + "/menu-defs/";
  const std::string images = files + "/images/";
  const std::string token = box.Path("/etc/iiab/menu-def-token");

  json::object Def(const std::string& name) const {
    return OrThrow(ParseJson(OrThrow(ReadText(defs + name + ".json")))).as_object();
  }
  void Define(const std::string& name, const json::object& fields) const {
    OrThrow(WriteText(defs + name + ".json", PrintJson(fields)));
  }
};

TEST_F(SyncSteps, DownloadEndsRightWhereverItWasKilled) {
  const std::string icon = MakePng(8, 0x123456);
  const json::object old{
      {"title", "Old"}, {"logo_url", "old.png"}, {"edit_status", "repo"}, {"commit_sha", std::string(40, 'a')}};
  const std::string sha = repository.Put(
      "menu-defs/en-x.json", R"({"title": "New", "logo_url": "new.png", "extra_html": "en-x.html", "own": "kept"})");
  repository.Put("images/new.png", icon);
  repository.Put("menu-defs/en-x.html", "<p>more</p>");
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"sync-menu-defs"},
      {.prepare =
           [&] {
             std::filesystem::remove_all(defs);
             std::filesystem::remove(images + "new.png");
             Define("en-x", old);
           },
       .after_kill =
           [&](const std::string& hint) {
             const auto def = Def("en-x");
             if (def.at("title") == "Old") return;
             EXPECT_EQ(def.at("title"), "New") << hint;
             EXPECT_EQ(ReadText(images + "new.png").value_or(""), icon) << hint << ": it names what is not there";
             EXPECT_EQ(ReadText(defs + "en-x.html").value_or(""), "<p>more</p>") << hint;
           },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_EQ(Def("en-x").at("commit_sha").as_string(), sha) << hint;
             EXPECT_EQ(Def("en-x").at("own"), "kept") << hint;
             EXPECT_EQ(ReadText(images + "new.png").value_or(""), icon) << hint;
             EXPECT_THAT(NamesIn(defs), ElementsAre("en-x.html", "en-x.json")) << hint;
           }});
  EXPECT_GT(kills, 5U);
}

TEST_F(SyncSteps, UploadEndsRightWhereverItWasKilled) {
  OrThrow(WriteText(token, "secret-token", 0600));
  const json::object mine{
      {"title", "Mine"}, {"upload_flag", true}, {"edit_status", "local_change"}, {"lang", "en"}, {"own", 1}};
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"sync-menu-defs"},
      {.prepare = [&] { Define("en-mine", mine); },
       .after_kill = [&](const std::string& hint) { EXPECT_EQ(Def("en-mine").at("title"), "Mine") << hint; },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_EQ(Def("en-mine").at("title"), "Mine") << hint;
             EXPECT_EQ(Def("en-mine").at("own"), 1) << hint;
             EXPECT_THAT(repository.Get("menu-defs/en-mine.json"), HasSubstr("Mine")) << hint;
           }});
  EXPECT_GT(kills, 1U);
}

TEST_F(SyncSteps, CopiesOfTheRepositoryAreAdopted) {
  OrThrow(WriteText(box.Path("/opt/admin/cmdsrv/assets/obsolete-menu-defs.json"), R"(["en-obsolete"])"));
  const std::string sha = repository.Put("menu-defs/en-x.json", R"({"title": "X", "name": "en-x"})");
  repository.Put("menu-defs/en-mine.json", R"({"title": "Theirs"})");
  repository.Put("menu-defs/en-not_copied.json", R"({"title": "Other"})");
  repository.Put("menu-defs/en-broken.json", "{");
  OrThrow(WriteText(defs + "en-x.json", R"({"title": "X", "name": "en-x", "own": "kept"})"));
  OrThrow(WriteText(defs + "en-broken.json", "{"));
  Define("en-mine", {{"title", "Mine"}, {"edit_status", "local_change"}});
  Define("en-here", {{"title", "Only here"}});
  Define("en-obsolete", {{"title", "Nobody wants it"}});
  for (int i = 0; i < 2; ++i) {
    const RunEnd end = RunStep(box.Root(), {"sync-menu-defs", "--cloned"});
    EXPECT_EQ(end.status, 0) << end.output;
    EXPECT_THAT(end.output, HasSubstr("1 definitions are known as copies of the repository, 1 could not be read"));
  }
  EXPECT_EQ(Def("en-x").at("commit_sha").as_string(), sha);
  EXPECT_EQ(Def("en-x").at("edit_status"), "repo");
  EXPECT_EQ(Def("en-x").at("own"), "kept");
  EXPECT_THAT(OrThrow(ReadText(defs + "en-x.json")), ::testing::StartsWith("{\n  \"name\": \"en-x\""))
      << "in the usual order";
  EXPECT_EQ(PrintJson(Def("en-mine")), R"({"title":"Mine","edit_status":"local_change"})");
  EXPECT_EQ(PrintJson(Def("en-here")), R"({"title":"Only here"})");
  EXPECT_THAT(NamesIn(defs), ElementsAre("en-broken.json", "en-here.json", "en-mine.json", "en-x.json"));
  box.Configure({{"menu_def_base_url", "http://127.0.0.1:9/"}});
  EXPECT_EQ(RunStep(box.Root(), {"sync-menu-defs", "--cloned"}).status, 1);
}

/// What is wrong with the repository or with what is here, and what is said of it.
class SyncSays : public SyncSteps {
 protected:
  std::string Sync() const { return RunStep(box.Root(), {"sync-menu-defs"}).output; }
  void MayUpload(json::object fields) const {
    for (const auto& [key, value] :
         json::object{{"title", "Mine"}, {"upload_flag", true}, {"edit_status", "local_change"}, {"lang", "en"}})
      fields[key] = value;
    OrThrow(WriteText(token, "secret-token", 0600));
    Define("en-mine", fields);
  }
};

TEST_F(SyncSays, ThatTheListIsOfNoUse) {
  repository.AnswerWith("/git/trees/", R"({"tree": [], "truncated": true})");
  EXPECT_THAT(Sync(), HasSubstr("the server does not list all of its files\nUnable to contact Server"));
  repository.AnswerWith("/git/trees/", "[]");
  EXPECT_THAT(Sync(), HasSubstr("the server's answer about its files cannot be understood\nUnable to contact Server"));
}

TEST_F(SyncSays, WhyNothingIsUploaded) {
  struct {
    std::string text, sentence;
  } const cases[] = {{"to ken", token + " holds no access token; nothing is uploaded"},
                     {"\n", token + " is empty; nothing is uploaded"}};
  MayUpload({});
  for (const auto& [text, sentence] : cases) {
    OrThrow(WriteText(token, text, 0600));
    EXPECT_THAT(Sync(), HasSubstr("en-mine is not uploaded: " + sentence));
  }
  OrThrow(WriteText(token, "secret-token", 0644));
  EXPECT_THAT(Sync(), HasSubstr(token + " must belong to root and be readable by root alone (chmod 600); nothing is "
                                        "uploaded"));
  std::filesystem::remove(token);
  EXPECT_THAT(Sync(), HasSubstr("there is no access token in " + token + ", so nothing is uploaded"));
}

TEST_F(SyncSays, ThatAnIconIsNone) {
  repository.Put("menu-defs/en-x.json", R"({"title": "x", "logo_url": "x.png"})");
  repository.Put("images/x.png", "<html>no picture</html>");
  EXPECT_THAT(Sync(), HasSubstr("en-x: the icon x.png is no image of that kind"));
  EXPECT_FALSE(Exists(images + "x.png"));
}

TEST_F(SyncSays, ThatANameCannotBeUploaded) {
  MayUpload({{"extra_html", "../x.html"}});
  EXPECT_THAT(Sync(), HasSubstr("en-mine: \"../x.html\" cannot be uploaded: its name is not allowed"));
}

TEST_F(SyncSays, ThatTheRepositoryForgotWhatWasUploaded) {
  MayUpload({});
  repository.AnswerWith("/git/blobs/", R"({"encoding": "base64", "content": "e30="})");
  EXPECT_THAT(Sync(), HasSubstr("en-mine: the repository does not have what was uploaded"));
}

TEST_F(SyncSays, ThatAnAdministratorWasFaster) {
  repository.Put("menu-defs/en-x.json", R"({"title": "New"})");
  Define("en-x", {{"title", "Old"}, {"edit_status", "repo"}, {"commit_sha", std::string(40, 'a')}});
  repository.BeforeEach([&](const std::string& request) {
    if (request.starts_with("GET /git/blobs/")) Define("en-x", {{"title", "Mine"}});
  });
  EXPECT_THAT(Sync(), HasSubstr("en-x: it was changed meanwhile; the next synchronisation looks at it again"));
  EXPECT_EQ(Def("en-x").at("title"), "Mine");
}

TEST_F(SyncSays, ThatItGoesOnLater) {
  repository.Put("menu-defs/en-x.json", R"({"title": "New"})");
  repository.BeforeEach([](const std::string&) { std::this_thread::sleep_for(milliseconds(1050)); });  // a slow server
  const RunEnd end = RunStep(box.Root(), {"sync-menu-defs", "--deadline", "1"});
  EXPECT_EQ(end.status, StepExit::kTryLater);
  EXPECT_EQ(end.output, "The synchronisation goes on in the background.\n");
}

TEST_F(SyncSays, ThatAnotherOneIsUnderWay) {
  OrThrow(MakeDirs(box.Path("/run/lock/iiab-menus")));
  const auto held = FileLock::Take(box.Path("/run/lock/iiab-menus/sync-menu-defs.LCK"));
  ASSERT_TRUE(held);
  EXPECT_EQ(Sync(), "another synchronisation is under way\n");
}

}  // namespace
}  // namespace cmdsrv::test
