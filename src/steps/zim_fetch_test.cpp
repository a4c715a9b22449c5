#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <thread>

#include "base/step_exit.hpp"
#include "support/daemon.hpp"
#include "support/files.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

/// zim-fetch with the real aria2c and wget against an internet that misbehaves.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kName = "demo_en_all_maxi_2026-01";
constexpr const char* kZim = "/zim/other/demo_en_all_maxi_2026-01.zim";
const std::string kMetalink = std::string(kZim) + ".meta4";
const std::string kHash = std::string(kZim) + ".sha256";

ZimSpec Zim(std::uint64_t seed = 1) {
  ZimSpec spec;
  spec.payload_bytes = 3'500'000;
  spec.seed = seed;
  return spec;
}

class ZimFetch : public ::testing::Test {
 protected:
  ZimFetch() { box.Configure({{"fetch_stall_s", 2}}); }

  TestBox box{SmallBox({Zim()})};
  BoxServer& server = box.Internet();
  const std::string content = OrThrow(ReadText(box.Path("/internet" + std::string(kZim))));
  const std::string url = server.Url(kZim);
  const std::string working = box.Path("/library/working/zims");
  const std::string target = working + "/" + kName + ".zim";

  std::vector<std::string> Arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{BuiltProgram("libexec/iiab-cmdsrv-step"),
                                 "--root",
                                 box.Root(),
                                 "zim-fetch",
                                 "--file-ref",
                                 kName,
                                 "--url",
                                 server.Url(kZim)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  RunEnd Fetch(std::vector<std::string> more = {}) { return RunTool(Arguments(std::move(more)), seconds(90)); }
  std::vector<std::string> WithMetalink() const { return {"--metalink", server.Url(kMetalink)}; }
  RunEnd FetchWithMetalink() { return Fetch(WithMetalink()); }

  /// The proven file under its name and nothing beside it.
  void ExpectFetched(const RunEnd& end) {
    EXPECT_EQ(end.status, 0) << end.output;
    EXPECT_THAT(NamesIn(working), ElementsAre(std::string(kName) + ".zim")) << end.output;
    EXPECT_TRUE(ReadText(target).value_or("") == content) << end.output;
  }
  void ExpectNothingUnderItsName() { EXPECT_FALSE(Exists(target)); }

  /// Runs until `when` holds, then does `what`.
  RunEnd FetchAnd(const std::vector<std::string>& more, const std::function<bool()>& when,
                  const std::function<void()>& what) {
    RunEnd end;
    std::thread runner([&] { end = Fetch(more); });
    EXPECT_TRUE(WaitUntil(when, seconds(30)));
    what();
    runner.join();
    return end;
  }
  std::vector<ProcessFacts> ProcessesCalled(const std::string& text) const {
    auto all = box.Processes();
    std::erase_if(all, [&](const auto& one) { return one.command.find(text) == std::string::npos; });
    return all;
  }
};

TEST_F(ZimFetch, TakesTheMetalinkAndProves) {
  const RunEnd end = Fetch({"--metalink", server.Url(kMetalink), "--size-k", fmt::format("{}", content.size() / 1024)});
  ExpectFetched(end);
  EXPECT_THAT(end.output, HasSubstr("@progress phase=download bytes="));
  EXPECT_THAT(end.output, HasSubstr(fmt::format("@progress phase=verify bytes={0} total={0}", content.size())));
  EXPECT_THAT(end.output, HasSubstr("downloaded and proved"));
  EXPECT_EQ(server.TrafficOf(kZim).bytes_sent, content.size());
}

TEST_F(ZimFetch, TakesWgetWhereThereIsNoMetalink) {
  ExpectFetched(Fetch());
  EXPECT_EQ(server.TrafficOf(kZim).whole, 1U);
  EXPECT_EQ(server.TrafficOf(kHash).requests, 1U);
}

TEST_F(ZimFetch, TakesWgetWhereTheMetalinkIsMissing) {
  server.Set({.fault = Fault::Status, .path = kMetalink, .status = 404});
  const RunEnd end = FetchWithMetalink();
  ExpectFetched(end);
  EXPECT_THAT(end.output, HasSubstr("no list of mirrors: "));
}

TEST_F(ZimFetch, IsDoneAtOnceWhenItIsThere) {
  ExpectFetched(FetchWithMetalink());
  server.ResetTraffic();
  const RunEnd again = FetchWithMetalink();
  ExpectFetched(again);
  EXPECT_THAT(again.output, HasSubstr("is downloaded already"));
  EXPECT_EQ(server.TrafficOf(kZim).requests, 0U);
}

TEST_F(ZimFetch, IsDoneAtOnceWhenItIsInTheLibrary) {
  OrThrow(MakeZim(box.Path("/library/zims/content"), Zim()));
  const RunEnd end = FetchWithMetalink();
  EXPECT_EQ(end.status, 0);
  EXPECT_THAT(end.output, HasSubstr("is in the library already"));
  EXPECT_THAT(NamesIn(working), IsEmpty());
}

TEST_F(ZimFetch, GoesOnAfterKillOfEverything) {
  for (const auto& more : {WithMetalink(), std::vector<std::string>{}}) {
    std::filesystem::remove(target);
    server.Clear();
    server.ResetTraffic();
    server.Set({.fault = Fault::Slow, .path = kZim, .rate = 400'000});
    const auto a_third_is_there = [&] { return server.TrafficOf(kZim).bytes_sent > 1'200'000; };
    const RunEnd killed = FetchAnd(more, a_third_is_there, [&] { KillAll(ProcessesCalled(kName)); });
    server.Clear();
    EXPECT_EQ(killed.status, 128 + SIGKILL);
    ExpectNothingUnderItsName();
    const RunEnd end = Fetch(more);
    ExpectFetched(end);
    EXPECT_THAT(end.output, HasSubstr("going on with"));
    // aria2c saves once a second what it has; the rest is at most a second of this slow line and a piece.
    EXPECT_LT(server.TrafficOf(kZim).bytes_sent, content.size() + 1'000'000);
  }
}

TEST_F(ZimFetch, EndsTheProgramThatAKilledStepLeftBehind) {
  server.Set({.fault = Fault::Stall, .path = kZim, .at = 1'500'000, .times = 2});
  const RunEnd killed = FetchAnd(
      {}, [&] { return server.Stalled() > 0; }, [&] { KillAll(ProcessesCalled("zim-fetch")); });
  EXPECT_EQ(killed.status, 128 + SIGKILL);
  const auto left = ProcessesCalled("wget");
  EXPECT_EQ(left.size(), 1U) << "this test is about a wget that goes on alone";
  const RunEnd end = Fetch();
  ExpectFetched(end);
  EXPECT_THAT(Describe(ProcessesCalled("wget")), IsEmpty()) << "the first wget still runs";
}

TEST_F(ZimFetch, TermEndsTheDownloadProgramToo) {
  server.Set({.fault = Fault::Stall, .path = kZim, .at = 1'500'000});
  for (const auto& more : {WithMetalink(), std::vector<std::string>{}}) {
    const RunEnd end = FetchAnd(
        more, [&] { return server.Stalled() > 0; },
        [&] {
          for (const auto& process : ProcessesCalled("zim-fetch")) ::kill(process.pid, SIGTERM);
        });
    EXPECT_EQ(end.status, 128 + SIGTERM) << end.output;
    EXPECT_THAT(ProcessesCalled(kName), IsEmpty());
    EXPECT_TRUE(Exists(target + ".part"));
    EXPECT_TRUE(WaitUntil([&] { return server.Stalled() == 0; }, seconds(5)));
  }
}

TEST_F(ZimFetch, SaysWhatTheMirrorsAnswered) {
  box.Configure({{"fetch_stall_s", 30}});  // aria2c itself tries each mirror, with pauses
  server.Set({.fault = Fault::Status, .path = kZim, .status = 503});
  const RunEnd end = Fetch({"--metalink", server.Url(kMetalink), "--tries", "1"});
  EXPECT_EQ(end.status, StepExit::kTryLater);
  EXPECT_THAT(end.output, HasSubstr("the server answered 503 (service unavailable) from both mirrors"));
  ExpectNothingUnderItsName();
}

TEST_F(ZimFetch, GivesUpAtOnceWhenTheFileIsGone) {
  server.Set({.fault = Fault::Status, .path = kZim, .status = 404});
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("the server answered 404 (not found)"));
  EXPECT_THAT(end.output, Not(HasSubstr("trying again")));
}

TEST_F(ZimFetch, GivesUpAtOnceWhenItIsNotForUs) {
  for (const int status : {401, 403, 410}) {
    server.Clear();
    server.Set({.fault = Fault::Status, .path = kZim, .status = status});
    for (const auto& more : {WithMetalink(), std::vector<std::string>{}}) {
      const RunEnd end = Fetch(more);
      EXPECT_EQ(end.status, StepExit::kFailed) << end.output;
      EXPECT_THAT(end.output, HasSubstr(fmt::format("the server answered {}", status)));
      EXPECT_THAT(end.output, Not(HasSubstr("trying again")));
    }
  }
}

TEST_F(ZimFetch, SaysThatNoHostAnswers) {
  box.EndInternet();
  const RunEnd end = RunTool({BuiltProgram("libexec/iiab-cmdsrv-step"), "--root", box.Root(), "zim-fetch", "--file-ref",
                              kName, "--url", url, "--metalink", url + ".meta4"},
                             seconds(30));
  EXPECT_EQ(end.status, StepExit::kNoNetwork) << end.output;
  EXPECT_THAT(end.output, HasSubstr("cannot download"));
  ExpectNothingUnderItsName();
}

TEST_F(ZimFetch, OneGoodMirrorIsEnough) {
  server.Set({.fault = Fault::Status, .path = kZim, .host = "127.0.0.1", .status = 503});
  ExpectFetched(FetchWithMetalink());
}

TEST_F(ZimFetch, NeverTakesAWebPage) {
  server.Set({.fault = Fault::Html, .path = "/zim/*"});
  const RunEnd end = Fetch({"--tries", "2"});
  EXPECT_EQ(end.status, StepExit::kTryLater);
  EXPECT_THAT(end.output, HasSubstr("the server sent a web page instead of the ZIM"));
  EXPECT_THAT(NamesIn(working), IsEmpty());
}

TEST_F(ZimFetch, WaitsForTheLoginPageToGoAway) {
  server.Set({.fault = Fault::Html, .path = "/zim/*", .times = 6});
  ExpectFetched(FetchWithMetalink());
}

TEST_F(ZimFetch, LeavesAStalledLine) {
  for (const auto& more : {WithMetalink(), std::vector<std::string>{}}) {
    std::filesystem::remove(target);
    server.Set({.fault = Fault::Stall, .path = kZim, .at = 1'000'000, .times = 1});
    ExpectFetched(Fetch(more));
  }
}

TEST_F(ZimFetch, SaysThatTheLineStalled) {
  box.Configure({{"fetch_stall_s", 1}});
  server.Set({.fault = Fault::Stall, .path = kZim, .at = 1'000'000});
  const RunEnd end = Fetch({"--metalink", server.Url(kMetalink), "--tries", "2"});
  EXPECT_EQ(end.status, StepExit::kTryLater);
  EXPECT_THAT(end.output, HasSubstr("the line stalled: no data for 1 s"));
  EXPECT_THAT(end.output, HasSubstr("are kept for the next try"));
  ExpectNothingUnderItsName();
}

TEST_F(ZimFetch, SurvivesAnyNumberOfBrokenLines) {
  for (const std::uint64_t at : {300'000U, 900'000U, 1'500'000U, 2'100'000U, 2'700'000U, 3'300'000U}) {
    server.Set({.fault = Fault::Drop, .path = kZim, .at = at, .reset = true, .times = 1});
  }
  ExpectFetched(Fetch());
  EXPECT_EQ(server.TrafficOf(kZim).bytes_sent, content.size()) << "nothing may be fetched twice";
}

TEST_F(ZimFetch, FetchesAWrongPieceAgain) {
  server.Set({.fault = Fault::Corrupt, .path = kZim, .host = "127.0.0.1", .at = 1'500'000});
  ExpectFetched(FetchWithMetalink());
}

TEST_F(ZimFetch, StartsOverOnceWhenTheContentIsWrong) {
  server.Set({.fault = Fault::Corrupt, .path = kZim, .at = 1'500'000, .after = 1, .times = 1});  // the head comes first
  const RunEnd end = Fetch();
  ExpectFetched(end);
  EXPECT_THAT(end.output, HasSubstr("the SHA-256 of the download is"));
  EXPECT_EQ(server.TrafficOf(kZim).whole, 2U);
}

TEST_F(ZimFetch, FailsWhenTheContentStaysWrong) {
  server.Set({.fault = Fault::Corrupt, .path = kZim, .at = 1'500'000});
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 1);
  EXPECT_EQ(server.TrafficOf(kZim).whole, 2U);
  EXPECT_THAT(NamesIn(working), IsEmpty());
}

TEST_F(ZimFetch, FailsWhenLibzimSaysNoWithoutAnyHash) {
  server.Set({.fault = Fault::Corrupt, .path = kZim, .at = 1'500'000});
  server.Set({.fault = Fault::Status, .path = kHash, .status = 404});
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("is no sound ZIM: its checksum is wrong"));
}

