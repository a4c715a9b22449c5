#include <gmock/gmock.h>

#include <filesystem>

#include "support/zip_steps_world.hpp"

/// zip-install, and kills at every call of it and of zip-unpack.
namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ZipInstall : public ZipSteps {
 protected:
  void Put(const std::string& file, const std::string& bytes) const {
    OrThrow(WriteText(directory + "/data/content/" + file, bytes));
  }
  void PutParts(std::size_t cut) const {
    Put(std::string(kZim) + "aa", zim_bytes.substr(0, cut));
    Put(std::string(kZim) + "ab", zim_bytes.substr(cut, cut));
    Put(std::string(kZim) + "ac", zim_bytes.substr(2 * cut));
  }
  void ExpectInstalled(const RunEnd& end, const std::vector<std::string>& files) {
    EXPECT_EQ(end.status, 0) << end.output;
    std::vector<std::string> all = files;
    all.emplace_back(kInstalled);
    EXPECT_THAT(NamesIn(content), ::testing::UnorderedElementsAreArray(all));
    EXPECT_THAT(Listed(), Contains(std::string("content/") + kZim));
    EXPECT_THAT(NamesIn(working), IsEmpty());
    EXPECT_THAT(OrThrow(ReadText(box.Path("/library/www/html/home/menu.json"))), HasSubstr("en-travels_en_all"));
  }
  void ExpectRefusedAndKept(const RunEnd& end, const std::string& sentence) {
    EXPECT_EQ(end.status, 1) << end.output;
    EXPECT_THAT(end.output, HasSubstr(sentence));
    EXPECT_THAT(NamesIn(content), ElementsAre(kInstalled));
    EXPECT_TRUE(Exists(directory + "/data/content"));
  }
};

TEST_F(ZipInstall, MovesListsAndTidiesUp) {
  Download();
  EXPECT_EQ(Unpack().status, 0);
  ExpectInstalled(Install(), {kZim});
  EXPECT_TRUE(IsSoundZim(content + "/" + kZim));
  EXPECT_EQ(NamesIn(box.Path("/library/zims/index")), std::vector<std::string>{std::string(kZim) + ".idx"});
  const RunEnd again = Install();
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.output, HasSubstr("is in the library already"));
}

TEST_F(ZipInstall, MissingIndexIsNormal) {
  std::filesystem::remove(box.Path("/library/zims/index"));
  Put(kZim, zim_bytes);
  ExpectInstalled(Install(), {kZim});
  EXPECT_FALSE(Exists(box.Path("/library/zims/index")));
}

TEST_F(ZipInstall, IndexThatIsThereStays) {
  const std::string index = fmt::format("{}/{}.idx/postlist.DB", box.Path("/library/zims/index"), kZim);
  OrThrow(WriteText(index, "older"));
  Download();
  EXPECT_EQ(Unpack().status, 0);
  ExpectInstalled(Install(), {kZim});
  EXPECT_EQ(ReadText(index).value_or(""), "older");
}

TEST_F(ZipInstall, ReplacesAFileOfTheSameName) {
  OrThrow(WriteText(content + "/" + kZim, "an older one"));
  Put(kZim, zim_bytes);
  ExpectInstalled(Install(), {kZim});
  EXPECT_TRUE(IsSoundZim(content + "/" + kZim));
}

