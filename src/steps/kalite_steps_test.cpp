#include <gmock/gmock.h>

#include <filesystem>

#include "support/databases.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"
#include "support/zip_maker.hpp"

/// kalite-language and kalite-videos as programs, with a stand-in for KA Lite's own one and real databases.
namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Records its calls, and takes a pack as the real one does: its database is in it.
constexpr const char* kKalite = R"(#!/bin/sh
root=${0%/usr/bin/kalite}
echo "$KALITE_HOME $*" >> "$root/var/lib/box/calls/kalite"
[ ! -e "$root/var/lib/box/kalite-fails" ] || { echo "no such command"; exit 3; }
[ "$2" = retrievecontentpack ] || exit 0
[ -s "$5" ] || { echo "no pack"; exit 1; }
cp "$root/pack.sqlite" "$KALITE_HOME/database/content_khan_$4.sqlite"
)";

constexpr const char* kItems =
    "CREATE TABLE item (pk INTEGER PRIMARY KEY, kind TEXT, path TEXT, youtube_id TEXT, files_complete INTEGER, "
    "total_files INTEGER);"
    "INSERT INTO item (kind, path, youtube_id) VALUES ('Topic', 'khan/math/', NULL), ('Topic', 'khan/ma_h/', NULL), "
    "('Video', 'khan/math/a/', 'aaa'), ('Video', 'khan/math/b/', 'b_-'), ('Video', 'khan/math/c/', '../../etc/x'), "
    "('Video', 'khan/other/d/', 'ddd')";

class KaliteSteps : public ::testing::Test {
 protected:
  KaliteSteps() {
    OrThrow(MakeDirs(kalite + "database"));
    OrThrow(MakeDirs(kalite + "content"));
    MakeDatabase(box.Path("/pack.sqlite"), kItems);
    box.StandIn("kalite", kKalite);
    OrThrow(MakeDirs(box.Path("/internet/kalite/lang-packs")));
    for (const char* language : {"en", "pt-BR"})
      OrThrow(MakeZip(fmt::format("{}/{}.zip", box.Path("/internet/kalite/lang-packs"), language),
                      {{.path = "content.db", .bytes = "pack"}}));
    box.Internet();
    box.Configure({{"fetch_stall_s", 2}});
  }

  TestBox box;
  const std::string kalite = box.Path("/library/ka-lite/");
  const std::string content = kalite + "content";
  const std::string working = box.Path("/library/working/kalite");
  const std::string flags = box.Path("/etc/iiab/install-flags");

  RunEnd Run(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  RunEnd Language(const std::string& language) const { return Run({"kalite-language", language}); }
  RunEnd Videos(const std::vector<std::string>& topics) const {
    std::vector<std::string> all{"kalite-videos", "en"};
    all.insert(all.end(), topics.begin(), topics.end());
    return Run(all);
  }
  void Know(const std::string& language) const {
    std::filesystem::copy_file(box.Path("/pack.sqlite"), kalite + "database/content_khan_" + language + ".sqlite");
  }
  void Offer(const std::string& file, const std::string& bytes) const {
    OrThrow(WriteText(box.Path("/internet/kalite/en/") + file, bytes));
  }
};

TEST_F(KaliteSteps, APackThatWasNotTakenIsTold) {
  box.StandIn("kalite", "#!/bin/sh\nexit 0\n");
  const RunEnd end = Language("en");
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("KA Lite did not take the pack en.zip: "));
}

