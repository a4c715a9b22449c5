#include <gmock/gmock.h>
#include <signal.h>

#include <thread>
#include <zmq.hpp>

#include "support/ask.hpp"
#include "support/directory_watch.hpp"
#include "support/files.hpp"
#include "support/jobs.hpp"
#include "support/processes.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

/// The harness must tell the truth itself: it must see what is left running, and must not wait for ever.
namespace cmdsrv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A server that gives these replies, one after the other.
class FakeServer {
 public:
  FakeServer(const std::string& socket, std::vector<std::string> replies)
      : router_(context_, zmq::socket_type::router), replies_(std::move(replies)) {
    router_.set(zmq::sockopt::linger, 0);
    router_.set(zmq::sockopt::rcvtimeo, 10'000);
    router_.bind("ipc://" + socket);
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeServer() { thread_.join(); }

 private:
  zmq::context_t context_;
  zmq::socket_t router_;
  std::vector<std::string> replies_;
  std::thread thread_;

  void Serve() {
    for (const std::string& reply : replies_) {
      zmq::message_t identity;
      zmq::message_t command;
      if (!router_.recv(identity) || !router_.recv(command)) return;
      router_.send(identity, zmq::send_flags::sndmore);
      router_.send(zmq::buffer(reply), zmq::send_flags::none);
    }
  }
};

std::string Row(int id, const char* status) {
  return fmt::format(R"({{"job_id": {}, "job_status": "{}", "job_command": "c", "job_output": "o"}})", id, status);
}

TEST(Ask, GivesTheReply) {
  const TestBox box;
  const FakeServer server(box.Socket(), {R"({"Success": "TEST."})", "no JSON"});
  EXPECT_EQ(AskText(box.Socket(), "TEST").value_or(""), R"({"Success": "TEST."})");
  const auto broken = Ask(box.Socket(), "TEST");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::Corrupt);
}

TEST(Ask, EndsAtTheDeadlineWhenNobodyAnswers) {
  const TestBox box;
  const auto reply = AskText(box.Socket(), "TEST", milliseconds(50));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::Timeout);
}

TEST(WaitForJobs, WaitsForAllAndSortsThem) {
  const TestBox box;
  const FakeServer server(
      box.Socket(), {"[]", "[" + Row(1, "SUCCEEDED") + "]", "[" + Row(2, "STARTED") + "," + Row(1, "SUCCEEDED") + "]",
                     "[" + Row(2, "FAILED") + "," + Row(1, "SUCCEEDED") + "]"});
  const auto jobs = WaitForJobs(box.Socket(), 2, seconds(20));
  ASSERT_TRUE(jobs) << jobs.error().message;
  EXPECT_EQ(jobs->at(0).id, 1);
  EXPECT_EQ(jobs->at(1).status, "FAILED");
}

TEST(WaitForJobs, NamesTheJobsThatDoNotEnd) {
  const TestBox box;
  const FakeServer server(box.Socket(), {"[" + Row(7, "STARTED") + "]", "[" + Row(7, "STARTED") + "]"});
  const auto jobs = WaitForJobs(box.Socket(), 1, milliseconds(0));
  ASSERT_FALSE(jobs);
  EXPECT_THAT(jobs.error().message, HasSubstr("job 7 STARTED"));
}

TEST(WaitUntil, LooksOnceMoreAtTheDeadlineAndThenGivesUp) {
  int looks = 0;
  EXPECT_FALSE(WaitUntil([&] { return ++looks > 1'000'000; }, milliseconds(30)));
  EXPECT_GE(looks, 2);
  EXPECT_TRUE(WaitUntil([] { return true; }, milliseconds(0)));
}

TEST(ProcessesAbout, SeesChildrenByArgumentsDirectoryAndEnvironment) {
  const TestBox box;
  const std::vector<std::vector<std::string>> commands = {
      {"tail", "-f", box.Path("/etc/iiab/uuid")},
      {"env", "-C", box.Root(), "sleep", "600"},
      {"env", "CMDSRV_ROOT=" + box.Root(), "sleep", "600"},
  };
  for (const auto& command : commands) {
    std::thread runner([&command] { RunTool(command); });
    EXPECT_TRUE(WaitUntil([&] { return box.Processes().size() == 1; }, seconds(10))) << command.front();
    for (const ProcessFacts& process : box.Processes()) EXPECT_TRUE(process.ours) << process.command;
    KillAll(box.Processes());
    runner.join();
    EXPECT_THAT(box.Processes(), IsEmpty());
  }
}

TEST(TestBox, RemovesItsFolderAndItsProcesses) {
  std::string root;
  {
    const TestBox box;
    root = box.Root();
    EXPECT_LT(box.Socket().size(), 108U);
    // A daemonised child: its parent ends at once, so only the box can find it.
    RunTool({"sh", "-c", "cd " + root + " && (sleep 600 </dev/null >/dev/null 2>&1 &)"});
    EXPECT_EQ(box.Processes().size(), 1U);
  }
  EXPECT_FALSE(Exists(root));
  EXPECT_THAT(ProcessesAbout(root), IsEmpty());
}

TEST(DirectoryWatch, TellsMadeFromMovedEvenWhenGone) {
  const TestBox box;
  DirectoryWatch watch(box.Path("/media"));
  OrThrow(WriteText(box.Path("/tmp/x"), "x"));
  RunTool({"mv", box.Path("/tmp/x"), box.Path("/media/moved")});
  RunTool({"touch", box.Path("/media/made")});
  RunTool({"rm", box.Path("/media/made"), box.Path("/media/moved")});
  EXPECT_THAT(watch.Made(), ElementsAre("made"));
  EXPECT_THAT(watch.MovedIn(), ElementsAre("moved"));
  EXPECT_THAT(watch.Made(), IsEmpty());
}

TEST(RunTool, GivesStatusAndOutputAndKillsAtTheDeadline) {
  EXPECT_EQ(RunTool({"sh", "-c", "echo out; echo err >&2; exit 7"}).output, "out\nerr\n");
  EXPECT_EQ(RunTool({"sh", "-c", "exit 7"}).status, 7);
  EXPECT_EQ(RunTool({"sh", "-c", "kill -9 $$"}).status, 128 + SIGKILL);
  EXPECT_EQ(RunTool({"sleep", "600"}, milliseconds(50)).status, -1);
  EXPECT_EQ(RunTool({"no-such-program-here"}).status, -1);
}

}  // namespace
}  // namespace cmdsrv::test
