#include "support/box/box_server.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <pugixml.hpp>
#include <thread>

#include "support/box/http_text.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kZim = "/zim/other/demo_en_all_maxi_2026-01.zim";

ZimSpec Zim(std::uint64_t payload) {
  ZimSpec spec;
  spec.payload_bytes = payload;
  return spec;
}

/// A box with one mirror ZIM and its internet.
class BoxServerTest : public ::testing::Test {
 protected:
  TestBox box{SmallBox({Zim(300'000)})};
  BoxServer& server = box.Internet();
  const std::string content = OrThrow(ReadText(box.Path("/internet" + std::string(kZim))));
  const std::string target = box.Path("/tmp/fetched");

  RunEnd Curl(std::vector<std::string> arguments, const std::string& path = kZim, int mirror = 1) {
    arguments.insert(arguments.begin(), {"curl", "-sS", "-o", target});
    arguments.push_back(server.Url(path, mirror));
    return RunTool(arguments);
  }
  std::string Fetched() const { return ReadText(target).value_or("(nothing)"); }
};

TEST_F(BoxServerTest, GivesTheWholeFileOnBothMirrors) {
  for (const int mirror : {1, 2}) {
    const RunEnd end = Curl({}, kZim, mirror);
    EXPECT_EQ(end.status, 0) << end.output;
    EXPECT_TRUE(Fetched() == content) << Fetched().size() << " bytes";
  }
  const PathTraffic traffic = server.TrafficOf(kZim);
  EXPECT_EQ(traffic.requests, 2U);
  EXPECT_EQ(traffic.whole, 2U);
  EXPECT_EQ(traffic.bytes_sent, 2 * content.size());
  EXPECT_EQ(traffic.by_host.at("127.0.0.2"), 1U);
}

TEST_F(BoxServerTest, GivesRanges) {
  Curl({"-r", "1000-1999"});
  EXPECT_TRUE(Fetched() == content.substr(1000, 1000)) << Fetched().size() << " bytes";
  Curl({"-r", "-10"});
  EXPECT_TRUE(Fetched() == content.substr(content.size() - 10)) << Fetched().size() << " bytes";
  Curl({"-r", fmt::format("{}-", content.size() - 5)});
  EXPECT_TRUE(Fetched() == content.substr(content.size() - 5)) << Fetched().size() << " bytes";
  const RunEnd beyond = Curl({"-f", "-r", fmt::format("{}-", content.size())});
  EXPECT_THAT(beyond.output, HasSubstr("416"));
  EXPECT_EQ(server.TrafficOf(kZim).ranges.front(), "bytes=1000-1999");
  EXPECT_THAT(server.TrafficOf(kZim).statuses, ElementsAre(206, 206, 206, 416));
}

TEST_F(BoxServerTest, IfRangeWithAnOldETagGivesTheWholeFile) {
  const RunEnd head = RunTool({"curl", "-sSI", server.Url(kZim)});
  EXPECT_THAT(head.output, HasSubstr(fmt::format("Content-Length: {}", content.size())));
  EXPECT_THAT(head.output, HasSubstr("Accept-Ranges: bytes"));
  const std::size_t at = head.output.find("ETag: ") + 6;
  const std::string etag = head.output.substr(at, head.output.find('\r', at) - at);
  Curl({"-r", "5-", "-H", "If-Range: " + etag});
  EXPECT_TRUE(Fetched() == content.substr(5)) << Fetched().size() << " bytes";
  Curl({"-r", "5-", "-H", "If-Range: \"another\""});
  EXPECT_TRUE(Fetched() == content) << Fetched().size() << " bytes";
}

TEST_F(BoxServerTest, KeepsAConnectionForSeveralRequests) {
  const RunEnd end =
      RunTool({"curl", "-sS", "-v", "-o", "/dev/null", "-o", "/dev/null", server.Url(kZim), server.Url(kZim)});
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.output, HasSubstr("Re-using existing connection"));
}

TEST_F(BoxServerTest, OpdsFeedIsWellFormedAndPadded) {
  Curl({}, "/catalog/v2/entries?count=-1");
  pugi::xml_document feed;
  ASSERT_TRUE(feed.load_file(target.c_str()));
  unsigned entries = 0;
  for (const auto& entry : feed.child("feed").children("entry")) {
    ++entries;
    EXPECT_THAT(entry.child_value("id"), StartsWith("urn:uuid:"));
  }
  EXPECT_EQ(entries, 120U);
  const auto link = feed.child("feed").child("entry").find_child_by_attribute("link", "type", "application/x-zim");
  EXPECT_EQ(link.attribute("href").value(), server.Url(kZim) + ".meta4");
  EXPECT_EQ(link.attribute("length").as_ullong(), content.size());
}

TEST_F(BoxServerTest, HashDocumentsTellTheTruth) {
  Curl({}, std::string(kZim) + ".sha256");
  EXPECT_EQ(Fetched(), Sha256(content) + "  demo_en_all_maxi_2026-01.zim\n");
  Curl({}, std::string(kZim) + ".meta4");
  EXPECT_THAT(Fetched(), HasSubstr(Sha256(content)));
  EXPECT_THAT(Fetched(), HasSubstr(server.Url(kZim, 2)));
}

TEST_F(BoxServerTest, PointsTheBoxToItself) {
  const auto conf = OrThrow(ParseJson(OrThrow(ReadText(box.Path(box::kConfigFile)))));
  const auto& keys = conf.at("cmdsrv_conf").as_object();
  EXPECT_EQ(TextMember(keys, "kiwix_opds_url"), server.Url("/catalog/v2/entries?count=-1"));
  EXPECT_EQ(keys.at("inet_check_port"), server.Port());
  const std::string catalog = OrThrow(ReadText(box.Path(box::kCatalogFile)));
  EXPECT_THAT(catalog, HasSubstr(server.Url(kZim)));
  EXPECT_EQ(catalog.find("127.0.0.1:9/"), std::string::npos);
}

TEST_F(BoxServerTest, ServesNothingOutsideOfTheInternetFolder) {
  for (const char* path :
       {"/../etc/iiab/uuid", "/zim/%2e%2e/%2e%2e/etc/iiab/uuid", "/zim/other/.hidden", "/zim", "/"}) {
    const RunEnd end = Curl({"-f", "--path-as-is"}, path);
    EXPECT_EQ(end.status, 22) << path << " " << end.output;
  }
}

TEST_F(BoxServerTest, ControlSetsListsAndClearsRules) {
  const std::string rule = R"({"kind": "status", "status": 429, "path": "/zim/*", "host": "127.0.0.2", "times": 1})";
  EXPECT_EQ(RunTool({"curl", "-sS", "-d", rule, server.Url("/control")}).output, "{\"id\":1}\n");
  EXPECT_THAT(RunTool({"curl", "-sS", server.Url("/control")}).output, HasSubstr("\"status\":429"));
  EXPECT_EQ(Curl({"-f"}, kZim, 1).status, 0) << "the other mirror is well";
  EXPECT_THAT(Curl({"-f"}, kZim, 2).output, HasSubstr("429"));
  EXPECT_EQ(Curl({"-f"}, kZim, 2).status, 0) << "only once";
  EXPECT_EQ(server.TimesMet(1), 1U);
  EXPECT_EQ(RunTool({"curl", "-sS", server.Url("/control?kind=html&times=3")}).output, "{\"id\":2}\n");
  EXPECT_EQ(RunTool({"curl", "-sS", server.Url("/control?action=clear")}).output, "{\"done\":\"clear\"}\n");
  EXPECT_EQ(RunTool({"curl", "-sS", server.Url("/control")}).output, "{\"rules\":[]}\n");
  EXPECT_THAT(RunTool({"curl", "-sS", server.Url("/control?kind=magic")}).output, HasSubstr("not known"));
  EXPECT_THAT(RunTool({"curl", "-sS", server.Url("/control/stats")}).output, HasSubstr("\"statuses\":[200,429,200]"));
}

TEST_F(BoxServerTest, SurvivesNonsense) {
  OrThrow(WriteText(target, std::string(100'000, 'x')));
  const std::string line = fmt::format("telnet://127.0.0.1:{}", server.Port());
  EXPECT_NE(RunTool({"curl", "-sS", "-T", target, line}).status, -1) << "a head without end must not be waited for";
  EXPECT_EQ(Curl({"-X", "DELETE", "-f"}).status, 22);
  EXPECT_EQ(Curl({}).status, 0);
}

TEST(BoxServer, TwoServersOfOneMachineDoNotMeet) {
  TestBox first;
  TestBox second;
  EXPECT_NE(first.Internet().Port(), second.Internet().Port());
}

TEST(BoxProgram, ServesUntilTerm) {
  TestBox box(SmallBox({Zim(0)}));
  RunEnd end;
  std::thread runner([&] { end = RunTool({BuiltProgram("bin/iiab-box"), "serve", "--root", box.Root()}); });
  EXPECT_TRUE(WaitUntil([&] { return Exists(box.Path("/run/iiab-box.port")); }, seconds(20)));
  for (const auto& process : box.Processes()) ::kill(process.pid, SIGTERM);
  runner.join();
  EXPECT_EQ(end.status, 0);
  const std::string port = OrThrow(ReadText(box.Path("/run/iiab-box.port")));
  EXPECT_EQ(end.output, "serving on http://127.0.0.1:" + port);
}

TEST(ParseRange, FollowsTheRules) {
  const auto check = [](std::string_view header, RangeKind kind, std::uint64_t first = 0, std::uint64_t end = 0) {
    const AskedRange asked = ParseRange(header, 100);
    EXPECT_EQ(asked.kind, kind) << header;
    if (kind != RangeKind::Part) return;
    EXPECT_EQ(asked.bytes.first, first) << header;
    EXPECT_EQ(asked.bytes.end, end) << header;
  };
  check("", RangeKind::Whole);
  check("bytes=0-", RangeKind::Part, 0, 100);
  check("bytes=10-19", RangeKind::Part, 10, 20);
  check("bytes=90-1000", RangeKind::Part, 90, 100);
  check("bytes=-30", RangeKind::Part, 70, 100);
  check("bytes=-300", RangeKind::Part, 0, 100);
  check("bytes=100-", RangeKind::Unsatisfiable);
  check("bytes=0-1,5-6", RangeKind::Whole);
  check("bytes=a-b", RangeKind::Whole);
  check("bytes=-", RangeKind::Whole);
  check("lines=1-2", RangeKind::Whole);
}

}  // namespace
}  // namespace cmdsrv::test
