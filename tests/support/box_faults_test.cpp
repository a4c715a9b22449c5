#include <gmock/gmock.h>

#include <thread>

#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

/// Each misbehaviour as a real download program sees it.
namespace cmdsrv::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kZim = "/zim/other/demo_en_all_maxi_2026-01.zim";

ZimSpec Zim() {
  ZimSpec spec;
  spec.payload_bytes = 3'000'000;
  return spec;
}

class BoxFaults : public ::testing::Test {
 protected:
  TestBox box{SmallBox({Zim()})};
  BoxServer& server = box.Internet();
  const std::string content = OrThrow(ReadText(box.Path("/internet" + std::string(kZim))));
  const std::string target = box.Path("/tmp/demo_en_all_maxi_2026-01.zim");

  RunEnd Curl(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"curl", "-sS", "-f", "-o", target});
    more.push_back(server.Url(kZim));
    return RunTool(more);
  }
  RunEnd Wget() { return RunTool({"wget", "-nv", "-c", "--tries=3", "--waitretry=0", "-O", target, server.Url(kZim)}); }
  RunEnd Aria2(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"aria2c", "--no-conf", "--enable-color=false", "--summary-interval=0",
                               "--follow-metalink=mem", "--file-allocation=none", "--dir=" + box.Path("/tmp"), "-c"});
    more.push_back(server.Url(kZim) + ".meta4");
    return RunTool(more);
  }
  std::string Fetched() const { return ReadText(target).value_or("(nothing)"); }
};

TEST_F(BoxFaults, DropEndsTheLineAtTheByte) {
  for (const bool reset : {false, true}) {
    server.Clear();
    server.Set({.fault = Fault::Drop, .path = kZim, .at = 1'234'567, .reset = reset});
    const RunEnd end = Curl();
    EXPECT_EQ(end.status, reset ? 56 : 18) << end.output;
    EXPECT_TRUE(Fetched() == content.substr(0, 1'234'567)) << Fetched().size() << " bytes";
  }
}

