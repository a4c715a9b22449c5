#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/json.hpp"
#include "content/library_xml.hpp"
#include "steps/kiwix_library.hpp"
#include "support/daemon.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// make-kiwix-lib and zim-install with real ZIMs, killed wherever they can be killed.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kInstalled = "content/village_en_all_maxi_2025-06.zim";

bool NeverExists(const std::string&) { return false; }
bool AlwaysExists(const std::string&) { return true; }

LibraryBook Book(const std::string& id, const std::string& path) { return {id, path, {}}; }

std::vector<std::string> Files(const std::vector<ContentZim>& zims) {
  std::vector<std::string> files;
  for (const auto& zim : zims) files.push_back(zim.file);
  return files;
}

TEST(PlanLibrary, DoesOnlyWhatIsDifferent) {
  const std::vector<ContentZim> zims = {{"a", "a.zim", "id-a"}, {"b", "b.zim", "id-b2"}, {"n", "n.zim", "id-n"}};
  const std::vector<LibraryBook> books = {Book("id-a", "content/a.zim"), Book("id-b", "content/b.zim"),
                                          Book("id-gone", "content/gone.zim"), Book("id-out", "/media/x.zim")};
  const LibraryPlan plan = PlanLibrary(books, zims, AlwaysExists, "/zims/");
  EXPECT_THAT(plan.removed_ids, ElementsAre("id-b", "id-gone"));
  EXPECT_THAT(Files(plan.added), ElementsAre("b.zim", "n.zim"));
  EXPECT_THAT(PlanLibrary(books, zims, NeverExists, "/zims/").removed_ids, ElementsAre("id-b", "id-gone", "id-out"));
}

TEST(PlanLibrary, ListsOneOfTwoEqualZims) {
  const std::vector<ContentZim> zims = {{"a", "a.zim", "id"}, {"copy", "copy.zim", "id"}};
  EXPECT_THAT(Files(PlanLibrary({}, zims, NeverExists, "/").added), ElementsAre("a.zim"));
  EXPECT_TRUE(PlanLibrary({Book("id", "content/copy.zim")}, zims, NeverExists, "/").IsEmpty());
}

class KiwixLibrary : public ::testing::Test {
 protected:
  TestBox box;
  const std::string zims = box.Path("/library/zims");
  const std::string library = zims + "/library.xml";

