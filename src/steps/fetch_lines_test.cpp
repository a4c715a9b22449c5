#include <gmock/gmock.h>

#include "steps/fetch_program.hpp"

/// What the lines of aria2c and wget mean; they are as the programs really print them.
namespace cmdsrv {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

FetchLines Read(FetchTool tool, const std::vector<std::string>& lines) {
  FetchLines read;
  for (const auto& line : lines) read.Add(tool, line);
  return read;
}

TEST(FetchLines, Aria2TellsItsBytes) {
  EXPECT_THAT(Read(FetchTool::Aria2, {"[#6160b1 9646899B/29360128B(32%) CN:1 DL:3145728B ETA:6s]"}).Bytes(),
              Optional(9646899U));
  EXPECT_EQ(Read(FetchTool::Aria2, {"[#6160b1 9.2MiB/28MiB(32%) CN:1]", "[NOTICE] x"}).Bytes(), std::nullopt);
  EXPECT_TRUE(Read(FetchTool::Aria2, {"[#2089b0 0B/5B(0%)][Checksum:#2089b0 1B/5B(20%)]"}).IsChecking());
}

TEST(FetchLines, Aria2NamesStatusAndMirror) {
  const std::vector<std::string> lines = {
      "11/23 07:18:32 [ERROR] CUID#7 - Download aborted. URI=http://127.0.0.1:1/x.zim",
      "Exception: [HttpSkipResponseCommand.cc:228] errorCode=29 The response status is not successful. status=503",
      "11/23 07:18:33 [ERROR] CUID#8 - Download aborted. URI=http://127.0.0.2:1/x.zim",
      "Exception: [HttpSkipResponseCommand.cc:228] errorCode=29 The response status is not successful. status=503"};
  EXPECT_EQ(Read(FetchTool::Aria2, lines).Problem(), "the server answered 503 (service unavailable) from both mirrors");
  EXPECT_FALSE(Read(FetchTool::Aria2, lines).IsHopeless());
}

TEST(FetchLines, OnlyRefusalsOfAllMirrorsAreHopeless) {
  const auto one = [](const std::string& code, const std::string& text) {
    return Read(FetchTool::Aria2, {"Download aborted. URI=http://a/x.zim",
                                   "Exception: [AbstractCommand.cc:351] errorCode=" + code + " URI=http://a/x.zim",
                                   "  -> [HttpSkipResponseCommand.cc:239] errorCode=" + code + " " + text});
  };
  for (const char* status : {"401", "403", "404", "410", "451"}) {
    EXPECT_TRUE(one("22", std::string("The response status is not successful. status=") + status).IsHopeless())
        << status;
  }
  for (const char* status : {"408", "429", "500", "502", "503"}) {
    EXPECT_FALSE(one("22", std::string("The response status is not successful. status=") + status).IsHopeless());
  }
  EXPECT_TRUE(one("24", "Authorization failed.").IsHopeless());
  EXPECT_EQ(one("24", "Authorization failed.").Problem(), "the server answered 401 (login needed)");
  EXPECT_FALSE(one("19", "CUID#7 - Name resolution for a failed:Domain name not found").IsHopeless());
  EXPECT_FALSE(one("1", "Failed to establish connection, cause: Connection refused").IsHopeless());
}

TEST(FetchLines, Aria2SaysThatItLostItsPlace) {
  const FetchLines lines = Read(
      FetchTool::Aria2, {"Exception: [x.cc:1] errorCode=1 Failed to read from the segment file /w/x.zim.part.aria2"});
  EXPECT_TRUE(lines.LostItsPlace());
  EXPECT_FALSE(lines.DiskFull());
}

TEST(FetchLines, DifferentReasonsAreListedByMirror) {
  const FetchLines lines =
      Read(FetchTool::Aria2,
           {"Download aborted. URI=http://a/x.zim", "Exception: [x] errorCode=3 Resource not found",
            "Download aborted. URI=http://b/x.zim",
            "Exception: [SocketCore.cc:507] errorCode=1 Failed to connect to the host b, cause: Connection refused"});
  EXPECT_EQ(lines.Problem(),
            "a: the server answered 404 (not found); b: Failed to connect to the host b, cause: Connection refused");
}

TEST(FetchLines, WgetNamesStatusRefusalAndFullDisk) {
  EXPECT_EQ(Read(FetchTool::Wget, {"http://h/x.zim:", "2026-11-23 07:18:33 ERROR 404: Not Found."}).Problem(),
            "the server answered 404 (not found)");
  EXPECT_TRUE(Read(FetchTool::Wget, {"http://h/x.zim:", "2026-11-23 07:18:33 ERROR 404: Not Found."}).IsHopeless());
  EXPECT_EQ(Read(FetchTool::Wget, {"failed: Connection refused."}).Problem(), "Connection refused.");
  EXPECT_EQ(Read(FetchTool::Wget, {"wget: unable to resolve host address 'x'"}).Problem(),
            "unable to resolve host address 'x'");
  EXPECT_EQ(Read(FetchTool::Wget, {"Username/Password Authentication Failed."}).Problem(),
            "the server answered 401 (login needed)");
  EXPECT_TRUE(Read(FetchTool::Wget, {"x.zim.part: No space left on device"}).DiskFull());
  EXPECT_EQ(Read(FetchTool::Wget, {}).Problem(), "");
}

TEST(FetchArguments, HostileNamesStayOperands) {
  const FetchPart part("/w/", "x.zim");
  FetchSource source;
  source.metalink.urls = {"http://a/x.zim", "http://b/x.zim"};
  const auto wget = FetchArguments({FetchTool::Wget, "/usr/bin/wget", 60, false, 1}, source, part);
  EXPECT_EQ(wget[wget.size() - 2], "--");
  EXPECT_EQ(wget.back(), "http://b/x.zim");
  EXPECT_THAT(wget, Contains("--read-timeout=40"));
  const auto aria2 = FetchArguments({FetchTool::Aria2, "/usr/bin/aria2c", 1, true, 0}, source, part);
  EXPECT_THAT(aria2, Contains("--metalink-file=/w/x.zim.part.meta4"));
  EXPECT_THAT(aria2, Contains("--check-integrity=true"));
  EXPECT_THAT(aria2, Contains("--timeout=1"));
  EXPECT_THAT(aria2, Not(Contains(HasSubstr("http://"))));
}

}  // namespace
}  // namespace cmdsrv