TEST_F(ZipInstall, TakesASplitZim) {
  PutParts(600'000);
  ExpectInstalled(Install(), {std::string(kZim) + "aa", std::string(kZim) + "ab", std::string(kZim) + "ac"});
  EXPECT_TRUE(IsSoundZim(content + "/" + kZim));
}

TEST_F(ZipInstall, TakesASplitZimFromAnArchive) {
  OrThrow(MakeZip(zip, {{.path = ZimPath() + "aa", .bytes = zim_bytes.substr(0, 900'000)},
                        {.path = ZimPath() + "ab", .bytes = zim_bytes.substr(900'000)}}));
  EXPECT_EQ(Unpack().status, 0);
  ExpectInstalled(Install(), {std::string(kZim) + "aa", std::string(kZim) + "ab"});
}

TEST_F(ZipInstall, SplitZimTakesThePlaceOfAWholeOneAndOfMoreParts) {
  OrThrow(WriteText(content + "/" + kZim, zim_bytes));
  OrThrow(WriteText(fmt::format("{}/{}ad", content, kZim), "a part of an older one"));
  PutParts(600'000);
  ExpectInstalled(Install(), {std::string(kZim) + "aa", std::string(kZim) + "ab", std::string(kZim) + "ac"});
  EXPECT_TRUE(IsSoundZim(content + "/" + kZim));
}

TEST_F(ZipInstall, WholeZimTakesThePlaceOfASplitOne) {
  for (const char* part : {"aa", "ab", "ac"}) OrThrow(WriteText(fmt::format("{}/{}{}", content, kZim, part), "old"));
  Put(kZim, zim_bytes);
  ExpectInstalled(Install(), {kZim});
}

TEST_F(ZipInstall, SplitZimWithAMissingPartIsRefused) {
  PutParts(600'000);
  std::filesystem::remove(fmt::format("{}/data/content/{}ab", directory, kZim));
  ExpectRefusedAndKept(Install(), "ab is missing, a part of");
}

TEST_F(ZipInstall, RefusesWhatIsNotSound) {
  std::string bytes = zim_bytes;
  bytes[bytes.size() / 2] ^= 1;
  Put(kZim, bytes);
  ExpectRefusedAndKept(Install(), "is no sound ZIM");
  Put(kZim, zim_bytes.substr(0, 1'000'000));
  ExpectRefusedAndKept(Install(), "is cut off");
  Put(kZim, "<html>no</html>");
  ExpectRefusedAndKept(Install(), "is a web page");
}

TEST_F(ZipInstall, OneUnsoundZimKeepsAllOfThemOut) {
  Put(kZim, zim_bytes);
  Put("other.zim", "no ZIM");
  ExpectRefusedAndKept(Install(), "other.zim is no ZIM");
}

TEST_F(ZipInstall, RefusesADirectoryWithoutAZim) {
  OrThrow(MakeDirs(directory + "/data/content"));
  ExpectRefusedAndKept(Install(), "there is no ZIM in");
}

TEST_F(ZipInstall, RefusesLinksAndDirectories) {
  OrThrow(MakeDirs(directory + "/data/content"));
  OrThrow(WriteText(box.Path("/tmp/real.zim"), zim_bytes));
  std::filesystem::create_symlink(box.Path("/tmp/real.zim"), directory + "/data/content/" + kZim);
  ExpectRefusedAndKept(Install(), "is no regular file");
  std::filesystem::remove(directory + "/data/content/" + kZim);
  OrThrow(MakeDirs(directory + "/data/content/" + kZim));
  ExpectRefusedAndKept(Install(), "is no regular file");
}

TEST_F(ZipInstall, SaysThatThereIsNothing) {
  const RunEnd end = Install();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("there is nothing to install"));
}

TEST_F(ZipInstall, UnpackEndsRightWhereverItWasKilled) {
  Download();
  const unsigned kills =
      KillStepEverywhere(box.Root(), {"zip-unpack", kName},
                         {.prepare = [&] { std::filesystem::remove_all(directory); },
                          .after_kill = {},
                          .after_retry =
                              [&](const std::string& hint) {
                                EXPECT_TRUE(ReadText(directory + "/" + ZimPath()).value_or("") == zim_bytes) << hint;
                                EXPECT_THAT(NamesIn(directory + "/data/content"), ElementsAre(kZim)) << hint;
                              }});
  EXPECT_GT(kills, 10U);
}

TEST_F(ZipInstall, InstallEndsRightWhereverItWasKilled) {
  // Another name than the archive's, so that only the note of the run knows what was on its way.
  const std::string zim = "other_en_all_2015-09.zim";
  const std::string library = OrThrow(ReadText(box.Path("/library/zims/library.xml")));
  const auto prepare = [&] {
    for (const char* part : {"aa", "ab"}) std::filesystem::remove(content + "/" + zim + part);
    std::filesystem::remove_all(box.Path("/library/zims/index"));
    OrThrow(WriteText(box.Path("/library/zims/library.xml"), library));
    Put(zim + "aa", zim_bytes.substr(0, 600'000));
    Put(zim + "ab", zim_bytes.substr(600'000));
    OrThrow(WriteText(fmt::format("{}/data/index/{}.idx/postlist.DB", directory, zim), "an index"));
  };
  const auto look = [&](const std::string& hint) {
    EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kInstalled, zim + "aa", zim + "ab")) << hint;
    EXPECT_TRUE(IsSoundZim(content + "/" + zim)) << hint;
    EXPECT_THAT(Listed(), Contains("content/" + zim)) << hint;
    EXPECT_EQ(NamesIn(box.Path("/library/zims/index")), std::vector<std::string>{zim + ".idx"}) << hint;
    EXPECT_THAT(NamesIn(working), IsEmpty()) << hint;
  };
  const unsigned kills = KillStepEverywhere(box.Root(), {"zip-install", kName},
                                            {.prepare = prepare, .after_kill = {}, .after_retry = look});
  EXPECT_GT(kills, 25U);
}

}  // namespace
}  // namespace cmdsrv::test
