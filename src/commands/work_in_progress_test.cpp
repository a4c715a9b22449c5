#include "commands/work_in_progress.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

json::object Zims(const std::string& message) { return ZimsInProgress({{CommandId{1}, message}}); }

TEST(WorkInProgress, InstallsAreDownloads) {
  const std::string expected = R"({"x":{"cmd":"INST-ZIMS","action":"DOWNLOAD","dest":"internal","source":"kiwix"}})";
  EXPECT_EQ(PrintJson(Zims(R"(INST-ZIMS {"zim_id": "x"})")), expected);
  EXPECT_EQ(PrintJson(Zims(R"(INST-ZIM {"zim_id": "x"})")), expected) << "as the Python program wrote it for presets";
}

TEST(WorkInProgress, CopiesGoInOrOut) {
  EXPECT_EQ(PrintJson(Zims(R"(COPY-ZIMS {"zim_id": "x", "dest": "internal", "source": "/media/usb0"})")),
            R"({"x":{"cmd":"COPY-ZIMS","action":"IMPORT","dest":"internal","source":"/media/usb0"}})");
  EXPECT_EQ(PrintJson(Zims(R"(COPY-ZIMS {"zim_id": "x", "dest": "/media/usb0", "source": "internal"})")),
            R"({"x":{"cmd":"COPY-ZIMS","action":"EXPORT","dest":"/media/usb0","source":"internal"}})");
}

TEST(WorkInProgress, Modules) {
  const auto modules = [](const std::string& message) {
    return PrintJson(ModulesInProgress({{CommandId{1}, message}}));
  };
  EXPECT_EQ(modules(R"(INST-OER2GO-MOD {"moddir": "en-a"})"),
            R"({"en-a":{"cmd":"INST-OER2GO-MOD","action":"DOWNLOAD","dest":"internal","source":"oer2go"}})");
  EXPECT_EQ(modules(R"(COPY-OER2GO-MOD {"file_ref": "en-a", "source": "internal", "dest": "usb1"})"),
            R"({"en-a":{"cmd":"COPY-OER2GO-MOD","action":"EXPORT","dest":"usb1","source":"internal"}})");
  EXPECT_EQ(modules(R"(INST-OER2GO-MOD {"moddir": 5})"), "{}");
  EXPECT_EQ(modules(R"(INST-ZIMS {"zim_id": "x"})"), "{}");
}

TEST(WorkInProgress, MapsSayWhereTheyComeFrom) {
  const auto catalog = MapCatalog::Parse(R"({"maps": {"m.mbtiles": {"size": 150}}})");
  const std::vector<UnfinishedCommand> unfinished{{CommandId{1}, R"(INST-OSM-VECT-SET {"osm_vect_id": "m.mbtiles"})"}};
  EXPECT_EQ(
      PrintJson(MapsInProgress(unfinished, &*catalog, [](const CatalogMap& map) { return "http://h/" + map.file; })),
      R"({"m.mbtiles":{"cmd":"INST-OSM-VECT-SET","action":"","dest":"internal","source":"kiwix",)"
      R"("download_url":"http://h/m.mbtiles","size":150}})");
  EXPECT_EQ(MapsInProgress(unfinished, nullptr, {}).size(), 1U);
}

TEST(WorkInProgress, OthersAndUnreadableOnesAreLeftOut) {
  for (const char* message :
       {"", "INST-ZIMS", "INST-ZIMS {", "INST-ZIMS {\"zim_id\": 5}", "TEST-JOB {\"steps\": [1]}"}) {
    EXPECT_TRUE(Zims(message).empty()) << message;
  }
}

}  // namespace
}  // namespace cmdsrv
