#include <gmock/gmock.h>

#include <filesystem>

#include "base/json.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// upgrade-zims with real downloads. Whatever happens, there is an installed ZIM: the old one or the new one.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kOld = "village_en_all_maxi_2025-06.zim";
constexpr const char* kNew = "village_en_all_maxi_2026-02.zim";
constexpr const char* kUrl = "/zim/other/village_en_all_maxi_2026-02.zim";

ZimSpec NewVillage() {
  ZimSpec spec;
  spec.file_ref = "village_en_all_maxi_2026-02";
  spec.title = "Village knowledge";
  spec.payload_bytes = 300'000;
  return spec;
}

ZimSpec Farm(const std::string& version) {
  ZimSpec spec;
  spec.file_ref = "farm_fr_all_maxi_" + version;
  spec.title = "Farm";
  return spec;
}

BoxOptions BoxWithTwoOldOnes() {
  BoxOptions options = SmallBox({NewVillage(), Farm("2026-03")});
  options.installed.push_back(Farm("2025-01"));
  return options;
}

class UpgradeZims : public ::testing::Test {
 protected:
  UpgradeZims() {
    box.Configure({{"fetch_stall_s", 2}});
    server.Clear();
    EXPECT_EQ(Step({"make-kiwix-lib"}).status, 0);
  }

  TestBox box{BoxWithTwoOldOnes()};
  BoxServer& server = box.Internet();
  const std::string content = box.Path("/library/zims/content");
  const std::string working = box.Path("/library/working/zims");
  const std::string library = box.Path("/library/zims/library.xml");
  const std::string index = box.Path("/library/www/html/common/assets/zim_version_idx.json");
  const std::string farm_old = "farm_fr_all_maxi_2025-01.zim";
  const std::string farm_new = "farm_fr_all_maxi_2026-03.zim";

  RunEnd Step(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
  RunEnd Upgrade(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "upgrade-zims");
    return Step(std::move(arguments));
  }
  bool IsListed(const std::string& zim) const {
    return OrThrow(ReadText(library)).find("\"content/" + zim + "\"") != std::string::npos;
  }
  bool IsIndexed(const std::string& zim) const {
    return OrThrow(ReadText(index)).find("\"" + zim.substr(0, zim.size() - 4) + "\"") != std::string::npos;
  }
  /// Whoever asks the library for the village gets one.
  bool IsServed() const {
    const auto good = [&](const char* zim) { return IsListed(zim) && IsSoundZim(content + "/" + zim); };
    return good(kOld) || good(kNew);
  }
  void ExpectOldOnes() const { EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kOld, farm_old)); }
};

TEST_F(UpgradeZims, ListsWhatTheCatalogHasNewer) {
  const RunEnd json = Upgrade({"-j"});
  EXPECT_EQ(json.status, 0) << json.output;
  const auto listed = ParseJson(json.output);
  ASSERT_TRUE(listed) << json.output;
  EXPECT_EQ(listed->at("village_en_all_maxi").at("old_zim_version"), "2025-06");
  EXPECT_EQ(listed->at("village_en_all_maxi").at("new_zim_version"), "2026-02");
  EXPECT_EQ(Upgrade({"-jq"}).output, json.output);
  const RunEnd list = Upgrade({"-l"});
  EXPECT_THAT(list.output, HasSubstr("village_en_all_maxi: 2025-06 -> 2026-02, "));
  EXPECT_THAT(list.output, HasSubstr("2 ZIMs can be upgraded"));
  ExpectOldOnes();
}

TEST_F(UpgradeZims, DoesNothingUnlessTold) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{}, {"-q"}, {"-k"}}) {
    const RunEnd end = Upgrade(arguments);
    EXPECT_EQ(end.status, 0);
    EXPECT_THAT(end.output, HasSubstr("upgrade-zims -a"));
  }
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{"-z"},
                                                                                         {"-z", ""},
                                                                                         {"-z", "--", ""},
                                                                                         {"village_en_all_maxi"},
                                                                                         {"-l", "-a"},
                                                                                         {"-a", "-d", "-k"},
                                                                                         {"-a", "-t", "0"},
                                                                                         {"-a", "-t", "5"},
                                                                                         {"--what"}})
    EXPECT_EQ(Upgrade(arguments).status, 2);
  ExpectOldOnes();
  EXPECT_EQ(server.TrafficOf(kUrl).requests, 0U);
}

