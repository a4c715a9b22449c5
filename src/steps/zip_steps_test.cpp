#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/step_exit.hpp"
#include "content/library_xml.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"
#include "support/zip_maker.hpp"

/// zip-fetch, zip-unpack and zip-install: real archives, hostile archives, kills at every call.
namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kName = "travels_en_all_2015-09";
constexpr const char* kZim = "travels_en_all_2015-09.zim";
constexpr const char* kInstalled = "village_en_all_maxi_2025-06.zim";
const std::string kZip = fmt::format("kiwix-0.9+{}.zip", kName);
const std::string kUrl = "/portable/" + kZip;

BoxOptions PortableBox() {
  ZimSpec spec;
  spec.file_ref = kName;
  spec.payload_bytes = 1'500'000;
  BoxOptions options = SmallBox();
  options.portable = {spec};
  return options;
}

class ZipSteps : public ::testing::Test {
 protected:
  ZipSteps() { box.Configure({{"fetch_stall_s", 2}}); }

  TestBox box{PortableBox()};
  const std::string downloads = box.Path("/library/downloads/zims");
  const std::string working = box.Path("/library/working/zims");
  const std::string directory = working + "/" + kName;
  const std::string content = box.Path("/library/zims/content");
  const std::string zip = downloads + "/" + kZip;
  const std::string zim_bytes = OrThrow(ReadText(box.Path("/internet/zim/portable/" + std::string(kZim))));
  const std::string zip_bytes = OrThrow(ReadText(box.Path("/internet" + kUrl)));
  const std::string zim_k = fmt::format("{}", zim_bytes.size() / 1024);

  RunEnd Step(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  RunEnd Fetch(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"zip-fetch", "--file-ref", kName, "--url", box.Internet().Url(kUrl)});
    return Step(std::move(more));
  }
  RunEnd Unpack() const { return Step({"zip-unpack", "--size-k", zim_k, kName}); }
  RunEnd Install() const { return Step({"zip-install", kName}); }

  void Download() const { OrThrow(WriteText(zip, zip_bytes)); }
  std::string ZimPath() const { return fmt::format("data/content/{}", kZim); }
  ZipItem Zim() const { return {.path = ZimPath(), .bytes = zim_bytes}; }

  void ExpectFetched(const RunEnd& end) {
    EXPECT_EQ(end.status, 0) << end.output;
    EXPECT_THAT(NamesIn(downloads), ElementsAre(kZip)) << end.output;
    EXPECT_TRUE(ReadText(zip).value_or("") == zip_bytes) << end.output;
  }

  /// Nothing of a hostile or damaged archive stays, and the archive itself would not be taken for a good one again.
  void ExpectRefused(const RunEnd& end, const std::string& sentence) {
    EXPECT_EQ(end.status, 1) << end.output;
    EXPECT_THAT(end.output, HasSubstr(sentence));
    EXPECT_THAT(NamesIn(downloads), IsEmpty());
    EXPECT_THAT(NamesIn(working), IsEmpty());
    EXPECT_THAT(NamesIn(content), ElementsAre(kInstalled));
  }

  void MakeHostileZip(std::vector<ZipItem> items, bool with_zim = true) const {
    if (with_zim) items.push_back(Zim());
    OrThrow(MakeZip(zip, items));
  }

  std::vector<std::string> Listed() const {
    std::vector<std::string> paths;
    for (const auto& book : OrThrow(ParseLibrary(OrThrow(ReadText(box.Path("/library/zims/library.xml"))))))
      paths.push_back(book.path);
    return paths;
  }
};

// Fetching.

TEST_F(ZipSteps, FetchTakesTheArchiveAndProvesIt) {
  ExpectFetched(Fetch({"--size-k", zim_k}));
  EXPECT_EQ(box.Internet().TrafficOf(kUrl).bytes_sent, zip_bytes.size());
  const RunEnd again = Fetch({"--size-k", zim_k});
  EXPECT_THAT(again.output, HasSubstr("is downloaded already"));
  EXPECT_EQ(box.Internet().TrafficOf(kUrl).bytes_sent, zip_bytes.size());
}

TEST_F(ZipSteps, FetchTakesTheCatalogsSizeForThatOfTheArchiveToo) {
  ExpectFetched(Fetch({"--size-k", fmt::format("{}", zip_bytes.size() / 1024)}));
}