TEST_F(ZimFetch, FailsWhenTheMetalinkContradictsItself) {
  server.Set({.fault = Fault::WrongHash, .path = kMetalink});
  const RunEnd end = Fetch({"--metalink", server.Url(kMetalink), "--tries", "2"});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("a piece of the file has the wrong hash from both mirrors"));
  ExpectNothingUnderItsName();
}

TEST_F(ZimFetch, NoticesACutFile) {
  server.Set({.fault = Fault::Truncate, .path = kZim, .at = 700'000});
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("the server sent only 700000 of"));
  EXPECT_THAT(NamesIn(working), IsEmpty());
}

TEST_F(ZimFetch, NoticesThatTheCatalogMeansAnotherFile) {
  const RunEnd end = Fetch({"--size-k", "77"});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("the catalog says 77 K"));
  EXPECT_EQ(server.TrafficOf(kZim).bytes_sent, 0U);
}

TEST_F(ZimFetch, StartsOverWhenTheFileWasReplaced) {
  server.Set({.fault = Fault::Stall, .path = kZim, .at = 1'000'000});
  const RunEnd first = FetchAnd(
      {}, [&] { return server.Stalled() > 0; }, [&] { KillAll(ProcessesCalled(kName)); });
  EXPECT_EQ(first.status, 128 + SIGKILL);
  server.Clear();
  OrThrow(MakeZim(box.Path("/internet/zim/other"), Zim(2)));
  const RunEnd end = Fetch();
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, HasSubstr("starting over"));
  EXPECT_EQ(ReadText(target).value_or(""), OrThrow(ReadText(box.Path("/internet" + std::string(kZim)))));
}

