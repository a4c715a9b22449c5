#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/step_exit.hpp"
#include "support/zip_steps_world.hpp"

/// zip-fetch and zip-unpack: real archives, hostile archives.
namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

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
  EXPECT_THAT(end.output, HasSubstr(fmt::format("the ZIM in the archive has {} bytes, but the catalog says 77 K; "
                                                "refresh the catalog and try again",
                                                zim_bytes.size())));
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
  ExpectRefused(Step({"zip-unpack", kName}), "it is damaged: data/content/bomb.zim is longer than the archive says");
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
    ExpectRefused(Unpack(), "it is cut off: the end of the archive is missing");
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
  ExpectRefused(Unpack(), "its table of contents is larger than 16 MiB");
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
  EXPECT_THAT(missing.output, HasSubstr("; install the ZIM again to download it"));
}

}  // namespace
}  // namespace cmdsrv::test
