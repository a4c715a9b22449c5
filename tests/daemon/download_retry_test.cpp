// A download whose line is down, or whose server has no time, through the socket with everything real: it waits, it
// says for what, and it goes on by itself.
#include <gmock/gmock.h>

#include <optional>

#include "support/ask.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kZim = "/zim/other/demo_en_all_maxi_2026-01.zim";
constexpr auto kEnd = seconds(90);
constexpr int kTooLongToWaitFor = 300;

BoxOptions BoxWithOneZim() {
  ZimSpec spec;
  spec.payload_bytes = 300'000;
  return SmallBox({spec});
}

class DownloadRetry : public ::testing::Test {
 protected:
  void Start(int first_pause_s) {
    box.Internet();
    box.Configure({{"download_retry_first_s", first_pause_s},
                   {"cmdsrv_lower_job_priority_flag", false},
                   {"cmdsrv_max_concurrent_jobs", 1}});
    daemon.emplace(box.StartDaemon());
  }

  json::value Say(const std::string& command) {
    const auto reply = Ask(box.Socket(), command);
    EXPECT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(reply && reply->is_object() && !reply->get_object().contains("Error")) << command;
    return reply.value_or(json::value());
  }
  void Install() { Say(fmt::format("INST-ZIMS {{\"zim_id\": \"{}\"}}", facts.uuid)); }

  /// Another job has the only slot until the line is down, because the Command itself would be refused without it.
  void InstallWithTheLineDown() {
    Say(R"(TEST-JOB {"steps": [3600]})");
    first_job = 2;
    Install();
    box.EndInternet();
    Say(R"(CANCEL-JOB {"job_id": 1})");
  }

  std::optional<JobRow> Row(long long id) {
    const auto rows = ReadJobs(box.Socket());
    if (!rows) return std::nullopt;
    for (const JobRow& row : *rows) {
      if (row.id == id) return row;
    }
    return std::nullopt;
  }
  std::string ReasonCode() {
    const auto row = Row(first_job);
    const json::value* reason = row ? row->all.if_contains("reason") : nullptr;
    if (reason == nullptr || !reason->is_object()) return {};
    return std::string(TextMember(reason->get_object(), "code"));
  }
  void WaitUntilItWaits(const std::string& code) {
    const bool waits = WaitUntil([&] { return ReasonCode() == code; }, seconds(60));
    ASSERT_TRUE(waits) << Describe(ReadJobs(box.Socket()).value_or(std::vector<JobRow>())) << daemon->Printed();
    EXPECT_EQ(Row(first_job)->status, "SCHEDULED");
    EXPECT_EQ(Row(first_job + 1)->status, "SCHEDULED");
  }
  std::string LogOfDownload() {
    const json::value log = Say(fmt::format("GET-JOB-LOG {{\"job_id\": {}}}", first_job));
    return log.is_object() ? std::string(TextMember(log.get_object(), "text")) : std::string();
  }
  void ExpectInstalled() {
    const auto rows = WaitForJobs(box.Socket(), static_cast<std::size_t>(first_job) + 1, kEnd);
    ASSERT_TRUE(rows) << rows.error().message << daemon->Printed();
    for (const JobRow& row : *rows) {
      if (row.id >= first_job) {
        EXPECT_EQ(row.status, "SUCCEEDED") << Describe(*rows);
      }
    }
    EXPECT_TRUE(Exists(box.Path("/library/zims/content/demo_en_all_maxi_2026-01.zim")));
    EXPECT_THAT(LogOfDownload(), AllOf(HasSubstr("--- try 2 of this step, "), HasSubstr("downloaded and proved")));
  }

  TestBox box{BoxWithOneZim()};
  const ZimFacts facts = MirrorZims(box.Root(), "other").at(0);
  std::optional<Daemon> daemon;
  long long first_job = 1;
};

TEST_F(DownloadRetry, ALineThatIsDownIsWaitedForAndGoesOnWhenSomebodySeesTheInternet) {
  Start(kTooLongToWaitFor);
  InstallWithTheLineDown();
  WaitUntilItWaits("network");
  EXPECT_THAT(Row(first_job)->output, HasSubstr("waiting for the network"));
  EXPECT_EQ(Say("GET-JOB-ACTIVE-SUM").get_object().at("active"), json::value(false)) << "it must hold no slot";
  box.Internet();
  Say("WGET");  // any Command that needs the internet, and so looks whether it is there
  ExpectInstalled();
  EXPECT_THAT(LogOfDownload(), HasSubstr("cannot download demo_en_all_maxi_2026-01.zim: "));
}

TEST_F(DownloadRetry, ItGoesOnWithoutAnybodysHelp) {
  Start(1);
  InstallWithTheLineDown();
  WaitUntilItWaits("network");
  box.Internet();
  ExpectInstalled();
}

TEST_F(DownloadRetry, AServerThatIsStartedAgainGoesOnWaiting) {
  Start(kTooLongToWaitFor);
  InstallWithTheLineDown();
  WaitUntilItWaits("network");
  ASSERT_TRUE(daemon->Restart());
  WaitUntilItWaits("network");
  daemon->Kill9();
  box.Internet();
  ASSERT_TRUE(daemon->Restart());  // and looks for the internet itself
  ExpectInstalled();
}

TEST_F(DownloadRetry, AServerWithoutTimeIsAskedAgainLater) {
  Start(1);
  box.Internet().Set({.fault = Fault::Status, .path = kZim, .status = 503});
  Install();
  WaitUntilItWaits("retry");
  EXPECT_THAT(Row(first_job)->output, HasSubstr("503 (service unavailable)"));
  box.Internet().Clear();
  ExpectInstalled();
  EXPECT_THAT(LogOfDownload(), HasSubstr("503 (service unavailable)"));
}

TEST_F(DownloadRetry, CancelEndsTheWaitAndKeepsTheLog) {
  Start(kTooLongToWaitFor);
  InstallWithTheLineDown();
  WaitUntilItWaits("network");
  Say(fmt::format("CANCEL-JOB {{\"job_id\": {}}}", first_job + 1));
  const auto rows = WaitForJobs(box.Socket(), 3, seconds(20));
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(Row(first_job)->status, "CANCELLED");
  EXPECT_EQ(Row(first_job + 1)->status, "CANCELLED");
  EXPECT_THAT(LogOfDownload(), HasSubstr("cannot download"));
}

TEST_F(DownloadRetry, AFileThatIsGoneFailsAtOnceWithASentence) {
  Start(kTooLongToWaitFor);
  for (const int status : {404, 403}) {
    box.Internet().Clear();
    box.Internet().Set({.fault = Fault::Status, .path = kZim, .status = status});
    Install();
    const auto rows = WaitForJobs(box.Socket(), static_cast<std::size_t>(first_job) + 1, kEnd);
    ASSERT_TRUE(rows) << rows.error().message;
    const auto row = Row(first_job);
    EXPECT_EQ(row->status, "FAILED");
    EXPECT_THAT(row->reason, HasSubstr(fmt::format("the server answered {}", status)));
    EXPECT_EQ(Row(first_job + 1)->status, "CANCELLED");
    EXPECT_THAT(LogOfDownload(), Not(HasSubstr("try 2")));
    first_job += 2;
  }
}

}  // namespace
}  // namespace cmdsrv::test
