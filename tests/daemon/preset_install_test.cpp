// INST-PRESETS with services to install, by a stand-in for Ansible; and the seven real presets, each planned and
// installed from a catalog that is made to fit.
#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <optional>

#include "content/library_xml.hpp"
#include "content/shared_data.hpp"
#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/rsync_server.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

constexpr auto kEnd = seconds(540);  // dozens of steps on a busy machine
constexpr const char* kMap = "osm-lakes_z11-z14_2026.mbtiles";

/// Makes the roles of its playbook what they are to be, as far as the server looks at them.
constexpr const char* kAnsiblePlaybook = R"(#!/bin/sh
root=${0%/usr/bin/ansible-playbook}
[ ! -e "$root/tmp/ansible-fails" ] || { echo "the role failed"; exit 2; }
for word in "$@"; do
  case $word in *.yml) playbook=$word ;; esac
done
roles=$(sed -n 's/^ *- { role: \([A-Za-z0-9_-]*\) }$/\1/p' "$playbook")
echo $roles >> "$root/var/lib/box/calls/ansible-playbook"
for role in $roles; do
  case $role in
    kolibri) : > "$root/var/lib/box/active/kolibri.service" ;;
    osm-vector-maps) mkdir -p "$root/etc/nginx/conf.d"; : > "$root/etc/nginx/conf.d/maps-nginx.conf" ;;
  esac
  role=$(echo $role | tr - _)
  printf '[%s]\n%s_install = True\n%s_enabled = True\n' $role $role $role >> "$root/etc/iiab/iiab.ini"
  echo "${role}_installed: True" >> "$root/etc/iiab/iiab_state.yml"
done
)";

class PresetInstall : public ::testing::Test {
 protected:
  PresetInstall() {
    OrThrow(MakeDirs(served));
    rsync.emplace(served);
    box.Internet();
    box.StandIn("ansible-playbook", kAnsiblePlaybook);
    box.StandIn("kolibri", fmt::format("#!/bin/sh\necho \"$*\" >> {}/var/lib/box/calls/kolibri\n", box.Root()));
    box.StandIn("setpriv", "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n");
  }

  TestBox box;
  const std::string served = box.Path("/internet/modules");
  const std::string presets = box.Path("/opt/admin/cmdsrv/presets/");
  const std::string home = box.Path("/library/www/html/home/menu.json");
  const std::string modules = box.Path("/library/www/html/modules/");
  const std::string tiles = box.Path("/library/www/osm-vector-maps/viewer/tiles/");
  std::optional<RsyncServer> rsync;
  std::optional<Daemon> daemon;

  void Start() { daemon.emplace(box.StartDaemon()); }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(90))); }
  std::string Install(const std::string& id) const {
    return Send(fmt::format(R"(INST-PRESETS {{"preset_id": "{}"}})", id));
  }
  json::value Plan(const std::string& id) const {
    const json::object command{{"command", fmt::format(R"(INST-PRESETS {{"preset_id": "{}"}})", id)}};
    return OrThrow(Ask(box.Socket(), "PLAN " + PrintJson(command), seconds(90)));
  }
  std::vector<JobRow> WaitForEnd(std::size_t jobs) const { return OrThrow(WaitForJobs(box.Socket(), jobs, kEnd)); }
  json::object Document(const std::string& path) const {
    return OrThrow(ParseJson(OrThrow(ReadText(path)))).as_object();
  }
  static std::vector<std::string> Texts(const json::object& document, std::string_view key) {
    std::vector<std::string> texts;
    const json::value* list = document.if_contains(key);
    for (const auto& one : list != nullptr ? list->as_array() : json::array()) texts.emplace_back(one.as_string());
    return texts;
  }
  std::vector<std::string> InstalledZims() const {
    std::vector<std::string> paths;
    for (const auto& book : OrThrow(ParseLibrary(OrThrow(ReadText(box.Path("/library/zims/library.xml"))))))
      paths.push_back(book.path);
    return paths;
  }

  /// All three catalogs offer exactly what these presets name, and the internet of the box has it.
  void Offer(const std::vector<std::string>& ids) {
    json::object zims, files, maps;
    for (const std::string& id : ids) {
      const auto content = Document(presets + id + "/content.json");
      for (const std::string& name : Texts(content, "zims")) zims[UuidFor(name)] = OfferZim(name);
      for (const std::string& name : Texts(content, "modules")) {
        OrThrow(WriteText(fmt::format("{}/{}/index.html", served, name), "<h1>" + name + "</h1>"));
        files[name] = json::object{
            {"moddir", name}, {"title", name}, {"lang", "en"}, {"ksize", "1"}, {"rsync_url", rsync->Url(name)}};
      }
      for (const std::string& name : Texts(content, "maps")) {
        OrThrow(WriteText(fmt::format("{}/{}/{}", box.Path("/internet/maps/archive"), name, name), MapBytes(name)));
        maps[name] = json::object{{"size", MapBytes(name).size()}, {"region", name}};
      }
    }
    OrThrow(WriteText(box.Path(box::kCatalogFile), PrintJson(json::object{{"zims", zims}})));
    OrThrow(WriteText(box.Path("/etc/iiab/oer2go_catalog.json"), PrintJson(json::object{{"modules", files}})));
    OrThrow(WriteText(box.Path("/library/www/html/common/assets/adm-map-catalog.json"),
                      PrintJson(json::object{{"base", json::object()}, {"maps", maps}})));
  }
  json::object OfferZim(const std::string& name) {
    ZimSpec spec;
    spec.file_ref = name + "_2026-01";
    spec.uuid = UuidFor(name);
    spec.title = name;
    spec.articles = 1;
    const std::string made = OrThrow(MakeZim(box.Path("/internet/zim/presets"), spec));
    const std::string url = box.Internet().Url(fmt::format("/zim/presets/{}.zim", spec.file_ref));
    return {{"file_ref", spec.file_ref}, {"perma_ref", name}, {"size", fmt::format("{}", SizeOf(made) / 1024)},
            {"language", "eng"},         {"title", name},     {"url", url},
            {"download_url", url},       {"source", "zims"}};
  }
  static std::string MapBytes(const std::string& name) { return std::string(2000, name.front()); }

  void Make(const std::string& id, const json::object& content, const std::string& vars) const {
    OrThrow(WriteText(presets + id + "/preset.json", R"({"name": "N", "size_in_gb": 1})"));
    OrThrow(WriteText(presets + id + "/menu.json", R"({"autoupdate_menu": true, "menu_items_1": ["en-credits"]})"));
    OrThrow(WriteText(presets + id + "/content.json", PrintJson(content)));
    OrThrow(WriteText(presets + id + "/vars.yml", vars));
  }
  static std::size_t Count(const std::vector<JobRow>& jobs, std::string_view status) {
    return static_cast<std::size_t>(
        std::ranges::count_if(jobs, [&](const JobRow& job) { return job.status == status; }));
  }
};