TEST_F(KaliteSteps, EnglishComesFirstAndOnce) {
  const RunEnd end = Language("en");
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(NamesIn(flags), ElementsAre("kalite-en.zip-complete", "kalite-zone-complete"));
  EXPECT_THAT(NamesIn(working), IsEmpty()) << "the archive goes";
  const std::string home = kalite.substr(0, kalite.size() - 1);
  EXPECT_EQ(box.CallsOf("kalite"), fmt::format("{0} manage generate_zone\n"
                                               "{0} manage retrievecontentpack local en en.zip\n",
                                               home));
  EXPECT_FALSE(Exists(kalite + "settings.py"));
  OrThrow(WriteText(kalite + "database/content_khan_en.sqlite", std::string(100'000, 'x')));
  EXPECT_EQ(Language("en").status, 0);
  EXPECT_THAT(box.CallsOf("kalite"), Not(HasSubstr("en.zip\n/"))) << "a large one is there";
}

TEST_F(KaliteSteps, AnotherLanguageBecomesTheOneThatIsSpoken) {
  OrThrow(WriteText(kalite + "settings.py", "DEBUG = False"));
  ASSERT_EQ(Language("pt-BR").status, 0);
  EXPECT_EQ(OrThrow(ReadText(kalite + "settings.py")), "DEBUG = False\nLANGUAGE_CODE = 'pt-BR'\n");
  EXPECT_THAT(box.CallsOf("systemctl"), HasSubstr("restart kalite-serve.service"));
  OrThrow(WriteText(box.Path("/var/lib/box/calls/systemctl"), ""));
  ASSERT_EQ(Language("pt-BR").status, 0);
  EXPECT_EQ(OrThrow(ReadText(kalite + "settings.py")), "DEBUG = False\nLANGUAGE_CODE = 'pt-BR'\n");
  EXPECT_EQ(box.CallsOf("systemctl"), "");
}

TEST_F(KaliteSteps, LanguageSaysWhatIsWrong) {
  for (const char* language : {"xx", "pt-br", "../en", "EN", "-h"})
    EXPECT_EQ(Run({"kalite-language", "--", language}).status, 2) << language;
  const RunEnd none = Language("hi");
  EXPECT_EQ(none.status, 1) << none.output;
  EXPECT_THAT(none.output, HasSubstr("cannot download hi.zip"));
  OrThrow(WriteText(box.Path("/internet/kalite/lang-packs/fr.zip"), "<html>log in</html>"));
  EXPECT_THAT(Language("fr").output, HasSubstr("web page"));
  OrThrow(WriteText(box.Path("/var/lib/box/kalite-fails"), ""));
  std::filesystem::remove(flags + "/kalite-zone-complete");
  const RunEnd failed = Language("en");
  EXPECT_EQ(failed.status, 1) << "it needs no network, so trying again would not mend it";
  EXPECT_THAT(failed.output, HasSubstr("kalite manage generate_zone ended with exit status 3: no such command"));
  EXPECT_FALSE(Exists(flags + "/kalite-zone-complete"));
  std::filesystem::remove_all(kalite);
  EXPECT_THAT(Language("en").output, HasSubstr("KA Lite is not installed"));
}

TEST_F(KaliteSteps, LanguageEndsRightWhereverItWasKilled) {
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"kalite-language", "pt-BR"},
      {.prepare =
           [&] {
             std::filesystem::remove_all(flags);
             std::filesystem::remove_all(kalite + "database");
             // English is there, so that a round takes half of the time.
             OrThrow(WriteText(kalite + "database/content_khan_en.sqlite", std::string(100'000, 'x')));
             OrThrow(WriteText(kalite + "settings.py", "DEBUG = False\n"));
           },
       .after_kill =
           [&](const std::string& hint) {
             EXPECT_THAT(OrThrow(ReadText(kalite + "settings.py")), HasSubstr("DEBUG = False\n")) << hint;
           },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_THAT(OrThrow(ReadText(kalite + "settings.py")), HasSubstr("LANGUAGE_CODE = 'pt-BR'\n")) << hint;
             EXPECT_THAT(NamesIn(kalite + "database"),
                         ElementsAre("content_khan_en.sqlite", "content_khan_pt-BR.sqlite"))
                 << hint;
             EXPECT_EQ(NamesIn(flags).size(), 3U) << hint;
           }});
  EXPECT_GT(kills, 15U);
}

TEST_F(KaliteSteps, VideosOfTheTopicAndNoOthers) {
  Know("en");
  for (const char* file : {"aaa.mp4", "aaa.png", "b_-.mp4", "b_-.png", "ddd.mp4"}) Offer(file, file);
  OrThrow(WriteText(content + "/aaa.png", "there already"));
  const RunEnd end = Videos({"khan/math/"});
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("left out a video of the name \"../../etc/x\""));
  EXPECT_TRUE(end.output.ends_with("SUCCESS\n")) << end.output;
  EXPECT_THAT(NamesIn(content), ElementsAre("aaa.mp4", "aaa.png", "b_-.mp4", "b_-.png"));
  EXPECT_EQ(OrThrow(ReadText(content + "/aaa.png")), "there already");
  EXPECT_THAT(box.CallsOf("kalite"), HasSubstr("manage videoscan -len\n"));
  EXPECT_THAT(NamesIn(working), IsEmpty());
}

TEST_F(KaliteSteps, VideosEndRightWhereverTheyWereKilled) {
  MakeDatabase(kalite + "database/content_khan_en.sqlite", std::string(kItems) + ", ('Topic', 'khan/other/', NULL)");
  const std::string film(50'000, 'f');
  Offer("ddd.mp4", film);
  Offer("ddd.png", "a picture");
  const auto is_whole = [&](const std::string& file, const std::string& bytes) {
    return !Exists(content + file) || OrThrow(ReadText(content + file)) == bytes;
  };
  const unsigned kills =
      KillStepEverywhere(box.Root(), {"kalite-videos", "en", "khan/other/"},
                         {.prepare =
                              [&] {
                                std::filesystem::remove_all(content);
                                std::filesystem::remove_all(working);
                                OrThrow(MakeDirs(content));
                                OrThrow(WriteText(content + "/aaa.mp4", "there already"));
                                OrThrow(WriteText(box.Path("/var/lib/box/calls/kalite"), ""));
                              },
                          .after_kill =
                              [&](const std::string& hint) {
                                EXPECT_TRUE(is_whole("/ddd.mp4", film) && is_whole("/ddd.png", "a picture")) << hint;
                                EXPECT_EQ(OrThrow(ReadText(content + "/aaa.mp4")), "there already") << hint;
                              },
                          .after_retry =
                              [&](const std::string& hint) {
                                EXPECT_THAT(NamesIn(content), ElementsAre("aaa.mp4", "ddd.mp4", "ddd.png")) << hint;
                                EXPECT_TRUE(is_whole("/ddd.mp4", film) && is_whole("/ddd.png", "a picture")) << hint;
                                EXPECT_EQ(OrThrow(ReadText(content + "/aaa.mp4")), "there already") << hint;
                                EXPECT_THAT(NamesIn(working), IsEmpty()) << hint;
                                EXPECT_THAT(box.CallsOf("kalite"), HasSubstr("manage videoscan -len\n")) << hint;
                              }});
  EXPECT_GT(kills, 5U);
}

TEST_F(KaliteSteps, SomeMayBeMissingButNotMost) {
  Know("en");
  for (const char* file : {"aaa.mp4", "aaa.png"}) Offer(file, file);
  Offer("b_-.mp4", "<html>log in</html>");
  const RunEnd half = Videos({"khan/math/"});
  EXPECT_EQ(half.status, 0) << half.output;
  EXPECT_THAT(half.output, HasSubstr("2 of 4 files failed: b_-.mp4, b_-.png"));
  EXPECT_THAT(NamesIn(content), ElementsAre("aaa.mp4", "aaa.png"));
  std::filesystem::remove(box.Path("/internet/kalite/en/aaa.png"));
  std::filesystem::remove(content + "/aaa.png");
  std::filesystem::remove(box.Path("/internet/kalite/en/b_-.mp4"));  // the page in its place may go away by itself
  const RunEnd most = Videos({"khan/math/"});
  EXPECT_EQ(most.status, 1) << most.output << "the server has not got them";
  EXPECT_THAT(most.output, HasSubstr("more than half of the 4 files could not be fetched"));
  box.Internet().Set({.fault = Fault::Status, .path = "/kalite/en/b_-.png", .status = 503});
  EXPECT_EQ(Videos({"khan/math/"}).status, 75) << "one of them may come later";
}

TEST_F(KaliteSteps, VideosSayWhatIsWrong) {
  EXPECT_THAT(Videos({"khan/math/"}).output, HasSubstr("content_khan_en.sqlite"));
  Know("en");
  const RunEnd unknown = Videos({"khan/none/"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.output, HasSubstr("KA Lite knows no topic khan/none/ in en"));
  for (const char* topic : {"khan/%", "-x", "a b", "khan/'"})
    EXPECT_EQ(Run({"kalite-videos", "--", "en", topic}).status, 2) << topic;
  EXPECT_EQ(Run({"kalite-videos", "en"}).status, 2);
  box.EndInternet();
  EXPECT_EQ(Videos({"khan/math/"}).status, 68) << "the network is not there, so nothing else is tried";
  OrThrow(WriteText(kalite + "database/content_khan_en.sqlite", std::string(5000, 'x')));
  EXPECT_THAT(Videos({"khan/math/"}).output, HasSubstr("is not a database"));
}

}  // namespace
}  // namespace cmdsrv::test