TEST_F(ZimFetch, GoesOnWithWhatAnOlderProgramBegan) {
  OrThrow(WriteText(target, content.substr(0, 2'000'000)));
  ExpectFetched(Fetch());
  EXPECT_EQ(server.TrafficOf(kZim).bytes_sent, content.size() - 2'000'000);
}

TEST_F(ZimFetch, GoesOnWhereTheServerCannot) {
  OrThrow(WriteText(target + ".part", content.substr(0, 1'000'000)));
  server.Set({.fault = Fault::NoRanges, .path = kZim});
  ExpectFetched(Fetch());
}

TEST_F(ZimFetch, AsksForSpaceBeforeTheFirstByte) {
  const std::string huge = box.Path("/internet" + std::string(kZim));
  std::error_code error;
  std::filesystem::resize_file(huge, std::uintmax_t{1} << 43U, error);
  ASSERT_FALSE(error) << error.message();
  const RunEnd end = Fetch({"--sha256", std::string(64, '0')});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("there is not enough space in"));
  EXPECT_EQ(server.TrafficOf(kZim).bytes_sent, 0U);
}

TEST_F(ZimFetch, RefusesDangerousArguments) {
  const std::string step = BuiltProgram("libexec/iiab-cmdsrv-step");
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"--file-ref", "x"},
      {"--file-ref", "../x", "--url", "http://h/x.zim"},
      {"--file-ref", "-x", "--url", "http://h/x.zim"},
      {"--file-ref", "x", "--url", "file:///etc/shadow"},
      {"--file-ref", "x", "--url", "http://h/x.zim", "--metalink", "--dir=/"},
      {"--file-ref", "x", "--url", "http://h/x.zim", "--sha256", "zz"},
      {"--file-ref", "x", "--url", "http://h/x.zim", "--size-k", "-1"},
      {"--file-ref", "x", "--url", "http://h/x.zim", "more"},
      {"--what", "x"},
  };
  for (const auto& arguments : cases) {
    std::vector<std::string> all{step, "--root", box.Root(), "zim-fetch"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(RunTool(all).status, 2);
  }
}

}  // namespace
}  // namespace cmdsrv::test
