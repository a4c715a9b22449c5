#include <gmock/gmock.h>

#include <filesystem>

#include "content/kiwix_catalog.hpp"
#include "support/daemon.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// kiwix-catalog against an internet that misbehaves: a good catalog is never lost.
namespace cmdsrv::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr const char* kFeed = "/catalog/v2/entries*";
constexpr const char* kIiab = "/iiab-zim-cat.json";

class CatalogStep : public ::testing::Test {
 protected:
  TestBox box;
  BoxServer& server = box.Internet();
  const std::string catalog = box.Path(box::kCatalogFile);

  RunEnd Fetch(std::vector<std::string> more = {}) {
    std::vector<std::string> all{BuiltProgram("libexec/iiab-cmdsrv-step"), "--root", box.Root(), "kiwix-catalog"};
    all.insert(all.end(), more.begin(), more.end());
    return RunTool(all, seconds(60));
  }
  /// ZIMs in the catalog that the server can use; 0 when it cannot be read or holds one that it cannot use.
  std::size_t Usable() const {
    const auto parsed = KiwixCatalog::Parse(OrThrow(ReadText(catalog)));
    return parsed && parsed->LeftOut() == 0 ? parsed->Size() : 0;
  }
  /// Runs while something is wrong: status 1, the old catalog stays, and the last line is the agreed one.
  void ExpectKept(const std::string& reason, std::vector<std::string> more = {}) {
    const std::string before = OrThrow(ReadText(catalog));
    const RunEnd end = Fetch(std::move(more));
    EXPECT_EQ(end.status, 1);
    EXPECT_THAT(end.output, HasSubstr(reason));
    EXPECT_THAT(end.output, EndsWith("GET-KIWIX-CAT ERROR - Failed to get Catalog\n"));
    EXPECT_EQ(OrThrow(ReadText(catalog)), before);
  }
};

TEST_F(CatalogStep, PrintsExactlySuccess) {
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 0);
  EXPECT_EQ(end.output, "SUCCESS");
  EXPECT_GE(Usable(), 120U);
}

TEST_F(CatalogStep, TalksWhenAsked) {
  const RunEnd end = Fetch({"-v"});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.output, HasSubstr("Kiwix offers 120 ZIMs"));
  EXPECT_THAT(end.output, EndsWith("\nSUCCESS"));
}

TEST_F(CatalogStep, KeepsTheOldOneWhenKiwixCannotBeReached) {
  ASSERT_EQ(Fetch().status, 0);
  server.Set({.fault = Fault::Status, .path = kFeed, .status = 503, .times = 1});
  ExpectKept("the server answered 503 (service unavailable)");
  server.Set({.fault = Fault::Html, .path = kFeed, .times = 1});
  ExpectKept("the OPDS answer has no element");
  server.Set({.fault = Fault::Refuse, .path = kFeed, .times = 1});
  ExpectKept("cannot fetch");
  server.Set({.fault = Fault::Drop, .path = kFeed, .at = 5000, .times = 1});
  ExpectKept("cannot fetch");
  box.EndInternet();
  ExpectKept("cannot fetch");
}

TEST_F(CatalogStep, EndsAtTheDeadline) {
  server.Set({.fault = Fault::Stall, .path = kFeed, .at = 5000});
  ExpectKept("cannot fetch", {"--deadline", "1"});
}

TEST_F(CatalogStep, KeepsIiabEntriesWhenTheirCatalogIsAway) {
  ASSERT_EQ(Fetch().status, 0);
  const std::size_t before = Usable();
  server.Set({.fault = Fault::Status, .path = kIiab, .status = 404});
  const RunEnd end = Fetch({"-v"});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.output, HasSubstr("keeping the IIAB ZIMs of the previous catalog"));
  EXPECT_EQ(Usable(), before);
  EXPECT_THAT(OrThrow(ReadText(catalog)), HasSubstr("\"source\":\"IIAB\""));
}

TEST_F(CatalogStep, RefusesACatalogThatLostMostOfItself) {
  std::string big = R"({"download_date": "x", "zims": {)";
  for (int i = 0; i < 400; ++i) {
    big +=
        fmt::format(R"({}"id-{}": {{"file_ref": "f{}", "download_url": "http://h/f.zim"}})", i == 0 ? "" : ",", i, i);
  }
  OrThrow(WriteText(catalog, big + "}}"));
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, ::testing::MatchesRegex("the new catalog has [0-9]+ ZIMs, the previous one 400: it is not "
                                                  "taken; --force takes it\n.*"));
  ExpectKept("the previous one 400: it is not taken");
  EXPECT_EQ(Fetch({"--force"}).status, 0);
  EXPECT_LT(Usable(), 200U);
  EXPECT_GT(Usable(), 100U);
}

TEST_F(CatalogStep, RefusesACatalogOfAFewZims) {
  const auto poor = OrThrow(BoxServer::Start(box.Root(), {.port = 0, .entries = 40}));
  const RunEnd end = Fetch({"-v"});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output,
              ::testing::ContainsRegex("the new catalog has only [0-9]+ ZIMs and is not taken; --force takes "
                                       "it\n.*"));
}

TEST_F(CatalogStep, WritesAFirstCatalog) {
  std::filesystem::remove(catalog);
  EXPECT_EQ(Fetch().output, "SUCCESS");
  OrThrow(WriteText(catalog, "{broken"));
  EXPECT_EQ(Fetch().output, "SUCCESS");
}

TEST_F(CatalogStep, ItsOldNameTalks) {
  const std::string link = box.Path("/usr/bin/iiab-get-kiwix-cat");
  std::filesystem::create_symlink(BuiltProgram("libexec/iiab-cmdsrv-step"), link);
  const RunEnd end = RunTool({link, "--root", box.Root()});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.output, HasSubstr("Kiwix offers"));
}

}  // namespace
}  // namespace cmdsrv::test
