// GET-OER2GO-CAT, GET-OER2GO-STAT, INST-OER2GO-MOD and COPY-OER2GO-MOD through the socket, with a real rsync daemon,
// the real rclone, and a stick that is a file system of its own.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>

#include "support/ask.hpp"
#include "support/files.hpp"
#include "support/mounts.hpp"
#include "support/png.hpp"
#include "support/rsync_server.hpp"
#include "support/small_disk.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr auto kEnd = seconds(120);

class Modules : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const bool entered = EnterMountNamespace();
    ASSERT_TRUE(entered) << "this test needs the right to make a mount namespace";
  }

  Modules() {
    MakeModule(served, "en-wells");
    box.Internet();
  }

  TestBox box;
  const std::string served = box.Path("/internet/modules");
  const std::string modules = box.Path("/library/www/html/modules");
  const std::string working = box.Path("/library/working/rachel");
  const std::string defs = box.Path("/library/www/html/js-menu/menu-files/menu-defs");
  const std::string catalog = box.Path("/etc/iiab/oer2go_catalog.json");
  RsyncServer rsync{MadeDirectory(served)};
  std::optional<Daemon> daemon;

  static std::string MadeDirectory(const std::string& directory) {
    OrThrow(MakeDirs(directory));
    return directory;
  }
  static void MakeModule(const std::string& directory, const std::string& name) {
    OrThrow(WriteText(fmt::format("{}/{}/index.html", directory, name), "<h1>" + name + "</h1>"));
    OrThrow(WriteText(fmt::format("{}/{}/pages/a b.html", directory, name), std::string(300'000, 'x')));
    OrThrow(WriteText(fmt::format("{}/{}/logo.png", directory, name), MakePng(16, 0x336699)));
  }
  void Start(const json::object& keys = {}) {
    box.Configure(keys);
    daemon.emplace(box.StartDaemon());
  }
  /// An entry of the catalog file.
  void Offer(const std::string& name, json::object fields = {}) {
    auto document = OrThrow(ParseJson(OrThrow(ReadText(catalog))));
    json::object entry{{"moddir", name},       {"module_id", "900"},
                       {"title", "T " + name}, {"description", nullptr},
                       {"lang", "en"},         {"type", "html"},
                       {"ksize", "300"},       {"file_count", "3"},
                       {"age_range", nullptr}, {"rsync_url", rsync.Url(name)}};
    for (const auto& [key, value] : fields) entry[key] = value;
    document.as_object()["modules"].as_object()[name] = entry;
    OrThrow(WriteText(catalog, PrintJson(document)));
  }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  std::string Install(const std::string& name) const {
    return Send(fmt::format(R"(INST-OER2GO-MOD {{"moddir": "{}"}})", name));
  }
  std::vector<JobRow> WaitForEnd(std::size_t jobs) const { return OrThrow(WaitForJobs(box.Socket(), jobs, kEnd)); }
  static void ExpectSucceeded(const std::vector<JobRow>& jobs) {
    for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
  }
  std::vector<std::string> MenuItems() const {
    const auto menu = OrThrow(ParseJson(OrThrow(ReadText(box.Path("/library/www/html/home/menu.json")))));
    std::vector<std::string> items;
    for (const auto& item : menu.at("menu_items_1").as_array()) items.emplace_back(item.as_string());
    return items;
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
  }
};

class InstallModule : public Modules {};

TEST_F(InstallModule, OverRsync) {
  Offer("en-wells");
  Start();
  EXPECT_EQ(Install("en-wells"), R"({"Success": "Job  2 Scheduled."})");
  ExpectSucceeded(WaitForEnd(2));
  EXPECT_EQ(OrThrow(ReadText(modules + "/en-wells/index.html")), "<h1>en-wells</h1>");
  EXPECT_EQ(SizeOf(modules + "/en-wells/pages/a b.html"), 300'000U);
  EXPECT_EQ(ModeOf(modules + "/en-wells"), 0755U);
  EXPECT_EQ(ModeOf(modules + "/en-wells/index.html"), 0644U);
  EXPECT_FALSE(Exists(working + "/en-wells"));
  const auto def = OrThrow(ParseJson(OrThrow(ReadText(defs + "/en-wells.json"))));
  EXPECT_EQ(def.at("title"), "T en-wells");
  EXPECT_EQ(def.at("logo_url"), "en-wells_logo.png");
  EXPECT_EQ(def.at("footnote"), "Size: 300K, Files: 3, Age: ");
  EXPECT_TRUE(Exists(box.Path("/library/www/html/js-menu/menu-files/images/en-wells_logo.png")));
  EXPECT_THAT(MenuItems(), Contains("en-wells"));
  EXPECT_EQ(Send("GET-OER2GO-STAT"), R"({"WIP":{},"INSTALLED":["en-wells"]})");
  EXPECT_THAT(Install("en-wells"), HasSubstr("Module already installed in Command INST-OER2GO-MOD."));
}

TEST_F(InstallModule, ByRclone) {
  MakeModule(box.Path("/internet/bucket/iiab-modules"), "en-radio");
  OrThrow(WriteText(box.Path("/root/.config/rclone/rclone.conf"),
                    fmt::format("[contabo]\ntype = alias\nremote = {}\n", box.Path("/internet/bucket")), 0600));
  Offer("en-radio", {{"rclone", "contabo:iiab-modules/en-radio"}, {"rsync_url", nullptr}});
  Start();
  EXPECT_THAT(Install("en-radio"), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd(2);
  ExpectSucceeded(jobs);
  EXPECT_THAT(jobs[0].command, HasSubstr("--rclone contabo:iiab-modules/en-radio"));
  EXPECT_EQ(SizeOf(modules + "/en-radio/pages/a b.html"), 300'000U);
}

TEST_F(InstallModule, WhatIsRefused) {
  Offer("en-stranger", {{"rclone", "stranger:bucket/en-stranger"}, {"rsync_url", ""}});
  Offer("en-option", {{"rsync_url", "--rsh=touch /tmp/x"}});
  Offer("en-elsewhere", {{"rsync_url", rsync.Url("../../etc")}});
  Offer("en-giant", {{"ksize", "99999999999"}});
  Offer("..");
  Start();
  EXPECT_EQ(Install("en-unknown"), R"({"Error": "Module not in catalog in Command INST-OER2GO-MOD."})");
  for (const char* name : {"en-stranger", "en-option", "en-elsewhere"})
    EXPECT_EQ(Install(name), R"({"Error": "Module has no download source INST-OER2GO-MOD."})") << name;
  EXPECT_EQ(Install("en-giant"), R"({"Error": "Not enough storage space for Module INST-OER2GO-MOD."})");
  for (const char* name : {"..", "", "a/b", "-x"})
    EXPECT_THAT(Install(name), HasSubstr("Malformed Command INST-OER2GO-MOD")) << name;
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty());
}

TEST_F(InstallModule, OneTheServerDoesNotHaveFails) {
  Offer("en-gone");
  Start();
  EXPECT_THAT(Install("en-gone"), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd(2);
  EXPECT_EQ(jobs[0].status, "FAILED") << Describe(jobs);
  EXPECT_EQ(jobs[1].status, "CANCELLED") << Describe(jobs);
  EXPECT_THAT(NamesIn(modules), Not(Contains("en-gone")));
}

/// What a server of strangers offers beside pages does not get in.
TEST_F(InstallModule, LinksAndRightsOfTheServerStayThere) {
  OrThrow(WriteText(box.Path("/tmp/secret"), "secret"));
  std::filesystem::create_symlink(box.Path("/tmp/secret"), served + "/en-wells/link");
  std::filesystem::create_directory_symlink("/etc", served + "/en-wells/pages/etc");
  OrThrow(WriteText(served + "/en-wells/tool\n.sh", "#!/bin/sh\n"));
  ::chmod((served + "/en-wells/tool\n.sh").c_str(), 06777);
  Offer("en-wells");
  Start();
  EXPECT_THAT(Install("en-wells"), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(2));
  EXPECT_THAT(NamesIn(modules + "/en-wells"), ElementsAre("index.html", "logo.png", "pages", "tool\n.sh"));
  EXPECT_THAT(NamesIn(modules + "/en-wells/pages"), ElementsAre("a b.html"));
  EXPECT_EQ(ModeOf(modules + "/en-wells/tool\n.sh"), 0644U);
}

TEST_F(InstallModule, IsWorkInProgressAndGoesOnWhenTheLineIsBack) {
  const unsigned port = FreePort();
  Offer("en-wells", {{"rsync_url", fmt::format("rsync://127.0.0.1:{}/modules/en-wells", port)}});
  Start({{"download_retry_first_s", 1}, {"download_retry_longest_s", 1}});
  EXPECT_THAT(Install("en-wells"), HasSubstr("Scheduled"));
  EXPECT_EQ(Send("GET-OER2GO-STAT"),
            R"({"WIP":{"en-wells":{"cmd":"INST-OER2GO-MOD","action":"DOWNLOAD","dest":"internal","source":"oer2go"}},)"
            R"("INSTALLED":[]})");
  EXPECT_THAT(Send(R"(INST-OER2GO-MOD {"moddir": "en-wells", "again": 1})"), HasSubstr("duplicates an Active Command"));
  EXPECT_THAT(Send(R"(DEL-CONTENT {"device": "internal", "content": {"modules": ["en-wells"]}})"),
              HasSubstr("Some errors occurred"));
  const auto waits = [&] {
    const auto rows = OrThrow(ReadJobs(box.Socket()));
    const json::value* reason = rows.empty() ? nullptr : rows.front().all.if_contains("reason");
    return reason != nullptr && reason->is_object() && rows.front().status == "SCHEDULED";
  };
  ASSERT_TRUE(WaitUntil(waits, seconds(60))) << Describe(OrThrow(ReadJobs(box.Socket())));
  const RsyncServer later(served, port);
  ExpectSucceeded(WaitForEnd(2));
  EXPECT_TRUE(Exists(modules + "/en-wells/index.html"));
}

class ModuleCatalogVerb : public Modules {
 protected:
  static constexpr const char* kFeed = "/iiab-module-cat.json";
  static constexpr const char* kGood = R"({"Success": "GET-OER2GO-CAT ."})";
  void Feed(const json::array& list) { OrThrow(WriteText(box.Path("/internet") + kFeed, PrintJson(list))); }
};

TEST_F(ModuleCatalogVerb, NewOneIsInUseAtOnce) {
  Start();
  Feed(
      {json::object{{"moddir", "en-wells"}, {"type", "html"}, {"ksize", "300"}, {"rsync_url", rsync.Url("en-wells")}}});
  EXPECT_EQ(Send("GET-OER2GO-CAT"), kGood);
  const auto document = OrThrow(ParseJson(OrThrow(ReadText(catalog))));
  EXPECT_EQ(document.at("modules").at("en-wells").at("rsync_url").as_string(), rsync.Url("en-wells"));
  EXPECT_TRUE(document.at("modules").as_object().contains("fr-semences")) << "what the box knew before stays";
  EXPECT_THAT(Install("en-wells"), HasSubstr("Scheduled"));
  ExpectSucceeded(WaitForEnd(2));
}

TEST_F(ModuleCatalogVerb, BadOneIsNeverTaken) {
  json::array many;
  for (int i = 0; i < 10; ++i)
    many.push_back(json::object{{"moddir", fmt::format("en-m{}", i)}, {"type", "html"}, {"has_live_menudef", false}});
  Feed(many);
  Start();
  EXPECT_EQ(Send("GET-OER2GO-CAT"), kGood);
  const std::string before = OrThrow(ReadText(catalog));
  const Misbehaviour faults[] = {{.fault = Fault::Status, .path = kFeed, .status = 503},
                                 {.fault = Fault::Html, .path = kFeed},
                                 {.fault = Fault::Truncate, .path = kFeed, .at = 100},
                                 {.fault = Fault::Drop, .path = kFeed, .at = 100}};
  for (const Misbehaviour& fault : faults) {
    box.Internet().Clear();
    box.Internet().Set(fault);
    EXPECT_THAT(Send("GET-OER2GO-CAT"),
                HasSubstr("The module catalog of IIAB could not be fetched. Keeping the previous one. GET-OER2GO-CAT."))
        << NameOf(fault.fault);
    EXPECT_EQ(OrThrow(ReadText(catalog)), before);
  }
  box.Internet().Clear();
  many.resize(4);
  Feed(many);
  EXPECT_THAT(Send("GET-OER2GO-CAT"),
              HasSubstr("The module catalog of IIAB could not be used. Keeping the previous one."))
      << "it shrinks by more than half";
  EXPECT_EQ(OrThrow(ReadText(catalog)), before);
  many.resize(3);
  many.emplace_back(json::object{{"moddir", "en-m7"}, {"type", "html"}});
  many.emplace_back(json::object{{"moddir", "../x"}, {"type", "html"}});
  many.emplace_back(json::object{{"moddir", "en-m8"}, {"type", "html"}});
  Feed(many);
  EXPECT_EQ(Send("GET-OER2GO-CAT"), kGood);
}

TEST_F(ModuleCatalogVerb, BrokenFileOnTheDiskDisablesItsOwnVerbsOnly) {
  OrThrow(WriteText(catalog, "{broken"));
  Start();
  EXPECT_EQ(Send("GET-OER2GO-STAT"), R"({"WIP":{},"INSTALLED":[]})") << "the console asks this at its start";
  EXPECT_THAT(Install("en-wells"), HasSubstr("Refresh OER2Go Catalog gets a new one"));
  EXPECT_EQ(Send("GET-OER2GO-CAT"), kGood);
  EXPECT_THAT(Install("en-wells"), HasSubstr("Module not in catalog"));
}

class CopyModules : public Modules {
 protected:
  CopyModules() { stick.emplace(box.Path("/media/usb0"), 8 * kMiB); }
  std::optional<SmallDisk> stick;
  const std::string on_stick = box.Path("/media/usb0/library/www/html/modules");

  std::string Copy(const std::string& source, const std::string& dest, const std::string& name) const {
    return Send(fmt::format(R"(COPY-OER2GO-MOD {{"source": "{}", "dest": "{}", "moddir": "{}", "file_ref": "{}"}})",
                            source, dest, name, name));
  }
  std::string Export(const std::string& name) const { return Copy("internal", "/media/usb0", name); }
  std::string Import(const std::string& name) const { return Copy("/media/usb0", "internal", name); }
};

TEST_F(CopyModules, ToTheStick) {
  MakeModule(modules, "en-own");
  Start();
  EXPECT_EQ(Export("en-own"), R"({"Success": "Job  1 Scheduled."})");
  ExpectSucceeded(WaitForEnd(1));
  EXPECT_EQ(SizeOf(on_stick + "/en-own/pages/a b.html"), 300'000U);
  EXPECT_TRUE(Exists(modules + "/en-own/index.html"));
}

TEST_F(CopyModules, FromTheStickIntoUse) {
  MakeModule(on_stick, "fr-semences");
  std::filesystem::create_symlink("/etc/passwd", on_stick + "/fr-semences/passwd.html");
  ::chmod((on_stick + "/fr-semences/index.html").c_str(), 06777);
  Start();
  // The console may leave moddir out.
  EXPECT_THAT(Send(R"(COPY-OER2GO-MOD {"source": "/media/usb0", "dest": "internal", "file_ref": "fr-semences"})"),
              HasSubstr("Job  2 Scheduled"));
  ExpectSucceeded(WaitForEnd(2));
  EXPECT_THAT(NamesIn(modules + "/fr-semences"), ElementsAre("index.html", "logo.png", "pages"));
  EXPECT_EQ(ModeOf(modules + "/fr-semences/index.html"), 0644U);
  EXPECT_THAT(MenuItems(), Contains("fr-semences"));
  EXPECT_TRUE(Exists(on_stick + "/fr-semences/index.html")) << "the stick keeps its own";
  EXPECT_EQ(Import("fr-semences"), R"({"Error": "Module is already installed. ."})");
}

TEST_F(CopyModules, WhatIsRefused) {
  MakeModule(modules, "en-own");
  OrThrow(MakeDirs(on_stick));
  std::filesystem::create_directory_symlink(box.Path("/etc"), on_stick + "/etc");
  Start();
  for (const char* name : {"en-ow", "en-own*", "*", "-a", "etc"})
    EXPECT_EQ(Import(name), R"({"Error": "Module not found on Source. ."})") << name;
  for (const char* name : {"", "..", "../modules/en-own", "/etc"})
    EXPECT_THAT(Export(name), HasSubstr("Malformed Command COPY-OER2GO-MOD")) << name;
  EXPECT_EQ(Copy("internal", "internal", "en-own"), R"({"Error": "Invalid Source or Destination. ."})");
  EXPECT_EQ(Copy("internal", "/media/usb1", "en-own"), R"({"Error": "USB device is not mounted. ."})");
  stick->Fill(20'000);
  EXPECT_EQ(Export("en-own"), R"({"Error": "Not enough storage space on Destination. ."})");
  EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty());
}

TEST_F(CopyModules, StickThatIsPulledOutFillsNothing) {
  MakeModule(modules, "en-own");
  box.StandIn("rsync", "#!/bin/sh\nexit 9\n");
  Start();
  EXPECT_THAT(Export("en-own"), HasSubstr("Scheduled"));
  const auto jobs = WaitForEnd(1);
  EXPECT_EQ(jobs[0].status, "FAILED");
  EXPECT_THAT(jobs[0].output, HasSubstr("rsync ended with exit status 9"));
  stick.reset();
  EXPECT_EQ(Export("en-own"), R"({"Error": "USB device is not mounted. ."})");
  EXPECT_THAT(NamesIn(box.Path("/media/usb0")), IsEmpty()) << "the disk of the box was written to";
}

}  // namespace
}  // namespace cmdsrv::test