TEST_F(PresetInstall, ServicesComeFirstAndTheirContentThen) {
  Make("mine",
       {{"zims", {"wells_en_all"}},
        {"maps", {kMap}},
        {"kolibri", {{"lang_code", "fr"}, {"channels", {{{"channel_id", "c9d7f950ab6b5a1199e3d6c10d7f0103"}}}}}}},
       "kolibri_install: True\nkolibri_enabled: True\ndefault_language: fr\n");
  OrThrow(WriteText(box.Path("/etc/iiab/local_vars.yml"), "# mine\nosm_vector_maps_enabled: False\n"));
  Offer({"mine"});
  Start();
  EXPECT_EQ(Plan("mine").at("services_added"), json::array{"OSM Vector Maps"});
  EXPECT_EQ(OrThrow(ReadText(box.Path("/etc/iiab/local_vars.yml"))), "# mine\nosm_vector_maps_enabled: False\n");
  EXPECT_EQ(Install("mine"),
            R"({"Warning": "WARNING: The following services were added - OSM Vector Maps INST-PRESETS."})");
  const auto jobs = WaitForEnd(9);
  ASSERT_EQ(jobs.size(), 9U) << Describe(jobs);
  for (const JobRow& job : jobs) {
    EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
    EXPECT_EQ(job.group, jobs.front().group);
  }
  EXPECT_THAT(box.CallsOf("ansible-playbook"), HasSubstr("kolibri"));
  EXPECT_THAT(box.CallsOf("ansible-playbook"), HasSubstr("osm-vector-maps"));
  const std::string vars = OrThrow(ReadText(box.Path("/etc/iiab/local_vars.yml")));
  for (const char* line : {"# mine\n", "kolibri_install: True\n", "kolibri_enabled: True\n", "default_language: fr\n",
                           "osm_vector_maps_enabled: True\n", "kolibri_language: fr\n"})
    EXPECT_THAT(vars, HasSubstr(line));
  EXPECT_THAT(box.CallsOf("kolibri"), HasSubstr("importchannel"));
  EXPECT_THAT(InstalledZims(), Contains("content/wells_en_all_2026-01.zim"));
  EXPECT_TRUE(Exists(tiles + kMap));
  EXPECT_EQ(Install("mine").find("Error"), std::string::npos) << "what is there is left out";
}

