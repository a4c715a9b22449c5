// GET-KIWIX-CAT and RESTART-KIWIX through the socket: the new catalog is in use at once, a bad one never is, and nobody
// waits for those who wait.
#include <gmock/gmock.h>

#include <future>
#include <optional>

#include "support/ask.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFeed = "/catalog/v2/entries";
constexpr const char* kGood = R"({"Success": "GET-KIWIX-CAT ."})";
constexpr const char* kBad =
    R"({"Error": "Failed to get the Kiwix Catalog. Keeping the previous one. GET-KIWIX-CAT."})";

class CatalogOfKiwix : public ::testing::Test {
 protected:
  CatalogOfKiwix() { box.Internet(); }

  TestBox box{SmallBox({ZimSpec{}})};
  const std::string known = UuidFor("demo_en_all_maxi_2026-01 1");
  std::optional<Daemon> daemon;

  void Start(const json::object& keys = {}) {
    box.Configure(keys);
    daemon.emplace(box.StartDaemon());
  }
  std::string Send(const std::string& command, milliseconds deadline = seconds(60)) const {
    return OrThrow(AskText(box.Socket(), command, deadline));
  }
  std::future<std::string> SendLater(const std::string& command) const {
    return std::async(std::launch::async, [this, command] { return Send(command); });
  }
  std::string Install(const std::string& uuid) const {
    return Send(fmt::format("INST-ZIMS {{\"zim_id\": \"{}\"}}", uuid));
  }
};

TEST_F(CatalogOfKiwix, NewOneIsInUseAtOnce) {
  Start();
  ZimSpec spec;
  spec.file_ref = "fresh_en_all_maxi_2026-04";
  const ZimFacts fresh = OrThrow(ReadZimFacts(OrThrow(MakeZim(box.Path("/internet/zim/other"), spec))));
  EXPECT_THAT(Install(fresh.uuid), HasSubstr("Zim ID not found in Command INST-ZIMS"));
  EXPECT_EQ(Send("GET-KIWIX-CAT"), kGood);
  EXPECT_THAT(Install(fresh.uuid), HasSubstr("Scheduled"));
}

TEST_F(CatalogOfKiwix, BadOneIsNeverTaken) {
  Start();
  const std::string before = OrThrow(ReadText(box.Path(box::kCatalogFile)));
  const Misbehaviour faults[] = {{.fault = Fault::Status, .path = std::string(kFeed) + "*", .status = 503},
                                 {.fault = Fault::Html, .path = std::string(kFeed) + "*"},
                                 {.fault = Fault::Truncate, .path = std::string(kFeed) + "*", .at = 5000},
                                 {.fault = Fault::Drop, .path = std::string(kFeed) + "*", .at = 5000}};
  for (const Misbehaviour& fault : faults) {
    box.Internet().Clear();
    box.Internet().Set(fault);
    EXPECT_EQ(Send("GET-KIWIX-CAT"), kBad) << NameOf(fault.fault);
    EXPECT_EQ(OrThrow(ReadText(box.Path(box::kCatalogFile))), before);
  }
  EXPECT_THAT(Install(known), HasSubstr("Scheduled")) << "the previous one is still in use";
}

TEST_F(CatalogOfKiwix, BrokenFileOnTheDiskIsMendedByANewOne) {
  OrThrow(WriteText(box.Path(box::kCatalogFile), "{broken"));
  Start();
  EXPECT_THAT(Install(known), HasSubstr("Error"));
  EXPECT_THAT(Send("TEST"), HasSubstr("success")) << "a broken catalog disables its own verbs only";
  EXPECT_EQ(Send("GET-KIWIX-CAT"), kGood);
  EXPECT_THAT(Install(known), HasSubstr("Scheduled"));
}

TEST_F(CatalogOfKiwix, CallersAtTheSameTimeShareOneDownload) {
  Start();
  box.Internet().Set({.fault = Fault::Stall, .path = kFeed, .at = 5000});
  auto first = SendLater("GET-KIWIX-CAT");
  ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() == 1; }, seconds(20)));
  auto second = SendLater("GET-KIWIX-CAT");
  EXPECT_EQ(Send("GET-ADM-CONF").front(), '{') << "quick verbs do not wait for slow ones";
  box.Internet().Clear();
  box.Internet().Release();
  EXPECT_EQ(first.get(), kGood);
  EXPECT_EQ(second.get(), kGood);
  EXPECT_LE(box.Internet().TrafficOf(kFeed).requests, 2U);
}

TEST_F(CatalogOfKiwix, SilentServerEndsAtTheDeadlineAndBlocksNobody) {
  Start({{"handler_deadline_s", 8}});
  box.Internet().Set({.fault = Fault::Stall, .path = kFeed, .at = 5000});
  std::vector<std::future<std::string>> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(SendLater("GET-KIWIX-CAT"));  // more than there are workers
  ASSERT_TRUE(WaitUntil([&] { return box.Internet().Stalled() == 1; }, seconds(20)));
  EXPECT_THAT(Send("TEST", seconds(2)), HasSubstr("success"));
  for (auto& one : waiting) EXPECT_EQ(one.get(), kBad);
  EXPECT_EQ(box.Processes().size(), 1U) << Describe(box.Processes());
}