TEST_F(UpgradeZims, PutsTheNewInThePlaceOfTheOld) {
  const RunEnd end = Upgrade({"-z", "village_en_all_maxi_2025-06.zim"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("@progress phase=download"));
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kNew, farm_old));
  EXPECT_TRUE(IsSoundZim(content + "/" + kNew));
  EXPECT_THAT(NamesIn(working), IsEmpty());
  EXPECT_TRUE(IsListed(kNew) && !IsListed(kOld)) << "no other step is needed for it to be served";
  EXPECT_TRUE(IsIndexed(kNew) && !IsIndexed(kOld));
  const RunEnd again = Upgrade({"-z", "village_en_all_maxi"});
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.output, HasSubstr("is as new as the catalog has it"));
}

TEST_F(UpgradeZims, RemovesAllPartsOfASplitOne) {
  const std::string bytes = OrThrow(ReadText(content + "/" + kOld));
  std::filesystem::remove(content + "/" + kOld);
  OrThrow(WriteText(fmt::format("{}/{}aa", content, kOld), bytes.substr(0, 20'000)));
  OrThrow(WriteText(fmt::format("{}/{}ab", content, kOld), bytes.substr(20'000)));
  EXPECT_EQ(Upgrade({"-z", "village_en_all_maxi"}).status, 0);
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kNew, farm_old));
}

TEST_F(UpgradeZims, KeepsNeighboursOfTheSameBeginning) {
  const std::string neighbour = "village_en_all_maxi_2025-06-extra.zim";
  std::filesystem::copy_file(content + "/" + kOld, content + "/" + neighbour);
  EXPECT_EQ(Upgrade({"-z", "village_en_all_maxi"}).status, 0);
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kNew, farm_old, neighbour));
}

/// The hazard of the old program: the old ZIM went although the download had failed.
TEST_F(UpgradeZims, KeepsTheOldWhenTheNewDoesNotCome) {
  const Misbehaviour faults[] = {
      {.fault = Fault::Status, .path = "/zim/*", .status = 404},
      {.fault = Fault::Html, .path = "/zim/*"},
      {.fault = Fault::Refuse, .path = "/zim/*"},
      {.fault = Fault::Truncate, .path = kUrl, .at = 100'000},
      {.fault = Fault::Corrupt, .path = kUrl, .at = 100'000},
  };
  for (const Misbehaviour& fault : faults) {
    server.Clear();
    server.Set(fault);
    const RunEnd end = Upgrade({"-z", "village_en_all_maxi"});
    EXPECT_EQ(end.status, 3) << end.output;
    EXPECT_THAT(end.output, HasSubstr("1 of 1 ZIMs could not be upgraded: village_en_all_maxi: "));
    ExpectOldOnes();
    EXPECT_TRUE(IsSoundZim(content + "/" + kOld));
  }
}

TEST_F(UpgradeZims, SaysWhenSomeFailed) {
  server.Set({.fault = Fault::Status, .path = kUrl + std::string("*"), .status = 404});
  const RunEnd end = Upgrade({"-z", "village_en_all_maxi", "farm_fr_all_maxi", "own"});
  EXPECT_EQ(end.status, 1) << end.output;
  EXPECT_THAT(end.output, HasSubstr("own is not installed"));
  EXPECT_THAT(end.output, HasSubstr("2 of 3 ZIMs could not be upgraded"));
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kOld, farm_new));
}

TEST_F(UpgradeZims, LetsTheNextStepRunWhenAnythingChanged) {
  const RunEnd partly = Upgrade({"--partly-is-success", "-z", "--", "farm_fr_all_maxi", "own"});
  EXPECT_EQ(partly.status, 0) << partly.output;
  EXPECT_THAT(partly.output, HasSubstr("1 of 2 ZIMs could not be upgraded: own: it is not installed"));
  EXPECT_EQ(Upgrade({"--partly-is-success", "-z", "--", "own"}).status, 3);
}

TEST_F(UpgradeZims, AllAtOnce) {
  const RunEnd end = Upgrade({"-a", "-t", "2"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kNew, farm_new));
  EXPECT_THAT(NamesIn(working), IsEmpty());
}

TEST_F(UpgradeZims, AllSaysWhichFailed) {
  server.Set({.fault = Fault::Status, .path = kUrl + std::string("*"), .status = 404});
  const RunEnd end = Upgrade({"-a"});
  EXPECT_EQ(end.status, 1) << end.output;
  EXPECT_THAT(end.output, HasSubstr("1 of 2 ZIMs could not be upgraded: village_en_all_maxi"));
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kOld, farm_new));
}