TEST_F(PresetInstall, WhatFailedIsListedAndTriedAgainAlone) {
  Make("mine", {{"zims", {"wells_en_all", "seeds_en_all"}}, {"modules", {"en-wells", "en-seeds"}}},
       "nextcloud_install: True\nnextcloud_enabled: True\n");
  Offer({"mine"});
  box.Configure({{"download_retry_days", 0}});
  box.Internet().Set({.fault = Fault::Status, .path = "/zim/presets/seeds*", .status = 404});
  OrThrow(WriteText(box.Path("/tmp/ansible-fails"), ""));
  std::filesystem::rename(served + "/en-seeds", served + "/away");
  Start();
  EXPECT_EQ(Install("mine"), R"({"Success": "INST-PRESETS All jobs scheduled."})");
  auto jobs = WaitForEnd(11);
  ASSERT_EQ(jobs.size(), 11U) << Describe(jobs);
  std::vector<std::string> failed;
  for (const JobRow& job : jobs) {
    if (job.status == "FAILED") failed.push_back(job.command.substr(0, job.command.find(' ', 18)));
  }
  EXPECT_THAT(failed, ::testing::UnorderedElementsAre("iiab-cmdsrv-step run-roles", "iiab-cmdsrv-step zim-fetch",
                                                      "iiab-cmdsrv-step module-fetch"))
      << Describe(jobs);
  EXPECT_EQ(Count(jobs, "SUCCEEDED"), 5U) << Describe(jobs);
  EXPECT_EQ(Count(jobs, "CANCELLED"), 3U) << "what depends on them";
  EXPECT_THAT(InstalledZims(), Contains("content/wells_en_all_2026-01.zim"));
  EXPECT_TRUE(Exists(modules + "en-wells/index.html"));
  const auto fetched = box.Internet().TrafficOf("/zim/presets/wells_en_all_2026-01.zim").bytes_sent;

  box.Internet().Clear();
  std::filesystem::remove(box.Path("/tmp/ansible-fails"));
  std::filesystem::rename(served + "/away", served + "/en-seeds");
  EXPECT_THAT(Send(fmt::format(R"(RETRY-JOB {{"job_id": {}}})", jobs.front().id)), HasSubstr("Success"));
  jobs = WaitForEnd(17);
  ASSERT_EQ(jobs.size(), 17U) << "six steps were missing, and no other ran again";
  for (std::size_t i = 11; i < jobs.size(); ++i) EXPECT_EQ(jobs[i].status, "SUCCEEDED") << Describe(jobs);
  EXPECT_EQ(box.Internet().TrafficOf("/zim/presets/wells_en_all_2026-01.zim").bytes_sent, fetched);
  EXPECT_THAT(InstalledZims(), Contains("content/seeds_en_all_2026-01.zim"));
  EXPECT_TRUE(Exists(modules + "en-seeds/index.html"));
  EXPECT_THAT(box.CallsOf("ansible-playbook"), HasSubstr("nextcloud"));
}

/// One by one, because each takes its time.
class RealPresets : public PresetInstall, public ::testing::WithParamInterface<const char*> {};

TEST_P(RealPresets, ArePlannedAndInstalled) {
  CMDSRV_NEEDS_SHARED_DATA();
  const std::string id = GetParam();
  std::filesystem::copy(SharedPath("presets"), presets, std::filesystem::copy_options::recursive);
  ASSERT_EQ(NamesIn(presets).size(), 7U);
  OrThrow(WriteText(box.Path("/etc/nginx/conf.d/maps-nginx.conf"), "# the box has maps already"));
  Offer({id});
  Start();
  const auto plan = Plan(id);
  ASSERT_EQ(plan.at("accepted"), true) << PrintJson(plan);
  EXPECT_THAT(plan.at("skipped").as_array(), IsEmpty()) << PrintJson(plan);
  EXPECT_THAT(Install(id), HasSubstr(R"({"Success": "INST-PRESETS All jobs scheduled."})"));
  // The menu, and two steps for the services.
  const auto jobs = WaitForEnd(std::min<std::size_t>(50, plan.at("steps").as_array().size() + 3));
  for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);

  const auto content = Document(presets + id + "/content.json");
  const auto installed = InstalledZims();
  for (const std::string& zim : Texts(content, "zims"))
    EXPECT_THAT(installed, Contains(fmt::format("content/{}_2026-01.zim", zim)));
  for (const std::string& module : Texts(content, "modules")) EXPECT_TRUE(Exists(modules + module + "/index.html"));
  for (const std::string& map : Texts(content, "maps"))
    EXPECT_EQ(ReadText(tiles + map).value_or(""), MapBytes(map)) << map;
  const json::value* kolibri = content.if_contains("kolibri");
  const bool has_channel = kolibri != nullptr && kolibri->as_object().contains("channels");
  EXPECT_EQ(box.CallsOf("kolibri").find("importcontent") != std::string::npos, has_channel);
  const std::string vars = OrThrow(ReadText(box.Path("/etc/iiab/local_vars.yml")));
  EXPECT_THAT(vars, HasSubstr("kiwix_install: True\n"));
  EXPECT_THAT(vars, HasSubstr("# Written by hand; comments and order must survive.\n"));
  const auto menu = Document(home);
  EXPECT_EQ(menu.at("menu_lang"), Document(presets + id + "/menu.json").at("menu_lang"));
  if (menu.contains("autoupdate_menu") && menu.at("autoupdate_menu") == true) {
    EXPECT_THAT(Texts(menu, "menu_items_1"), IsSupersetOf(Texts(content, "modules")));
  }
  const auto again = Plan(id);
  for (const auto& step : again.at("steps").as_array())
    EXPECT_THAT(std::string(step.at("step").as_string()), HasSubstr("import-kolibri")) << "everything is there";
}

INSTANTIATE_TEST_SUITE_P(All, RealPresets,
                         ::testing::Values("en-medical", "en-school", "en-school-256-base", "en-starter", "es-school",
                                           "fr-school", "test"));

}  // namespace
}  // namespace cmdsrv::test
