// INST-RACHEL, GET-RACHEL-STAT, INST-KALITE and iiab-install-oer2go-mod through the socket.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>

#include "support/ask.hpp"
#include "support/databases.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"
#include "support/zip_maker.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kVersion = "rachelusb_32EN_3.1.5";
constexpr auto kEnd = seconds(120);

class OldContent : public ::testing::Test {
 protected:
  OldContent() {
    OrThrow(MakeDirs(box.Path("/internet/files")));
    box.Internet();
  }

  TestBox box;
  const std::string ini = box.Path("/etc/iiab/iiab.ini");
  const std::string rachel = box.Path("/library/rachel/www/");
  std::optional<Daemon> daemon;

  void Start() { daemon.emplace(box.StartDaemon()); }
  void HostHasRachel(const std::string& url, const std::string& version) const {
    OrThrow(WriteText(ini, fmt::format("[rachel]\nenabled = True\nrachel_content_path = /library/rachel/www/\n"
                                       "rachel_src_url = {}\nrachel_version = {}\n",
                                       url, version)));
  }
  std::string Send(const std::string& command) const { return OrThrow(AskText(box.Socket(), command, seconds(60))); }
  void ExpectAllSucceed(std::size_t count) const {
    const auto jobs = OrThrow(WaitForJobs(box.Socket(), count, kEnd));
    for (const JobRow& job : jobs) EXPECT_EQ(job.status, "SUCCEEDED") << Describe(jobs);
  }
  void ExpectNoJob() const { EXPECT_THAT(OrThrow(ReadJobs(box.Socket())), IsEmpty()); }
};

TEST_F(OldContent, RachelFromTheAddressToTheStatus) {
  const std::string tree = "rachelusb_32EN_3.1.4/RACHEL/bin/";
  OrThrow(MakeZip(box.Path("/internet/files/rachel.zip"),
                  {{.path = tree + "www/index.php", .bytes = "<?php ?>"},
                   {.path = tree + "www/modules/en-wells/index.htmlf", .bytes = "<h2>Wells</h2>"},
                   {.path = tree + "bin/kiwix", .bytes = "a program"}}));
  HostHasRachel(box.Internet().Url("/files/rachel.zip"), kVersion);
  Start();
  EXPECT_EQ(Send("GET-RACHEL-STAT"), R"({"status":"ENABLED","content_installed":false})");
  const auto bytes = std::filesystem::file_size(box.Path("/internet/files/rachel.zip"));
  const auto plan = OrThrow(Ask(box.Socket(), R"(PLAN {"command": "INST-RACHEL"})", seconds(60)));
  ASSERT_TRUE(plan.at("accepted").as_bool()) << PrintJson(plan);
  EXPECT_EQ(plan.at("fetch").to_number<std::uint64_t>(), bytes) << PrintJson(plan);
  EXPECT_EQ(plan.at("space").at(0).at("final").to_number<std::uint64_t>(), 2 * bytes) << "the archive stays";
  EXPECT_EQ(Send("INST-RACHEL"), R"({"Success": "Job  3 Scheduled."})");
  ExpectAllSucceed(3);
  EXPECT_EQ(Send("GET-RACHEL-STAT"), fmt::format(R"({{"status":"ENABLED","content_installed":true,"enabled":)"
                                                 R"({{"Wells":{{"path":"{}modules/en-wells","enabled":true}}}}}})",
                                                 rachel));
  EXPECT_TRUE(Exists(rachel + "modules.out"));
  const std::string again = Send("INST-RACHEL");
  EXPECT_THAT(again, HasSubstr("Scheduled"));
  const auto jobs = OrThrow(WaitForJobs(box.Socket(), 6, kEnd));
  EXPECT_EQ(jobs[3].status, "FAILED") << Describe(jobs);
  EXPECT_THAT(jobs[3].output, HasSubstr("RACHEL is installed in"));
  EXPECT_EQ(jobs[5].status, "CANCELLED") << "nothing is unpacked for nothing";
}