TEST_F(UpgradeZims, KeepsOrRemovesTheOldAsTold) {
  EXPECT_EQ(Upgrade({"-k", "-z", "village_en_all_maxi"}).status, 0);
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kOld, kNew, farm_old));
  EXPECT_TRUE(IsListed(kNew) && IsListed(kOld));
  server.Set({.fault = Fault::Status, .path = "/zim/*", .status = 404});
  EXPECT_EQ(Upgrade({"-d", "-z", "farm_fr_all_maxi"}).status, 3);
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kOld, kNew)) << "this is what -d means";
}

TEST_F(UpgradeZims, KeepsTheOldWhenTheNewWouldNotFitEvenWithoutIt) {
  const std::string catalog = box.Path(box::kCatalogFile);
  auto document = OrThrow(ParseJson(OrThrow(ReadText(catalog))));
  for (auto& [id, zim] : document.at("zims").as_object()) zim.as_object()["size"] = "99999999999";
  OrThrow(WriteText(catalog, PrintJson(document)));
  const RunEnd end = Upgrade({"-d", "-z", "village_en_all_maxi"});
  EXPECT_EQ(end.status, 3);
  EXPECT_THAT(end.output, HasSubstr("not enough space"));
  ExpectOldOnes();
}

TEST_F(UpgradeZims, WithoutAnIndexThereIsNothing) {
  std::filesystem::remove(box.Path("/library/www/html/common/assets/zim_version_idx.json"));
  EXPECT_EQ(Upgrade({"-j"}).output, "{}\n");
  const RunEnd end = Upgrade({"-l"});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("zim_version_idx.json"));
  EXPECT_EQ(Upgrade({"-a"}).status, 1);
  ExpectOldOnes();
}

/// A library that cannot be written: the new one could not be found by anybody, so the old one has to stay.
TEST_F(UpgradeZims, KeepsTheOldUntilTheLibraryListsTheNew) {
  std::filesystem::create_directories(box.Path("/library/zims/.library.xml.new/in-the-way"));
  const RunEnd end = Upgrade({"-z", "village_en_all_maxi"});
  EXPECT_EQ(end.status, 3) << end.output;
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kOld, kNew, farm_old));
  EXPECT_TRUE(IsServed());
  std::filesystem::remove_all(box.Path("/library/zims/.library.xml.new"));
  const auto requests = server.TrafficOf(kUrl).requests;
  const RunEnd again = Upgrade({"-z", "village_en_all_maxi"});
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kNew, farm_old));
  EXPECT_EQ(server.TrafficOf(kUrl).requests, requests) << "it is there; nothing is fetched again";
}

TEST_F(UpgradeZims, EndsRightWhereverItWasKilled) {
  const std::string old_bytes = OrThrow(ReadText(content + "/" + kOld));
  const std::string new_bytes = OrThrow(ReadText(box.Path("/internet") + kUrl));
  const std::string old_library = OrThrow(ReadText(library));
  const std::string old_index = OrThrow(ReadText(index));
  const unsigned kills =
      KillStepEverywhere(box.Root(), {"upgrade-zims", "-z", "village_en_all_maxi"},
                         {.prepare =
                              [&] {
                                OrThrow(WriteText(content + "/" + kOld, old_bytes));
                                std::filesystem::remove(content + "/" + kNew);
                                OrThrow(WriteText(library, old_library));
                                OrThrow(WriteText(index, old_index));
                              },
                          .after_kill = [&](const std::string& hint) { EXPECT_TRUE(IsServed()) << hint; },
                          .after_retry =
                              [&](const std::string& hint) {
                                EXPECT_THAT(NamesIn(content), UnorderedElementsAre(kNew, farm_old)) << hint;
                                EXPECT_THAT(NamesIn(working), IsEmpty()) << hint;
                                EXPECT_TRUE(IsListed(kNew) && !IsListed(kOld)) << hint;
                                EXPECT_TRUE(IsIndexed(kNew) && !IsIndexed(kOld)) << hint;
                              }});
  EXPECT_GT(kills, 20U);
}

}  // namespace
}  // namespace cmdsrv::test