TEST_F(BoxFaults, WgetResumesAfterDropsAndFetchesNothingTwice) {
  for (const std::uint64_t at : {100'000U, 1'000'000U, 2'999'999U}) {
    server.Set({.fault = Fault::Drop, .path = kZim, .at = at, .reset = true, .times = 1});
  }
  const RunEnd first = Wget();
  const RunEnd second = Wget();
  EXPECT_EQ(second.status, 0) << first.output << second.output;
  EXPECT_TRUE(Fetched() == content) << Fetched().size() << " bytes";
  EXPECT_EQ(server.TrafficOf(kZim).bytes_sent, content.size());
  EXPECT_EQ(server.TrafficOf(kZim).whole, 1U);
}

TEST_F(BoxFaults, StallStandsStillUntilReleased) {
  const int rule = server.Set({.fault = Fault::Stall, .path = kZim, .at = 2'000'000, .times = 1});
  const RunEnd end = Curl({"--max-time", "1"});
  EXPECT_EQ(end.status, 28) << end.output;
  EXPECT_EQ(server.TimesMet(rule), 1U);
  EXPECT_TRUE(Fetched() == content.substr(0, 2'000'000)) << Fetched().size() << " bytes";
  EXPECT_TRUE(WaitUntil([&] { return server.Stalled() == 0; }, seconds(5))) << "the client has gone";
}

TEST_F(BoxFaults, ReleasedStallGoesOn) {
  server.Set({.fault = Fault::Stall, .path = kZim, .at = 2'000'000});
  std::thread releaser([&] {
    if (WaitUntil([&] { return server.Stalled() == 1; }, seconds(10))) server.Release();
  });
  const RunEnd end = Curl();
  releaser.join();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_TRUE(Fetched() == content) << Fetched().size() << " bytes";
}

TEST_F(BoxFaults, StatusOnOneMirrorMakesAria2TakeTheOther) {
  server.Set({.fault = Fault::Status, .path = kZim, .host = "127.0.0.1", .status = 503});
  const RunEnd end = Aria2();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_TRUE(Fetched() == content) << Fetched().size() << " bytes";
  EXPECT_EQ(server.TrafficOf(kZim).bytes_sent, content.size());
  EXPECT_GE(server.TrafficOf(kZim).by_host["127.0.0.2"], 1U);
}

TEST_F(BoxFaults, RefuseAnswersNothingAtAll) {
  server.Set({.fault = Fault::Refuse, .path = "*"});
  const RunEnd end = Curl();
  EXPECT_TRUE(end.status == 52 || end.status == 56) << end.status << end.output;
}

TEST_F(BoxFaults, HtmlComesAsTwoHundred) {
  server.Set({.fault = Fault::Html, .path = kZim, .times = 1});
  EXPECT_EQ(Curl().status, 0);
  EXPECT_THAT(Fetched(), HasSubstr("sign in"));
  EXPECT_EQ(Curl().status, 0);
  EXPECT_TRUE(Fetched() == content) << Fetched().size() << " bytes";
}

TEST_F(BoxFaults, CorruptFlipsOneByteAndAria2SeesIt) {
  server.Set({.fault = Fault::Corrupt, .path = kZim, .at = 1'500'000});
  EXPECT_EQ(Curl().status, 0);
  std::string expected = content;
  expected[1'500'000] ^= 0x55;
  EXPECT_TRUE(Fetched() == expected) << Fetched().size() << " bytes";
  RunTool({"rm", target});
  const RunEnd end = Aria2({"--max-tries=2", "--retry-wait=0", "--check-integrity=true"});
  EXPECT_NE(end.status, 0) << end.output;
}

TEST_F(BoxFaults, WrongHashInTheMetalinkIsSeenToo) {
  server.Set({.fault = Fault::WrongHash, .path = std::string(kZim) + ".meta4"});
  EXPECT_NE(Aria2({"--max-tries=2", "--retry-wait=0"}).status, 0);
}

TEST_F(BoxFaults, MissingMetalinkIsNotFound) {
  server.Set({.fault = Fault::Status, .path = std::string(kZim) + ".meta4", .status = 404});
  EXPECT_EQ(Aria2().status, 3);
}

TEST_F(BoxFaults, TruncatedFileLooksComplete) {
  server.Set({.fault = Fault::Truncate, .path = kZim, .at = 700'000});
  EXPECT_EQ(Curl().status, 0);
  EXPECT_TRUE(Fetched() == content.substr(0, 700'000)) << Fetched().size() << " bytes";
}

TEST_F(BoxFaults, ReplacedInTheMiddleHasAnotherETag) {
  ZimSpec newer = Zim();
  newer.seed = 2;
  const std::string other = OrThrow(ReadText(OrThrow(MakeZim(box.Path("/internet/zim/newer"), newer))));
  const std::string head_before = RunTool({"curl", "-sSI", server.Url(kZim)}).output;
  server.Set({.fault = Fault::Drop, .path = kZim, .at = 1'000'000, .times = 1});
  server.Set({.fault = Fault::Replace, .path = kZim, .file = "zim/newer/demo_en_all_maxi_2026-01.zim", .after = 1});
  EXPECT_EQ(Curl().status, 18);
  EXPECT_TRUE(Fetched() == content.substr(0, 1'000'000)) << Fetched().size() << " bytes";
  EXPECT_EQ(Curl().status, 0);
  EXPECT_TRUE(Fetched() == other) << Fetched().size() << " bytes";
  EXPECT_NE(RunTool({"curl", "-sSI", server.Url(kZim)}).output, head_before);
}

TEST_F(BoxFaults, SlowKeepsTheRate) {
  server.Set({.fault = Fault::Slow, .path = kZim, .rate = 100'000});
  const RunEnd end = Curl({"--max-time", "1"});
  EXPECT_EQ(end.status, 28);
  EXPECT_LT(Fetched().size(), 200'000U);
  EXPECT_GT(Fetched().size(), 5'000U);
}

TEST_F(BoxFaults, NoRangesGivesTheWholeFileAgain) {
  server.Set({.fault = Fault::NoRanges, .path = kZim});
  EXPECT_EQ(Curl({"-r", "1000-"}).status, 0);
  EXPECT_TRUE(Fetched() == content) << Fetched().size() << " bytes";
  EXPECT_EQ(server.TrafficOf(kZim).whole, 1U);
}

TEST_F(BoxFaults, EndOfTheServerEndsAStalledLine) {
  TestBox other(SmallBox({Zim()}));
  other.Internet().Set({.fault = Fault::Stall, .path = kZim, .at = 10});
  const std::string url = other.Internet().Url(kZim);
  RunEnd end;
  std::thread client([&] { end = RunTool({"curl", "-sS", "-o", "/dev/null", url}); });
  EXPECT_TRUE(WaitUntil([&] { return other.Internet().Stalled() == 1; }, seconds(10)));
  other.EndInternet();
  client.join();
  EXPECT_EQ(end.status, 18) << end.output;
}

}  // namespace
}  // namespace cmdsrv::test