TEST_F(ZipSteps, FetchGoesOnWhereTheLineBroke) {
  for (const std::uint64_t at : {1U, 500'000U, 1'400'000U})
    box.Internet().Set({.fault = Fault::Drop, .path = kUrl, .at = at, .reset = true, .times = 1});
  ExpectFetched(Fetch());
  EXPECT_EQ(box.Internet().TrafficOf(kUrl).bytes_sent, zip_bytes.size()) << "nothing may be fetched twice";
}

TEST_F(ZipSteps, FetchLeavesAStalledLineAndSaysSo) {
  box.Internet().Set({.fault = Fault::Stall, .path = kUrl, .at = 700'000});
  const RunEnd end = Fetch({"--tries", "1"});
  EXPECT_EQ(end.status, StepExit::kTryLater);
  EXPECT_THAT(end.output, HasSubstr("the line stalled: no data for 1 s"));
  EXPECT_THAT(end.output, HasSubstr("are kept for the next try"));
  EXPECT_FALSE(Exists(zip));
  box.Internet().Clear();
  box.Internet().Release();
  ExpectFetched(Fetch());
}

TEST_F(ZipSteps, FetchNeverTakesAWebPage) {
  box.Internet().Set({.fault = Fault::Html, .path = "/portable/*"});
  const RunEnd end = Fetch({"--tries", "2"});
  EXPECT_EQ(end.status, StepExit::kTryLater);
  EXPECT_THAT(end.output, HasSubstr("the server sent a web page instead of the zip archive"));
  EXPECT_THAT(NamesIn(downloads), IsEmpty());
}

TEST_F(ZipSteps, FetchNoticesACutArchive) {
  box.Internet().Set({.fault = Fault::Truncate, .path = kUrl, .at = 700'000});
  box.Internet().Set({.fault = Fault::Status, .path = kUrl + ".sha256", .status = 404});
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("the server sent"));
  EXPECT_THAT(NamesIn(downloads), IsEmpty());
}

TEST_F(ZipSteps, FetchNoticesAFlippedByteByTheHash) {
  box.Internet().Set({.fault = Fault::Corrupt, .path = kUrl, .at = 900'000, .after = 1, .times = 1});
  const RunEnd end = Fetch();
  ExpectFetched(end);
  EXPECT_THAT(end.output, HasSubstr("the SHA-256 of the download is"));
}

TEST_F(ZipSteps, FetchRefusesWhatTheCatalogDidNotPromise) {
  const RunEnd end = Fetch({"--size-k", "77"});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("the catalog says 77 K"));
  EXPECT_EQ(box.Internet().TrafficOf(kUrl).whole, 1U) << "the same bytes would come again";
  EXPECT_THAT(NamesIn(downloads), IsEmpty());
}

TEST_F(ZipSteps, FetchRefusesAHostileArchive) {
  OrThrow(MakeZip(box.Path("/internet" + kUrl), {Zim(), {.path = "../../evil", .bytes = "x"}}));
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("wants to write outside of its directory: \"../../evil\""));
  EXPECT_THAT(NamesIn(downloads), IsEmpty());
}

TEST_F(ZipSteps, FetchKnowsNoMetalink) {
  EXPECT_EQ(Fetch({"--metalink", "http://h/x.zim.meta4"}).status, 2);
  EXPECT_EQ(Step({"zip-fetch", "--file-ref", "../x", "--url", "http://h/x.zip"}).status, 2);
  EXPECT_EQ(Step({"zip-fetch", "--file-ref", "x", "--url", "file:///x.zip"}).status, 2);
  EXPECT_THAT(NamesIn(downloads), IsEmpty());
}

TEST_F(ZipSteps, FetchRefusesAPrefixThatLeadsAway) {
  box.Configure({{"zim_download_prefix", "../"}});
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 2);
  EXPECT_THAT(end.output, HasSubstr("zim_download_prefix"));
}

// Unpacking.

TEST_F(ZipSteps, UnpackTakesTheContentAndNothingElse) {
  Download();
  const RunEnd end = Unpack();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("@progress phase=unpack bytes="));
  EXPECT_TRUE(ReadText(directory + "/" + ZimPath()).value_or("") == zim_bytes);
  EXPECT_THAT(NamesIn(directory + "/data"), ElementsAre("content", "index"));
  EXPECT_THAT(NamesIn(directory + "/data/content"), ElementsAre(kZim));
  EXPECT_EQ(ReadText(fmt::format("{}/data/index/{}.idx/postlist.DB", directory, kZim)).value_or(""), "an index");
  EXPECT_THAT(NamesIn(directory), UnorderedElementsAre(".unpacked-from", "data"));
  EXPECT_TRUE(Exists(zip)) << "DEL-DOWNLOADS removes it when the administrator wants";
}

TEST_F(ZipSteps, UnpackDoesNothingTwice) {
  Download();
  EXPECT_EQ(Unpack().status, 0);
  struct stat before {};
  struct stat after {};
  const std::string file = directory + "/" + ZimPath();
  ASSERT_EQ(::stat(file.c_str(), &before), 0);
  EXPECT_EQ(Unpack().status, 0);
  ASSERT_EQ(::stat(file.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

TEST_F(ZipSteps, UnpackOfAnotherArchiveBeginsAnew) {
  OrThrow(WriteText(directory + "/data/content/" + kZim, std::string(zim_bytes.size(), 'x')));
  OrThrow(WriteText(directory + "/data/content/old.zim", "x"));
  Download();
  EXPECT_EQ(Unpack().status, 0);
  EXPECT_TRUE(ReadText(directory + "/" + ZimPath()).value_or("") == zim_bytes);
  EXPECT_THAT(NamesIn(directory + "/data/content"), ElementsAre(kZim));
}

TEST_F(ZipSteps, UnpackGivesNoRightsToWhatItUnpacks) {
  OrThrow(MakeZip(zip, {{.path = ZimPath(), .bytes = zim_bytes, .mode = 06777}}));
  EXPECT_EQ(Unpack().status, 0);
  struct stat facts {};
  ASSERT_EQ(::stat((directory + "/" + ZimPath()).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0644U);
}

TEST_F(ZipSteps, UnpackRefusesNamesThatLeadOut) {
  for (const std::string path :
       {"../evil", "data/../../evil", "data/content/../../../evil.zim", "a/b/../../../c", "data/content/.."}) {
    MakeHostileZip({{.path = path, .bytes = "x"}});
    ExpectRefused(Unpack(), "wants to write outside of its directory");
  }
  EXPECT_FALSE(Exists(box.Path("/library/working/evil")));
  EXPECT_FALSE(Exists(box.Path("/library/evil")));
}

TEST_F(ZipSteps, UnpackRefusesAbsoluteNames) {
  const std::string target = box.Path("/tmp/evil");
  MakeHostileZip({{.path = target, .bytes = "x"}});
  ExpectRefused(Unpack(), "wants to write to the absolute path");
  EXPECT_FALSE(Exists(target));
}

TEST_F(ZipSteps, UnpackRefusesLinksAmongTheContent) {
  const std::string outside = box.Path("/tmp/outside");
  OrThrow(MakeDirs(outside));
  const ZipItem cases[] = {
      {.path = "data/content/evil.zim", .link_to = "/etc/passwd"},
      {.path = "data/content/evil.zim", .link_to = "real.zim"},
      {.path = "data", .link_to = outside},
      {.path = "data/content", .link_to = outside},
      {.path = "data/index/x.zim.idx", .link_to = outside},
  };
  for (const ZipItem& item : cases) {
    MakeHostileZip({item});
    ExpectRefused(Unpack(), "is a link or a device and no file");
  }
  EXPECT_THAT(NamesIn(outside), IsEmpty());
}

TEST_F(ZipSteps, UnpackDoesNotMakeLinksBesideTheContent) {
  MakeHostileZip({{.path = "kiwix/lib.so", .link_to = "lib.so.1"}});
  EXPECT_EQ(Unpack().status, 0);
  EXPECT_THAT(NamesIn(directory), UnorderedElementsAre(".unpacked-from", "data"));
}

TEST_F(ZipSteps, UnpackDoesNotFollowALinkThatLiesInItsWay) {
  const std::string outside = box.Path("/tmp/outside");
  OrThrow(MakeDirs(outside));
  Download();
  EXPECT_EQ(Unpack().status, 0);
  std::filesystem::remove_all(directory + "/data");
  std::filesystem::create_directory_symlink(outside, directory + "/data");
  const RunEnd end = Unpack();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("symbolic link"));
  EXPECT_THAT(NamesIn(outside), IsEmpty());
}

TEST_F(ZipSteps, UnpackRefusesNamesThatNoFileMayHave) {
  for (const std::string path : {"data/content/a b.zim", "data/content/-rf.zim", "data/index/x.zim.idx/a\nb"}) {
    MakeHostileZip({{.path = path, .bytes = "x"}});
    ExpectRefused(Unpack(), "cannot be used for a file");
  }
}

TEST_F(ZipSteps, UnpackRefusesTwoFilesOfOneName) {
  MakeHostileZip({Zim()});
  ExpectRefused(Unpack(), "two files of the name");
  MakeHostileZip({{.path = fmt::format("data//content/./{}", kZim), .bytes = "x"}});
  ExpectRefused(Unpack(), "two files of the name");
}

TEST_F(ZipSteps, UnpackRefusesAnArchiveWithoutAZim) {
  MakeHostileZip({{.path = "readme.txt", .bytes = "x"}, {.path = "data/content/readme.txt", .bytes = "x"}}, false);
  ExpectRefused(Unpack(), "there is no ZIM in the archive");
}

TEST_F(ZipSteps, UnpackRefusesWhatTheCatalogDidNotPromise) {
  Download();
  ExpectRefused(Step({"zip-unpack", "--size-k", "77", kName}), "the catalog says 77 K");
}

TEST_F(ZipSteps, UnpackWritesNothingWhenItWouldNotFit) {
  const auto space = std::filesystem::space(working);
  std::vector<ZipItem> items;
  for (std::uint64_t i = 0; i <= space.available / 0xFFFFFFF0ULL; ++i)
    items.push_back({.path = fmt::format("data/content/bomb{}.zim", i), .bytes = "x"});
  OrThrow(MakeZip(zip, items));
  for (unsigned i = 0; i < items.size(); ++i)
    OrThrow(PatchZip(zip, i, ZipField::UnpackedSize, ZipPlace::TableAndEntry, 0xFFFFFFF0));
  const RunEnd end = Step({"zip-unpack", kName});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("there is not enough space in"));
  EXPECT_THAT(NamesIn(directory), Not(Contains("data")));
}

TEST_F(ZipSteps, UnpackStopsWhenThereIsMoreThanTheArchiveSays) {
  OrThrow(MakeZip(zip, {{.path = "data/content/bomb.zim", .bytes = std::string(20'000'000, '\0')}}));
  EXPECT_LT(SizeOf(zip), 100'000U) << "this test is about a bomb";
  OrThrow(PatchZip(zip, 0, ZipField::UnpackedSize, ZipPlace::TableAndEntry, 1000));
  ExpectRefused(Step({"zip-unpack", kName}), "it is damaged");
}

TEST_F(ZipSteps, UnpackNoticesAFlippedByte) {
  OrThrow(MakeZip(zip, {Zim()}, Packing::Stored));
  std::string bytes = OrThrow(ReadText(zip));
  bytes[bytes.size() / 2] ^= 1;
  OrThrow(WriteText(zip, bytes));
  ExpectRefused(Unpack(), "it is damaged: ");
}

TEST_F(ZipSteps, UnpackNoticesAWrongChecksumInTheTable) {
  OrThrow(MakeZip(zip, {Zim()}));
  OrThrow(PatchZip(zip, 0, ZipField::Checksum, ZipPlace::TableAndEntry, 0x12345678));
  ExpectRefused(Unpack(), "it is damaged: ");
}

TEST_F(ZipSteps, UnpackRefusesAnArchiveThatContradictsItself) {
  OrThrow(MakeZip(zip, {Zim()}));
  OrThrow(PatchZip(zip, 0, ZipField::UnpackedSize, ZipPlace::Table, 1000));
  ExpectRefused(Unpack(), "the archive contradicts itself about");
}

TEST_F(ZipSteps, UnpackNoticesACutArchive) {
  for (const std::size_t left : {zip_bytes.size() - 1, zip_bytes.size() / 2, std::size_t{100}}) {
    OrThrow(WriteText(zip, zip_bytes.substr(0, left)));
    ExpectRefused(Unpack(), "it is cut off");
  }
}

TEST_F(ZipSteps, UnpackRefusesWhatIsNoArchive) {
  OrThrow(WriteText(zip, "<!DOCTYPE html><html>log in</html>"));
  ExpectRefused(Unpack(), "it is a web page and no zip archive");
  OrThrow(WriteText(zip, "something"));
  ExpectRefused(Unpack(), "it is no zip archive");
  OrThrow(WriteText(zip, ""));
  ExpectRefused(Unpack(), "it is no zip archive");
}

/// The table of contents, of which the library keeps all in memory, is not believed before its size is known.
TEST_F(ZipSteps, UnpackRefusesATableLargerThanItsLimit) {
  OrThrow(MakeZip(zip, {Zim()}));
  std::string bytes = OrThrow(ReadText(zip));
  const std::size_t end = bytes.rfind("PK\x05\x06");
  bytes.replace(end + 12, 4, std::string("\x00\x00\x00\x7f", 4));
  OrThrow(WriteText(zip, bytes));
  ExpectRefused(Unpack(), "table of contents is larger than 16 MiB");
}

TEST_F(ZipSteps, UnpackRefusesArguments) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"zip-unpack"},
                                             {"zip-unpack", "../x"},
                                             {"zip-unpack", ""},
                                             {"zip-unpack", "--size-k", "-1", "x"},
                                             {"zip-install"},
                                             {"zip-install", ""},
                                             {"zip-install", ".."},
                                             {"zip-install", "a/b"}})
    EXPECT_EQ(Step(arguments).status, 2);
  const RunEnd missing = Step({"zip-unpack", "x"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.output, HasSubstr("there is no"));
}

// Installing.

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
