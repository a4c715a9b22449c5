// GET-PRESET-LIST, INST-PRESETS, MK-PRESET, INST-KOLIBRI and PLAN through the socket.
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/rsync_server.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kMap = "osm-lakes_z11-z14_2026.mbtiles";
constexpr const char* kChannel = "c9d7f950ab6b5a1199e3d6c10d7f0103";
constexpr auto kEnd = seconds(120);

class Presets : public ::testing::Test {
 protected:
  Presets() {
    OrThrow(MakeDirs(served));
    rsync.emplace(served);
    box.Internet();
    // Kiwix and the maps are what the presets want them to be.
    OrThrow(WriteText(box.Path("/etc/nginx/conf.d/maps-nginx.conf"), "# maps"));
    OrThrow(WriteText(served + "/en-wells/index.html", "<h1>Wells</h1>"));
    OrThrow(WriteText(box.Path("/internet/maps/archive/") + kMap + "/" + kMap, std::string(150'000, 'm')));
    ExchangeInCatalog("rsync://127.0.0.1/modules/en-wells", rsync->Url("en-wells"));
  }

  TestBox box{SmallBox({ZimSpec{}})};
  const std::string served = box.Path("/internet/modules");
  const std::string presets = box.Path("/opt/admin/cmdsrv/presets/");
  const std::string tiles = box.Path("/library/www/osm-vector-maps/viewer/tiles/");
  const std::string home = box.Path("/library/www/html/home/menu.json");
  std::optional<RsyncServer> rsync;
  std::optional<Daemon> daemon;

  void ExchangeInCatalog(const std::string& from, const std::string& to) const {
    const std::string path = box.Path("/etc/iiab/oer2go_catalog.json");
    auto document = OrThrow(ParseJson(OrThrow(ReadText(path))));
    for (auto& [name, module] : document.as_object()["modules"].as_object()) {
      if (TextMember(module.as_object(), "rsync_url") == from) module.as_object()["rsync_url"] = to;
    }
    OrThrow(WriteText(path, PrintJson(document)));
  }
  void Make(const std::string& id, const std::string& content,
            const std::string& vars = "default_language: en\n") const {
    const std::string directory = presets + id + "/";
    OrThrow(WriteText(directory + "preset.json", R"({"name": "N", "description": "D", "size_in_gb": 1.5})"));
    OrThrow(WriteText(directory + "menu.json", R"({"autoupdate_menu": true, "menu_items_1": ["en-credits"]})"));
    OrThrow(WriteText(directory + "content.json", content));
    OrThrow(WriteText(directory + "vars.yml", vars));
  }
  void MakeUsual() const {
    Make("mine", fmt::format(R"({{"zims": ["demo_en_all_maxi"], "modules": ["en-wells"], "maps": ["{}"]}})", kMap));
  }
  void Start(const json::object& keys = {}) {
    box.Configure(keys);
    daemon.emplace(box.StartDaemon());
  }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  std::string Install(const std::string& id) const {
    return Send(fmt::format(R"(INST-PRESETS {{"preset_id": "{}"}})", id));
  }
  json::value Plan(const std::string& command) const {
    return OrThrow(Ask(box.Socket(), "PLAN " + PrintJson(json::object{{"command", command}}), seconds(60)));
  }
  std::vector<JobRow> WaitForEnd(std::size_t jobs) const { return OrThrow(WaitForJobs(box.Socket(), jobs, kEnd)); }
};

TEST_F(Presets, OneGroupInstallsEverything) {
  MakeUsual();
  OrThrow(WriteText(box.Path("/library/www/html/modules/en-test_mod/index.html"), "x"));
  Start();
  const auto plan = Plan(R"(INST-PRESETS {"preset_id": "mine"})");
  EXPECT_EQ(plan.at("accepted"), true) << PrintJson(plan);
  EXPECT_EQ(plan.at("steps").as_array().size(), 7U) << PrintJson(plan);
  EXPECT_GT(plan.at("fetch").to_number<std::int64_t>(), 150'000);
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty()) << "a plan changes nothing";
  EXPECT_EQ(Install("mine"), R"({"Success": "INST-PRESETS All jobs scheduled."})");
  const auto jobs = WaitForEnd(8);
  ASSERT_EQ(jobs.size(), 8U) << Describe(jobs);
  for (const JobRow& job : jobs) {
    EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
    EXPECT_EQ(job.group, jobs.front().group);
  }
  EXPECT_TRUE(Exists(tiles + kMap));
  EXPECT_TRUE(Exists(box.Path("/library/www/html/modules/en-wells/index.html")));
  EXPECT_THAT(Send("GET-ZIM-STAT"), HasSubstr("content/demo_en_all_maxi_2026-01.zim"));
  const std::string menu = OrThrow(ReadText(home));
  EXPECT_THAT(menu, HasSubstr("en-wells"));
  EXPECT_THAT(menu, HasSubstr("en-credits"));
  EXPECT_THAT(OrThrow(ReadText(home + ".bak")), HasSubstr("menu_items_1"));
  EXPECT_FALSE(Exists(box.Path("/library/www/html/modules/en-test_mod")));
  const auto again = Plan(R"(INST-PRESETS {"preset_id": "mine"})");
  EXPECT_THAT(again.at("steps").as_array(), IsEmpty()) << "everything is there";
}

TEST_F(Presets, ItsContentIsWorkInProgress) {
  Make("mine", R"({"modules": ["en-wells"]})");
  // Nobody answers there, so it stays under way.
  ExchangeInCatalog(rsync->Url("en-wells"), fmt::format("rsync://127.0.0.1:{}/modules/en-wells", FreePort()));
  Start();
  EXPECT_THAT(Install("mine"), HasSubstr("All jobs scheduled"));
  const auto stat = OrThrow(Ask(box.Socket(), "GET-OER2GO-STAT"));
  EXPECT_TRUE(stat.at("WIP").as_object().contains("en-wells")) << PrintJson(stat);
  EXPECT_THAT(Send(R"(INST-OER2GO-MOD {"moddir": "en-wells"})"), HasSubstr("Module is already being installed"));
  EXPECT_THAT(Install("mine"), HasSubstr("duplicates an Active Command"));
}

TEST_F(Presets, WhatFailedAloneIsRetried) {
  MakeUsual();
  const std::string map = box.Path("/internet/maps/archive/") + kMap + "/" + kMap;
  std::filesystem::rename(map, map + ".away");
  Start();
  EXPECT_THAT(Install("mine"), HasSubstr("All jobs scheduled"));
  auto jobs = WaitForEnd(8);
  std::size_t succeeded = 0;
  for (const JobRow& job : jobs) succeeded += job.status == "SUCCEEDED" ? 1 : 0;
  EXPECT_EQ(succeeded, 5U) << Describe(jobs);
  std::filesystem::rename(map + ".away", map);
  EXPECT_THAT(Send(fmt::format(R"(RETRY-JOB {{"job_id": {}}})", jobs.back().id)), HasSubstr("Success"));
  jobs = WaitForEnd(11);
  ASSERT_EQ(jobs.size(), 11U) << "three steps were missing, and no other ran again";
  for (std::size_t i = 8; i < jobs.size(); ++i) EXPECT_EQ(jobs[i].status, "SUCCEEDED") << Describe(jobs);
  EXPECT_TRUE(Exists(tiles + kMap));
}

TEST_F(Presets, UnknownItemsAreSkippedAndSaid) {
  Make(
      "odd",
      R"({"zims": ["none_en_all", "demo_en_all_maxi"], "modules": ["../../etc", "en-none"], "maps": ["none.mbtiles"]})");
  Start();
  const std::string reply = Install("odd");
  EXPECT_THAT(
      reply,
      HasSubstr(R"({"Warning": "WARNING: The following items were skipped - zim none_en_all: not in the catalog)"));
  for (const char* name : {"module ../../etc", "module en-none", "map none.mbtiles"})
    EXPECT_THAT(reply, HasSubstr(name));
  const auto jobs = WaitForEnd(3);
  EXPECT_EQ(jobs.size(), 3U) << Describe(jobs);
  for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
}

TEST_F(Presets, WhatIsRefusedChangesNothing) {
  MakeUsual();
  Make("broken-content", "{");
  Make("broken-menu", "{}");
  OrThrow(WriteText(presets + "broken-menu/menu.json", "[]"));
  Make("broken-vars", "{}", "a: [1, 2]\n");
  Make("no-vars", "{}");
  std::filesystem::remove(presets + "no-vars/vars.yml");
  Make("giant", R"({"maps": ["giant.mbtiles"]})");
  Make("services", "{}", "nextcloud_install: True\nnextcloud_enabled: True\n");
  const std::string maps = box.Path("/library/www/html/common/assets/adm-map-catalog.json");
  auto catalog = OrThrow(ParseJson(OrThrow(ReadText(maps))));
  catalog.as_object()["maps"].as_object()["giant.mbtiles"] = json::object{{"size", 99'999'999'999'999}};
  OrThrow(WriteText(maps, PrintJson(catalog)));
  Start({{"ansible_playbook_program", "/usr/bin/none"}});
  const std::string vars = OrThrow(ReadText(box.Path("/etc/iiab/local_vars.yml")));
  const std::string menu = OrThrow(ReadText(home));
  EXPECT_EQ(Install("none"), R"({"Error": "Preset none not found. INST-PRESETS."})");
  for (const char* id : {"broken-content", "broken-menu", "broken-vars", "no-vars"})
    EXPECT_EQ(Install(id), fmt::format(R"({{"Error": "Preset {} has errors in the json. INST-PRESETS."}})", id));
  EXPECT_EQ(Install("giant"), R"({"Error": "Not enough storage space for Preset giant. INST-PRESETS."})");
  EXPECT_THAT(Install("services"), HasSubstr("Ansible install step failed. "));
  for (const char* id : {"", "..", "../presets/mine", "-x/y", "mine.x"})
    EXPECT_THAT(Install(id), HasSubstr("Malformed Command INST-PRESETS")) << id;
  EXPECT_EQ(OrThrow(ReadText(box.Path("/etc/iiab/local_vars.yml"))), vars);
  EXPECT_EQ(OrThrow(ReadText(home)), menu);
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty());
}

TEST_F(Presets, ListShowsTheReadableOnesInOrder) {
  for (const char* id : {"zz-last", "fr-school", "aa-first", "en-medical"}) Make(id, "{}");
  Make("broken", "{}");
  OrThrow(WriteText(presets + "broken/preset.json", "{"));
  Start();
  std::vector<std::string> ids;
  const auto list = OrThrow(Ask(box.Socket(), "GET-PRESET-LIST {}"));
  for (const auto& [id, shown] : list.as_object()) ids.emplace_back(id);
  EXPECT_THAT(ids, ::testing::ElementsAre("fr-school", "en-medical", "aa-first", "zz-last"));
  EXPECT_EQ(PrintJson(list.at("zz-last")),
            R"({"name":"N","description":"D","default_lang":"","location":"","size_in_gb":1.5,"last_modified":""})");
}

TEST_F(Presets, MadeOfThisBox) {
  OrThrow(WriteText(box.Path("/library/www/html/modules/en-wells/index.html"), "x"));
  OrThrow(WriteText(box.Path("/library/www/html/modules/en-test_mod/index.html"), "x"));
  OrThrow(WriteText(tiles + kMap, "m"));
  OrThrow(WriteText(box.Path("/library/zims/content/x.zim.part"), "no ZIM"));
  Start();
  const auto make = [&](const std::string& name, const std::string& more = {}) {
    return Send(fmt::format(R"(MK-PRESET {{"preset_name": "{}"{}}})", name, more));
  };
  EXPECT_EQ(make("mine", R"(, "title": "--My \"own\"", "description": "x", "default_lang": "en", "location": "")"),
            R"({"Success": "Job  1 Scheduled."})");
  const auto jobs = WaitForEnd(1);
  ASSERT_EQ(jobs[0].status, "SUCCEEDED") << Describe(jobs);
  const auto content = OrThrow(ParseJson(OrThrow(ReadText(presets + "mine/content.json"))));
  EXPECT_EQ(
      PrintJson(content),
      fmt::format(
          R"({{"zims":["village_en_all_maxi"],"modules":["en-wells"],"maps":["{}"],"kolibri":{{}},"kalite":{{}}}})",
          kMap));
  EXPECT_THAT(OrThrow(ReadText(presets + "mine/vars.yml")), HasSubstr("kiwix_install: True\nkiwix_enabled: True\n"));
  const auto list = OrThrow(Ask(box.Socket(), "GET-PRESET-LIST {}"));
  EXPECT_EQ(list.at("mine").at("name"), "--My \"own\"");
  EXPECT_TRUE(list.at("mine").at("size_in_gb").is_number());
  EXPECT_THAT(make("mine"), HasSubstr("Scheduled")) << "an own one is replaced";
  EXPECT_EQ(WaitForEnd(2)[1].status, "SUCCEEDED");
  EXPECT_THAT(NamesIn(presets), ::testing::ElementsAre("mine"));
  EXPECT_EQ(make("test"), R"({"Error": "'test' is a supplied preset and cannot be overwritten. MK-PRESET."})");
  for (const char* name : {"../x", "-h", "a/b", "a b", "a.b"})
    EXPECT_EQ(make(name), R"({"Error": "Preset name may only contain letters, digits, - and _. MK-PRESET."})") << name;
  EXPECT_THAT(make(""), HasSubstr("Malformed"));
  EXPECT_THAT(make("x", R"(, "title": "a\nb")"), HasSubstr("Malformed"));
}

TEST_F(Presets, KolibriChannelsAsItsOwnAccount) {
  OrThrow(WriteText(box.Path("/var/lib/box/active/kolibri.service"), ""));
  box.StandIn("kolibri",
              fmt::format("#!/bin/sh\necho \"$KOLIBRI_HOME $*\" >> {}/var/lib/box/calls/kolibri\n", box.Root()));
  box.StandIn("setpriv", fmt::format("#!/bin/sh\necho \"$*\" >> {}/var/lib/box/calls/setpriv\n"
                                     "while [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n",
                                     box.Root()));
  Start();
  const auto install = [&](const std::string& channels) {
    return Send("INST-KOLIBRI {\"channels\": " + channels + "}");
  };
  EXPECT_EQ(install(fmt::format(R"([{{"channel_id": "{0}"}}, {{"channel_id": "{0}", "node_id": "{0}"}}])", kChannel)),
            R"({"Success": "Job  2 Scheduled."})");
  for (const JobRow& job : WaitForEnd(2)) EXPECT_EQ(job.status, "SUCCEEDED") << job.output;
  const std::string calls = box.CallsOf("kolibri");
  EXPECT_THAT(calls, HasSubstr(fmt::format("/library/kolibri manage importchannel -v 1 network {}\n", kChannel)));
  EXPECT_THAT(calls, HasSubstr(fmt::format("manage importcontent -v 1 --node_ids {0} network {0}\n", kChannel)));
  EXPECT_THAT(box.CallsOf("setpriv"), HasSubstr("--reuid=kolibri"));
  for (const char* channels : {"[]", "{}", "[5]", R"([{"channel_id": "--help"}])", R"([{"channel_id": "short"}])",
                               R"([{"channel_id": "c9d7f950ab6b5a1199e3d6c10d7f0103", "node_id": "-x"}])"})
    EXPECT_EQ(install(channels), R"({"Error": "Malformed Command INST-KOLIBRI."})") << channels;
  box.StandIn("kolibri", "#!/bin/sh\necho 'no such channel'\nexit 3\n");
  EXPECT_THAT(install(fmt::format(R"([{{"channel_id": "{}"}}])", kChannel)), HasSubstr("Job  3 Scheduled"));
}

/// One INST-KOLIBRI takes 100 channels; a preset may have more.
TEST_F(Presets, MoreChannelsThanOneCommandTakes) {
  json::array channels;
  for (int i = 0; i < 150; ++i) channels.push_back(json::object{{"channel_id", fmt::format("{:032x}", i)}});
  Make("mine", PrintJson(json::object{{"kolibri", {{"lang_code", "en"}, {"channels", std::move(channels)}}}}));
  Start();
  const auto plan = Plan(R"(INST-PRESETS {"preset_id": "mine"})");
  EXPECT_THAT(plan.at("skipped").as_array(), IsEmpty()) << PrintJson(plan);
  EXPECT_EQ(plan.at("steps").as_array().size(), 150U);
}

TEST_F(Presets, PlansOfOtherCommands) {
  Start();
  const auto module = Plan(R"(INST-OER2GO-MOD {"moddir": "en-wells"})");
  EXPECT_EQ(module.at("accepted"), true);
  EXPECT_EQ(module.at("fetch").to_number<std::int64_t>(), 900 * 1024);
  EXPECT_GT(module.at("space").at(0).at("peak").to_number<std::int64_t>(), 900 * 1024);
  EXPECT_EQ(module.at("space").at(0).at("final").to_number<std::int64_t>(), 900 * 1024);
  const auto unknown = Plan(R"(INST-OER2GO-MOD {"moddir": "en-none"})");
  EXPECT_EQ(unknown.at("accepted"), false);
  EXPECT_EQ(unknown.at("reason"), "Module not in catalog in Command");
  EXPECT_EQ(Plan(R"(INST-OER2GO-MOD {})").at("accepted"), false);
  for (const char* command : {"DEL-CONTENT {}", "PLAN {}", "REBOOT", "NONE {}"})
    EXPECT_THAT(PrintJson(Plan(command)), HasSubstr("Error")) << command;
  EXPECT_THAT(Send(R"(PLAN {"command": "INST-ZIMS {"})"), HasSubstr("Malformed Command PLAN"));
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty());
}

}  // namespace
}  // namespace cmdsrv::test
