// GET-OSM-VECT-STAT, INST-OSM-VECT-SET and INST-SAT-AREA through the socket.
#include <gmock/gmock.h>

#include <optional>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kMap = "osm-lakes_z11-z14_2026.mbtiles";
constexpr const char* kBase = "osm-planet_z0-z10_2020.mbtiles";
constexpr auto kEnd = seconds(120);

class Maps : public ::testing::Test {
 protected:
  Maps() {
    box.Internet();
    // The role is active.
    OrThrow(WriteText(box.Path("/etc/nginx/conf.d/maps-nginx.conf"), "# maps"));
  }

  TestBox box;
  const std::string tiles = box.Path("/library/www/osm-vector-maps/viewer/tiles/");
  const std::string bytes = std::string(150'000, 'm');
  std::optional<Daemon> daemon;

  void Start(const json::object& keys = {}) {
    box.Configure(keys);
    daemon.emplace(box.StartDaemon());
  }
  void Serve(const std::string& path, const std::string& text) const {
    OrThrow(WriteText(box.Path("/internet/maps/") + path, text));
  }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  std::string Install(const std::string& id) const {
    return Send(fmt::format(R"(INST-OSM-VECT-SET {{"osm_vect_id": "{}"}})", id));
  }
  std::vector<JobRow> WaitForEnd(std::size_t jobs) const { return OrThrow(WaitForJobs(box.Socket(), jobs, kEnd)); }
  static void ExpectSucceeded(const std::vector<JobRow>& jobs) {
    for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
  }
};

TEST_F(Maps, FromTheArchive) {
  Serve(fmt::format("archive/{}/{}", kMap, kMap), bytes);
  Start();
  EXPECT_EQ(Install(kMap), R"({"Success": "Job  3 Scheduled."})");
  ExpectSucceeded(WaitForEnd(3));
  EXPECT_EQ(OrThrow(ReadText(tiles + kMap)), bytes);
  const auto stat = OrThrow(Ask(box.Socket(), "GET-OSM-VECT-STAT"));
  EXPECT_EQ(PrintJson(stat.at("INSTALLED")), fmt::format(R"({{"{}":true}})", kMap));
  EXPECT_EQ(stat.at("maps_active"), true);
  EXPECT_EQ(stat.at("tile_base_installed"), false);
  EXPECT_EQ(Install(kMap), fmt::format(R"({{"Error": "{} is already downloaded INST-OSM-VECT-SET."}})", kMap));
}

/// The configured source does not have it; the catalog knows another one.
TEST_F(Maps, FromTheOtherSource) {
  Serve(std::string("iiab/") + kMap, bytes);
  Start();
  EXPECT_THAT(Install(kMap), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd(3);
  ExpectSucceeded(jobs);
  EXPECT_THAT(jobs[0].output, HasSubstr("the server answered 404"));
}

TEST_F(Maps, IsWorkInProgress) {
  Serve(fmt::format("archive/{}/{}", kMap, kMap), bytes);
  box.Internet().Set({.fault = Fault::Stall, .path = fmt::format("/maps/archive/{}/{}", kMap, kMap), .at = 1000});
  Start();
  EXPECT_THAT(Install(kMap), HasSubstr("Scheduled"));
  const auto stat = OrThrow(Ask(box.Socket(), "GET-OSM-VECT-STAT"));
  const auto& entry = stat.at("WIP").at(kMap);
  EXPECT_EQ(entry.at("cmd"), "INST-OSM-VECT-SET");
  EXPECT_EQ(entry.at("size"), 150'000);
  EXPECT_THAT(std::string(entry.at("download_url").as_string()), HasSubstr("/maps/archive/"));
  EXPECT_THAT(
      Send(fmt::format(
          R"(INST-OSM-VECT-SET {{"osm_vect_id": "{}", "service_required": ["osm_vector_maps", "active"]}})", kMap)),
      HasSubstr("is already being downloaded"));
  box.Internet().Clear();
  box.Internet().Release();
  ExpectSucceeded(WaitForEnd(3));
}

TEST_F(Maps, WhatIsRefused) {
  auto catalog =
      OrThrow(ParseJson(OrThrow(ReadText(box.Path("/library/www/html/common/assets/adm-map-catalog.json")))));
  auto& maps = catalog.as_object()["maps"].as_object();
  maps["giant.mbtiles"] = json::object{{"size", 99'999'999'999'999}};
  maps["../../etc/x"] = json::object{{"size", 1}};
  OrThrow(WriteText(box.Path("/library/www/html/common/assets/adm-map-catalog.json"), PrintJson(catalog)));
  Start();
  EXPECT_EQ(Install("none.mbtiles"), R"({"Error": "Map Tile Set is not in catalog in Command INST-OSM-VECT-SET."})");
  EXPECT_EQ(Install("giant.mbtiles"), R"({"Error": "Not enough storage space for Map INST-OSM-VECT-SET."})");
  for (const char* id : {"", "../../etc/x", "-x"}) EXPECT_THAT(Install(id), HasSubstr("Malformed Command")) << id;
  EXPECT_EQ(Send("GET-OSM-VECT-CAT"), R"({"Error": "Malformed Command DUMMY."})");
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty());
}

TEST_F(Maps, SourcesOfTheConfiguration) {
  Serve(std::string("iiab/") + kBase, std::string(300'000, 'b'));
  Start({{"maps_download_src", "iiab.me"}});
  EXPECT_THAT(Install(kBase), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(3));
  EXPECT_TRUE(OrThrow(Ask(box.Socket(), "GET-OSM-VECT-STAT")).at("tile_base_installed").as_bool());
  daemon.reset();
  Start({{"maps_download_src", "bittorrent"}});
  EXPECT_EQ(Install(kMap), R"({"Error": "Not able to do bittorrent yet in Command INST-OSM-VECT-SET."})");
  daemon.reset();
  Start({{"maps_download_src", "pigeon"}});
  EXPECT_EQ(Install(kMap), R"({"Error": "Unknown Map Source pigeon INST-OSM-VECT-SET."})");
}

TEST_F(Maps, SatelliteAreas) {
  Start();
  const auto ask = [&](const std::string& arguments) { return Send("INST-SAT-AREA " + arguments); };
  EXPECT_EQ(ask(R"({"longitude": -96.7, "latitude": 17.06, "radius": 50})"),
            R"({"Error": "Satellite maps are not installed INST-SAT-AREA."})");
  box.StandIn("iiab-extend-sat.py", fmt::format("#!/bin/sh\necho \"$*\" >> {}/var/lib/box/calls/sat\n", box.Root()));
  EXPECT_EQ(ask(R"({"longitude": -96.7, "latitude": "17.06", "radius": 50})"), R"({"Success": "Job  1 Scheduled."})");
  EXPECT_EQ(ask(R"({"longitude": 0.0000001, "latitude": -90, "radius": 1e3})"), R"({"Success": "Job  2 Scheduled."})");
  ExpectSucceeded(WaitForEnd(2));
  EXPECT_THAT(box.CallsOf("sat"), HasSubstr("--lon=-96.7 --lat=17.06 --radius=50\n"));
  EXPECT_THAT(box.CallsOf("sat"), HasSubstr("--lon=0 --lat=-90 --radius=1000\n"));
  for (const char* arguments :
       {"{}", R"({"longitude": 181, "latitude": 0, "radius": 50})",
        R"({"longitude": 0, "latitude": 90.1, "radius": 50})", R"({"longitude": 0, "latitude": 0, "radius": 0})",
        R"({"longitude": "1 --x", "latitude": 0, "radius": 5})", R"({"longitude": "nan", "latitude": 0, "radius": 5})"})
    EXPECT_THAT(ask(arguments), HasSubstr("Malformed Command INST-SAT-AREA")) << arguments;
}

}  // namespace
}  // namespace cmdsrv::test