TEST_F(OldContent, RachelIsRefused) {
  box.Configure({{"root_reserve_mb", 1'000'000}});  // what the system itself needs
  Start();
  EXPECT_EQ(Send("GET-RACHEL-STAT"), R"({"status":"NOT-INSTALLED","content_installed":false})");
  EXPECT_EQ(Send("INST-RACHEL"), R"({"Error": "RACHEL is not installed INST-RACHEL."})");
  OrThrow(WriteText(box.Path("/internet/files/rachel.zip"), "there"));
  const std::string there = box.Internet().Url("/files/rachel.zip");
  for (const std::string& url : {box.Internet().Url("/files/none.zip"), std::string("file:///etc/passwd"),
                                 std::string("-O/etc/passwd"), std::string("ftp://127.0.0.1/x"), std::string()}) {
    HostHasRachel(url, kVersion);
    EXPECT_EQ(Send("INST-RACHEL"), fmt::format(R"({{"Error": "Can't access {} Cmd INST-RACHEL."}})", url));
  }
  for (const char* version : {"../../etc", "-h", "a/b", "a b", ""}) {
    HostHasRachel(there, version);
    EXPECT_EQ(Send("INST-RACHEL"), R"({"Error": "Error creating directory in Command INST-RACHEL."})") << version;
  }
  HostHasRachel(there, kVersion);
  EXPECT_EQ(Send("INST-RACHEL"), R"({"Error": "Not enough storage space for RACHEL INST-RACHEL."})");
  std::filesystem::remove_all(box.Path("/library/working/rachel"));
  OrThrow(WriteText(box.Path("/library/working/rachel"), "a file is in the way"));
  HostHasRachel(there, kVersion);
  EXPECT_EQ(Send("INST-RACHEL"), R"({"Error": "Error creating directory in Command INST-RACHEL."})");
  ExpectNoJob();
}

constexpr const char* kKalite = R"(#!/bin/sh
root=${0%/usr/bin/kalite}
echo "$*" >> "$root/var/lib/box/calls/kalite"
[ "$2" != retrievecontentpack ] || cp "$root/pack.sqlite" "$KALITE_HOME/database/content_khan_$4.sqlite"
)";

TEST_F(OldContent, KaliteByTopics) {
  const std::string kalite = box.Path("/library/ka-lite/");
  OrThrow(MakeDirs(kalite + "database"));
  MakeDatabase(box.Path("/pack.sqlite"),
               "CREATE TABLE item (kind TEXT, path TEXT, youtube_id TEXT);"
               "INSERT INTO item VALUES ('Topic', 'khan/math/', NULL), ('Video', 'khan/math/a/', 'aaa')");
  for (const char* language : {"en", "es"})
    OrThrow(MakeZip(fmt::format("{}/{}.zip", box.Path("/internet/kalite/lang-packs"), language),
                    {{.path = "content.db", .bytes = "pack"}}));
  for (const char* file : {"aaa.mp4", "aaa.png"}) OrThrow(WriteText(box.Path("/internet/kalite/es/") + file, file));
  box.StandIn("kalite", kKalite);
  OrThrow(WriteText(box.Path("/var/lib/box/active/kalite-serve.service"), ""));
  Start();
  EXPECT_EQ(Send(R"(INST-KALITE {"lang_code": "es", "topics": ["khan/math/"]})"),
            R"({"Success": "Job  2 Scheduled."})");
  ExpectAllSucceed(2);
  EXPECT_THAT(NamesIn(kalite + "content"), ::testing::ElementsAre("aaa.mp4", "aaa.png"));
  EXPECT_THAT(box.CallsOf("kalite"), HasSubstr("manage videoscan -les\n"));
  EXPECT_THAT(Send(R"(PLAN {"command": "INST-KALITE {\"lang_code\": \"es\", \"topics\": [\"khan/\"]}"})"),
              HasSubstr(R"("waits_for":"kalite")"));
}

TEST_F(OldContent, KaliteRefusesWhatItCannotName) {
  Start();
  for (const char* arguments :
       {R"({})", R"({"lang_code": "en"})", R"({"topics": ["khan/"]})", R"({"lang_code": "en", "topics": []})",
        R"({"lang_code": "en", "topics": "khan/"})", R"({"lang_code": "en", "topics": [5]})",
        R"({"lang_code": "de", "topics": ["khan/"]})", R"({"lang_code": "pt-br", "topics": ["khan/"]})",
        R"({"lang_code": "../en", "topics": ["khan/"]})", R"({"lang_code": "en", "topics": ["-h"]})",
        R"({"lang_code": "en", "topics": ["khan/%"]})", R"({"lang_code": "en", "topics": ["khan/;reboot"]})",
        R"({"lang_code": "en", "topics": ["khan/"], "service_required": ["none", "active"]})"})
    EXPECT_EQ(Send(fmt::format("INST-KALITE {}", arguments)), R"({"Error": "Malformed Command INST-KALITE."})")
        << arguments;
  json::array many(201, json::value("khan/"));
  EXPECT_THAT(Send(fmt::format(R"(INST-KALITE {{"lang_code": "en", "topics": {}}})", PrintJson(many))),
              HasSubstr("Malformed"));
  ExpectNoJob();
}

TEST_F(OldContent, ModuleHelperByItsOldName) {
  Start();
  const std::string helper = box.Path("/usr/bin/iiab-install-oer2go-mod");
  std::filesystem::create_symlink(BuiltProgram("bin/iiab-cmdsrv-ctl"), helper);
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"env", "CMDSRV_ROOT=" + box.Root(), helper});
    return RunTool(words);
  };
  EXPECT_EQ(run({}).status, 1);
  EXPECT_THAT(run({"../x"}).output, HasSubstr("usage: iiab-install-oer2go-mod MODDIR"));
  const RunEnd unknown = run({"en-none"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.output, HasSubstr("Module not in catalog"));
  ExpectNoJob();
  const RunEnd good = run({"en-wells"});
  EXPECT_EQ(good.status, 0) << good.output;
  EXPECT_THAT(good.output, HasSubstr("Job  2 Scheduled."));
  OrThrow(Ask(box.Socket(), R"(CANCEL-JOB {"job_id": 1})"));
}

}  // namespace
}  // namespace cmdsrv::test