  static ZimSpec Spec(const std::string& file_ref) {
    ZimSpec spec;
    spec.file_ref = file_ref;
    return spec;
  }
  std::string Add(const std::string& file_ref) { return OrThrow(MakeZim(zims + "/content", Spec(file_ref))); }
  RunEnd Step(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  std::vector<std::string> Listed() const {
    std::vector<std::string> paths;
    const auto books = OrThrow(ParseLibrary(OrThrow(ReadText(library))));
    for (const auto& book : books) paths.push_back(book.path);
    return paths;
  }
  json::object Index() const {
    return OrThrow(ParseJson(OrThrow(ReadText(box.Path("/library/www/html/common/assets/zim_version_idx.json")))))
        .as_object();
  }
};

TEST_F(KiwixLibrary, AddsAndRemovesDifferencesAndKeepsABackup) {
  const std::string before = OrThrow(ReadText(library));
  Add("new_en_all_maxi_2026-02");
  const RunEnd end = Step({"make-kiwix-lib"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(Listed(), UnorderedElementsAre(kInstalled, "content/new_en_all_maxi_2026-02.zim"));
  EXPECT_EQ(OrThrow(ReadText(library + ".bak")), before);
  EXPECT_EQ(TextMember(Index().at("new_en_all_maxi").as_object(), "file_name"), "new_en_all_maxi_2026-02");
  EXPECT_THAT(NamesIn(zims), Not(::testing::Contains(HasSubstr(".new"))));
  std::filesystem::remove(zims + "/" + kInstalled);
  EXPECT_EQ(Step({"make-kiwix-lib"}).status, 0);
  EXPECT_THAT(Listed(), ElementsAre("content/new_en_all_maxi_2026-02.zim"));
  EXPECT_FALSE(Index().contains("village_en_all_maxi"));
}

TEST_F(KiwixLibrary, WritesNothingWhenNothingChanged) {
  Step({"make-kiwix-lib"});
  struct stat before {};
  struct stat after {};
  ASSERT_EQ(::stat(library.c_str(), &before), 0);
  EXPECT_EQ(Step({"make-kiwix-lib"}).status, 0);
  ASSERT_EQ(::stat(library.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

// kiwix-serve --monitorLibrary compares whole seconds, and some clocks have been years ahead.
TEST_F(KiwixLibrary, GetsATimeOfALaterSecond) {
  Add("new_en_all_maxi_2026-02");
  for (const std::int64_t years_ahead : {0, 30}) {
    const std::int64_t taken = std::time(nullptr) + 5 + years_ahead * 365 * 86400;
    const timespec times[] = {{0, UTIME_OMIT}, {taken, 999'999'999}};
    ASSERT_EQ(::utimensat(AT_FDCWD, library.c_str(), times, 0), 0);
    EXPECT_EQ(Step({"make-kiwix-lib", "-f"}).status, 0);
    struct stat after {};
    ASSERT_EQ(::stat(library.c_str(), &after), 0);
    EXPECT_EQ(after.st_mtime, taken + 1);
  }
}

TEST_F(KiwixLibrary, MakesALibraryFromNothingAndFromRubbish) {
  for (const char* text : {"", "<library><book", "not xml"}) {
    if (*text == '\0') {
      std::filesystem::remove(library);
    } else {
      OrThrow(WriteText(library, text));
    }
    const RunEnd end = Step({"make-kiwix-lib"});
    EXPECT_EQ(end.status, 0) << end.output;
    EXPECT_THAT(Listed(), ElementsAre(kInstalled));
  }
}

TEST_F(KiwixLibrary, LeavesOutWhatIsNoZimAndSaysSo) {
  const std::string sound = OrThrow(ReadText(Add("sound_en_all_maxi_2026-02")));
  OrThrow(WriteText(zims + "/content/cut.zim", sound.substr(0, sound.size() / 2)));
  OrThrow(WriteText(zims + "/content/page.zim", "<html>no</html>"));
  OrThrow(WriteText(zims + "/content/empty.zim", ""));
  OrThrow(WriteText(zims + "/content/going.zim.part", sound));
  OrThrow(WriteText(zims + "/content/going.zim.aria2", "x"));
  OrThrow(MakeDirs(zims + "/content/directory.zim"));
  ::symlink("/nowhere", (zims + "/content/dangling.zim").c_str());
  const RunEnd end = Step({"make-kiwix-lib"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(Listed(), UnorderedElementsAre(kInstalled, "content/sound_en_all_maxi_2026-02.zim"));
  for (const char* name :
       {"cut.zim is cut off", "page.zim is a web page", "empty.zim is no ZIM", "directory.zim", "dangling.zim"}) {
    EXPECT_THAT(end.output, HasSubstr(name));
  }
  EXPECT_THAT(end.output, HasSubstr("5 files are no usable ZIMs"));
}

TEST_F(KiwixLibrary, NoticesThatAFileIsAnotherZimNow) {
  ZimSpec spec = Spec("village_en_all_maxi_2025-06");
  spec.seed = 7;
  spec.title = "Another village";
  OrThrow(MakeZim(zims + "/content", spec));
  EXPECT_EQ(Step({"make-kiwix-lib"}).status, 0);
  EXPECT_THAT(Listed(), ElementsAre(kInstalled));
  EXPECT_THAT(OrThrow(ReadText(library)), HasSubstr("Another village"));
}

TEST_F(KiwixLibrary, TakesNamesWithBlanksAndLetters) {
  const std::string path = Add("plain_en_all_maxi_2026-02");
  std::filesystem::rename(path, zims + "/content/Üb ung's & <co>.zim");
  const RunEnd end = Step({"make-kiwix-lib"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(Listed(), UnorderedElementsAre(kInstalled, "content/Üb ung's & <co>.zim"));
  EXPECT_TRUE(Index().contains("Üb ung's & <co>"));
}

TEST_F(KiwixLibrary, TakesSplitFiles) {
  const std::string path = Add("split_en_all_maxi_2026-02");
  const std::string bytes = OrThrow(ReadText(path));
  std::filesystem::remove(path);
  OrThrow(WriteText(path + "aa", bytes.substr(0, 20'000)));
  OrThrow(WriteText(path + "ab", bytes.substr(20'000)));
  const RunEnd end = Step({"make-kiwix-lib"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_EQ(Listed().size(), 2U) << end.output;
  EXPECT_EQ(TextMember(Index().at("split_en_all_maxi").as_object(), "file_name"), "split_en_all_maxi_2026-02");
  EXPECT_EQ(Step({"make-kiwix-lib"}).status, 0);
  EXPECT_EQ(Listed().size(), 2U);
}

TEST_F(KiwixLibrary, UsesTheHostsProgramAndMendsWhatItLeftUndone) {
  box.StandIn("iiab-make-kiwix-lib", "#!/bin/sh\necho \"host program $*\"\nexit 0\n");
  Add("new_en_all_maxi_2026-02");
  const RunEnd end = Step({"make-kiwix-lib"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("host program"));
  EXPECT_EQ(Listed().size(), 2U);
}

TEST_F(KiwixLibrary, DoesNotCallItselfByTheHostsName) {
  const std::string link = box.Path("/usr/bin/iiab-make-kiwix-lib");
  std::filesystem::create_symlink(BuiltProgram("libexec/iiab-cmdsrv-step"), link);
  const RunEnd end = RunTool({link, "--root", box.Root()});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("the library is up to date"));
  EXPECT_THAT(end.output, Not(HasSubstr("running")));
}

TEST_F(KiwixLibrary, WaitsForTheHostsLock) {
  const std::string lock = box.Path("/run/lock/kiwix/make-kiwix-lib.lockdir");
  OrThrow(MakeDirs(lock));
  RunEnd end;
  std::thread runner([&] { end = Step({"make-kiwix-lib"}); });
  EXPECT_TRUE(WaitUntil([&] { return Exists(box.Path("/run/lock/kiwix/make-kiwix-lib.lck")); }, seconds(10)));
  EXPECT_TRUE(Exists(lock));
  std::filesystem::remove(lock);
  runner.join();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_FALSE(Exists(lock));
}

TEST_F(KiwixLibrary, TakesAnOldLockAway) {
  const std::string lock = box.Path("/run/lock/kiwix/make-kiwix-lib.lockdir");
  OrThrow(MakeDirs(lock));
  const timespec old[2] = {{.tv_sec = 1'700'000'000, .tv_nsec = 0}, {.tv_sec = 1'700'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, lock.c_str(), old, 0), 0);
  EXPECT_EQ(Step({"make-kiwix-lib"}).status, 0);
  EXPECT_FALSE(Exists(lock));
}

TEST_F(KiwixLibrary, InstallMovesListsAndAddsToTheMenu) {
  OrThrow(MakeZim(box.Path("/library/working/zims"), Spec("demo_fr_all_maxi_2026-02")));
  const RunEnd end = Step({"zim-install", "demo_fr_all_maxi_2026-02.zim"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(NamesIn(box.Path("/library/working/zims")), IsEmpty());
  EXPECT_EQ(Listed().size(), 2U);
  EXPECT_THAT(OrThrow(ReadText(box.Path("/library/www/html/home/menu.json"))), HasSubstr("en-demo_fr_all_maxi"));
}

TEST_F(KiwixLibrary, InstallRefuses) {
  EXPECT_EQ(Step({"zim-install", "../x.zim"}).status, 2);
  EXPECT_EQ(Step({"zim-install", "x"}).status, 2);
  EXPECT_EQ(Step({"zim-install", ".zim"}).status, 2);
  EXPECT_EQ(Step({"zim-install"}).status, 2);
  const RunEnd missing = Step({"zim-install", "nothing.zim"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.output, HasSubstr("neither in the working directory nor in the library"));
  OrThrow(WriteText(box.Path("/library/working/zims/page.zim"), "<html>"));
  EXPECT_EQ(Step({"zim-install", "page.zim"}).status, 1);
  EXPECT_FALSE(Exists(zims + "/content/page.zim"));
}

TEST_F(KiwixLibrary, InstallFailsWhenTheZimCannotBeListed) {
  const std::string path = OrThrow(MakeZim(box.Path("/library/working/zims"), Spec("bad_en_all_maxi_2026-02")));
  std::string bytes = OrThrow(ReadText(path));
  // The pointers to the directory lead nowhere: the head is fine, and libzim cannot open it.
  bytes.replace(32, 8, std::string(8, '\x7f'));
  OrThrow(WriteText(path, bytes));
  const RunEnd end = Step({"zim-install", "bad_en_all_maxi_2026-02.zim"});
  EXPECT_EQ(end.status, 1) << end.output;
  EXPECT_THAT(end.output, HasSubstr("library.xml does not list bad_en_all_maxi_2026-02.zim"));
  EXPECT_THAT(Listed(), ElementsAre(kInstalled));
}

TEST_F(KiwixLibrary, InstallGoesOnWhenTheMenuCannotBeUpdated) {
  OrThrow(WriteText(box.Path("/library/www/html/home/menu.json"), "{\"menu_items_1\": ["));
  OrThrow(MakeZim(box.Path("/library/working/zims"), Spec("demo_en_all_maxi_2026-02")));
  const RunEnd end = Step({"zim-install", "demo_en_all_maxi_2026-02.zim"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("warning: the home menu was not updated: cannot read"));
  EXPECT_EQ(OrThrow(ReadText(box.Path("/library/www/html/home/menu.json"))), "{\"menu_items_1\": [");
}

TEST_F(KiwixLibrary, EndsRightWhereverItWasKilled) {
  const std::string name = "demo_en_all_maxi_2026-02";
  const std::string menu = box.Path("/library/www/html/home/menu.json");
  const ZimFacts facts = OrThrow(ReadZimFacts(OrThrow(MakeZim(box.Path("/tmp"), Spec(name)))));
  const std::string original_library = OrThrow(ReadText(library));
  const std::string original_menu = OrThrow(ReadText(menu));
  const auto prepare = [&] {
    OrThrow(WriteText(library, original_library));
    OrThrow(WriteText(menu, original_menu));
    std::filesystem::remove(zims + "/content/" + name + ".zim");
    std::filesystem::remove(box.Path("/library/www/html/js-menu/menu-files/menu-defs/en-demo_en_all_maxi.json"));
    std::filesystem::copy_file(facts.path, box.Path("/library/working/zims/" + name + ".zim"),
                               std::filesystem::copy_options::overwrite_existing);
  };
  // What a power cut would show: the old or the new, never a broken one.
  const auto after_kill = [&](const std::string& hint) {
    EXPECT_TRUE(ParseLibrary(OrThrow(ReadText(library)))) << hint;
    EXPECT_TRUE(ParseJson(OrThrow(ReadText(menu)))) << hint;
  };
  const auto after_retry = [&](const std::string& hint) {
    EXPECT_THAT(Listed(), UnorderedElementsAre(kInstalled, "content/" + name + ".zim")) << hint;
    EXPECT_THAT(OrThrow(ReadText(menu)), HasSubstr("en-demo_en_all_maxi")) << hint;
    EXPECT_TRUE(IsSoundZim(zims + "/content/" + name + ".zim")) << hint;
    EXPECT_THAT(NamesIn(zims), Not(::testing::Contains(HasSubstr(".new")))) << hint;
    EXPECT_FALSE(Exists(box.Path("/run/lock/kiwix/make-kiwix-lib.lockdir"))) << hint;
  };
  const unsigned kills = KillStepEverywhere(box.Root(), {"zim-install", name + ".zim"},
                                            {.prepare = prepare, .after_kill = after_kill, .after_retry = after_retry});
  EXPECT_GT(kills, 15U);
}

/// Of an old stick, perhaps: nobody else must suffer for it.
TEST_F(KiwixLibrary, NamesThatAreNoTextAreLeftOut) {
  ZimSpec spec;
  spec.file_ref = "cafe_fr_all_2026-01";
  const std::string zim = OrThrow(MakeZim(zims + "/content", spec));
  std::filesystem::rename(zim, zims + "/content/caf\xe9_fr_all_2026-01.zim");
  const RunEnd end = RunStep(box.Root(), {"make-kiwix-lib"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output,
              HasSubstr("content/caf\xEF\xBF\xBD_fr_all_2026-01.zim: its name is no valid UTF-8, give it another one"));
  EXPECT_THAT(OrThrow(ReadText(library)), HasSubstr(kInstalled));
  EXPECT_TRUE(ParseJson(OrThrow(ReadText(box.Path("/library/www/html/common/assets/zim_version_idx.json")))));
}

/// One file must not make a library that nobody can read.
TEST_F(KiwixLibrary, ZimThatSaysTooMuchOfItselfIsLeftOut) {
  ZimSpec spec;
  spec.file_ref = "talker_en_all_2026-01";
  spec.description = std::string(2'000'000, 't');
  OrThrow(MakeZim(zims + "/content", spec));
  spec.file_ref = "quiet_en_all_2026-01";
  spec.description = "Quiet";
  OrThrow(MakeZim(zims + "/content", spec));
  const RunEnd end = RunStep(box.Root(), {"make-kiwix-lib"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("talker_en_all_2026-01.zim: its Description is longer than 64 KiB"));
  EXPECT_THAT(end.output, HasSubstr("1 files are no usable ZIMs"));
  const std::string text = OrThrow(ReadText(library));
  EXPECT_THAT(text, HasSubstr("content/quiet_en_all_2026-01.zim"));
  EXPECT_THAT(text, Not(HasSubstr("talker")));
  EXPECT_THAT(text, HasSubstr(kInstalled));
}

}  // namespace
}  // namespace cmdsrv::test