TEST_F(CatalogOfKiwix, NeedsTheInternet) {
  box.EndInternet();
  Start();
  EXPECT_THAT(Send("GET-KIWIX-CAT"),
              HasSubstr("Internet is Required for this Command, but Not Available. GET-KIWIX-CAT."));
}

TEST_F(CatalogOfKiwix, HangingSystemctlEndsAtTheDeadlineAndBlocksNobody) {
  Start({{"handler_deadline_s", 2}});
  box.StandIn("systemctl", "#!/bin/sh\n[ \"$1\" = restart ] && exec sleep 1000\nexit 0\n");
  auto waiting = SendLater("RESTART-KIWIX");
  EXPECT_THAT(Send("TEST", seconds(2)), HasSubstr("success"));
  EXPECT_EQ(waiting.get(), R"({"Error": "Internal Server Error processing Command RESTART-KIWIX."})");
  EXPECT_TRUE(WaitUntil([&] { return box.Processes().size() == 1; }, seconds(10))) << Describe(box.Processes());
}

/// As many as Kiwix has. The catalog is fetched from nothing, then from a feed that lost more than its half, then from
/// one that lost a little less.
TEST(CatalogOfThousands, FromTheFeedToTheAnswers) {
  constexpr unsigned kEntries = 4000;
  const auto unknown = HasSubstr("Zim ID not found in Command");
  TestBox box{SmallBox({ZimSpec{}})};
  const std::string base = box.Internet().Url("");
  auto zims = MirrorZims(box.Root(), "other");
  PadWithSyntheticZims(zims, kEntries);
  OrThrow(WriteText(box.Path(box::kCatalogFile), R"({"download_date": "2015-01-01.00:00:00", "zims": {}})"));
  box.Configure({{"kiwix_opds_url", base + "/feed.xml"}});
  const Daemon daemon = box.StartDaemon();
  const auto send = [&](const std::string& command) { return OrThrow(AskText(box.Socket(), command, seconds(60))); };
  const auto plan = [&](const ZimFacts& zim) {
    const std::string install = fmt::format(R"(INST-ZIMS {{"zim_id": "{}"}})", zim.uuid);
    return send("PLAN " + PrintJson(json::object{{"command", install}}));
  };
  const auto take_feed_of = [&](unsigned entries) {
    const std::vector<ZimFacts> some(zims.begin(), zims.begin() + entries);
    OrThrow(WriteText(box.Path("/internet/feed.xml"), OpdsFeed(some, base)));
    return send("GET-KIWIX-CAT");
  };

  EXPECT_THAT(plan(zims.front()), unknown);
  ASSERT_EQ(take_feed_of(kEntries), kGood);
  const auto written = OrThrow(ParseJson(OrThrow(ReadText(box.Path(box::kCatalogFile)))));
  const auto& entries = written.at("zims").as_object();
  EXPECT_GE(entries.size(), kEntries);
  const json::object expected = KiwixCatalog(zims, base);
  for (const auto& [id, entry] : expected.at("zims").as_object())
    ASSERT_TRUE(entries.at(id) == entry) << PrintJson(entries.at(id)) << " instead of " << PrintJson(entry);
  for (const ZimFacts& zim : {zims.front(), zims[kEntries / 2]}) EXPECT_THAT(plan(zim), HasSubstr("\"accepted\":true"));

  EXPECT_EQ(take_feed_of(kEntries / 2 - 50), kBad);
  EXPECT_TRUE(daemon.Prints("it is not taken"));
  EXPECT_EQ(OrThrow(ParseJson(OrThrow(ReadText(box.Path(box::kCatalogFile))))), written) << "the last good one is kept";
  EXPECT_THAT(plan(zims[kEntries - 100]), Not(unknown));

  EXPECT_EQ(take_feed_of(kEntries / 2 + 50), kGood);
  EXPECT_THAT(plan(zims[kEntries - 100]), unknown);
  EXPECT_THAT(plan(zims[kEntries / 2]), HasSubstr("\"accepted\":true"));
}

/// Titles come from files of strangers; a reply is JSON whatever is in them.
TEST_F(CatalogOfKiwix, HostileTitlesStayTexts) {
  OrThrow(WriteText(box.Path("/library/zims/library.xml"),
                    "<library version=\"1\"><book id=\"old-id\" path=\"content/demo_en_all_maxi_2025-01.zim\" "
                    "title='&quot;,\"x\": {}&#10;&#1;&lt;script&gt;\xff\"Error\": ' size='1'/></library>"));
  OrThrow(WriteText(box.Path("/library/www/html/common/assets/zim_version_idx.json"),
                    R"({"demo_en_all_maxi": {"file_name": "demo_en_all_maxi_2025-01"}})"));
  Start();
  const auto reply = Ask(box.Socket(), "GET-UPGRADEABLE-ZIMS");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->at("demo_en_all_maxi").at("new_zim_version"), "2026-01");
  EXPECT_THAT(std::string(reply->at("demo_en_all_maxi").at("installed_zim_title").as_string()), HasSubstr("<script>"));
  EXPECT_TRUE(Ask(box.Socket(), "GET-ZIM-STAT"));
}

}  // namespace
}  // namespace cmdsrv::test
