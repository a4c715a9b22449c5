#include <gmock/gmock.h>

#include <filesystem>

#include "support/files.hpp"
#include "support/steps.hpp"
#include "support/test_box.hpp"

/// map-fetch, map-install and map-finish as programs.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kMap = "osm-lakes_z11-z14_2026.mbtiles";
constexpr const char* kSat = "satellite_z0-z9_2020.mbtiles";
constexpr const char* kPreview = "satellite_z0-z6_2020.mbtiles";

class MapSteps : public ::testing::Test {
 protected:
  TestBox box;
  const std::string working = box.Path("/library/working/maps/");
  const std::string viewer = box.Path("/library/www/osm-vector-maps/viewer/");
  const std::string tiles = viewer + "tiles/";
  const std::string index = box.Path("/library/www/html/common/assets/vector-map-idx.json");
  const std::string bytes = std::string(150'000, 'm');

  RunEnd Run(const std::vector<std::string>& arguments) const { return RunStep(box.Root(), arguments); }
};

TEST_F(MapSteps, FetchTakesTheNextSource) {
  OrThrow(WriteText(box.Path("/internet/maps/second/") + kMap, bytes));
  OrThrow(WriteText(box.Path("/internet/maps/first/") + kMap, "<html>another size</html>"));
  const std::string first = box.Internet().Url(std::string("/maps/first/") + kMap);
  const std::string second = box.Internet().Url(std::string("/maps/second/") + kMap);
  const std::string none = box.Internet().Url("/maps/none/x");
  const RunEnd end = Run({"map-fetch", "--from", "contabo:iiab-maps/x", "--from", none, "--from", first, "--from",
                          second, "--size", "150000", kMap});
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("rclone has no remote contabo"));
  EXPECT_EQ(OrThrow(ReadText(working + kMap)), bytes);
  const RunEnd again = Run({"map-fetch", "--from", none, "--size", "150000", kMap});
  EXPECT_EQ(again.status, 0) << again.output;
}

TEST_F(MapSteps, FetchByRclone) {
  OrThrow(WriteText(box.Path("/internet/bucket/iiab-maps/") + kMap, bytes));
  OrThrow(WriteText(box.Path("/root/.config/rclone/rclone.conf"),
                    fmt::format("[contabo]\ntype = alias\nremote = {}\n", box.Path("/internet/bucket")), 0600));
  const std::string source = std::string("contabo:iiab-maps/") + kMap;
  const RunEnd end = Run({"map-fetch", "--from", source, "--size", "150000", kMap});
  ASSERT_EQ(end.status, 0) << end.output;
  EXPECT_EQ(OrThrow(ReadText(working + kMap)), bytes);
  std::filesystem::remove(working + kMap);
  const RunEnd wrong = Run({"map-fetch", "--from", source, "--size", "150001", kMap});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.output, HasSubstr("has 150000 bytes and should have 150001"));
  EXPECT_THAT(NamesIn(working), Not(::testing::Contains(HasSubstr(".mbtiles"))));
}

TEST_F(MapSteps, FetchSaysWhatIsWrong) {
  EXPECT_EQ(Run({"map-fetch", "--from", "http://127.0.0.1:9/x", kMap}).status, 68);
  const std::vector<std::vector<std::string>> wrong = {{"map-fetch", kMap},
                                                       {"map-fetch", "--from", "--output=/etc/x", kMap},
                                                       {"map-fetch", "--from", "http://h/x", "../x"},
                                                       {"map-fetch", "--from", "http://h/x", "--size", "-1", kMap},
                                                       {"map-fetch", "--from"}};
  for (const auto& arguments : wrong) EXPECT_EQ(Run(arguments).status, 2);
}

TEST_F(MapSteps, InstallAndFinish) {
  OrThrow(WriteText(working + kMap, bytes));
  OrThrow(WriteText(tiles + kPreview, "coarse"));
  EXPECT_EQ(Run({"map-install", "--size", "150000", kMap}).status, 0);
  EXPECT_EQ(OrThrow(ReadText(tiles + kMap)), bytes);
  EXPECT_TRUE(Exists(tiles + kPreview)) << "the fine one is not there yet";
  EXPECT_EQ(Run({"map-finish", kMap}).status, 0);
  EXPECT_THAT(OrThrow(ReadText(index)), HasSubstr(kMap));
  EXPECT_THAT(OrThrow(ReadText(viewer + "init.json")), HasSubstr("30.06"));
  EXPECT_THAT(Run({"map-install", "--size", "150000", kMap}).output, HasSubstr("is in use already"));
  OrThrow(WriteText(working + kSat, "fine"));
  EXPECT_EQ(Run({"map-install", kSat}).status, 0);
  EXPECT_FALSE(Exists(tiles + kPreview));
  EXPECT_EQ(Run({"map-finish", kSat}).status, 0);
  EXPECT_THAT(OrThrow(ReadText(index)), HasSubstr("satellite_z0-z9_2020\""));
}

TEST_F(MapSteps, WrongOnesStayOut) {
  OrThrow(WriteText(working + kMap, "too short"));
  const RunEnd end = Run({"map-install", "--size", "150000", kMap});
  EXPECT_EQ(end.status, 1);
  EXPECT_TRUE(Exists(working + kMap)) << "it may be gone on with";
  EXPECT_EQ(Run({"map-install", "unknown.mbtiles"}).status, 1);
  EXPECT_EQ(Run({"map-finish", "unknown.mbtiles"}).status, 1);
  EXPECT_EQ(Run({"map-finish", kMap}).status, 1) << "it is not there";
  EXPECT_EQ(Run({"map-finish"}).status, 2);
  EXPECT_EQ(Run({"map-install", "../../etc/passwd"}).status, 2);
  std::filesystem::remove_all(viewer);
  EXPECT_THAT(Run({"map-install", kMap}).output, HasSubstr("maps are not installed"));
}

TEST_F(MapSteps, InstallEndsRightWhereverItWasKilled) {
  const unsigned kills = KillStepEverywhere(box.Root(), {"map-install", "--size", "150000", kMap},
                                            {.prepare =
                                                 [&] {
                                                   std::filesystem::remove(tiles + kMap);
                                                   OrThrow(WriteText(working + kMap, bytes));
                                                 },
                                             .after_kill = {},
                                             .after_retry =
                                                 [&](const std::string& hint) {
                                                   EXPECT_EQ(OrThrow(ReadText(tiles + kMap)), bytes) << hint;
                                                   EXPECT_THAT(NamesIn(tiles), ElementsAre(kMap)) << hint;
                                                   EXPECT_FALSE(Exists(working + kMap)) << hint;
                                                 }});
  EXPECT_GT(kills, 1U);
}

TEST_F(MapSteps, FinishEndsRightWhereverItWasKilled) {
  OrThrow(WriteText(tiles + kMap, bytes));
  const unsigned kills = KillStepEverywhere(
      box.Root(), {"map-finish", kMap},
      {.prepare = [&] { OrThrow(WriteText(index, "{}")); },
       .after_kill = [&](const std::string& hint) { EXPECT_TRUE(ParseJson(OrThrow(ReadText(index)))) << hint; },
       .after_retry =
           [&](const std::string& hint) {
             EXPECT_TRUE(ParseJson(OrThrow(ReadText(viewer + "init.json")))) << hint;
             EXPECT_THAT(OrThrow(ReadText(index)), HasSubstr(kMap)) << hint;
           }});
  EXPECT_GT(kills, 1U);
}

}  // namespace
}  // namespace cmdsrv::test
