// The real ctl against the real daemon: what an operator types, sees, and gets as exit status. The progress display is
// looked at through a pseudo-terminal, as a person would.
#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "support/ask.hpp"
#include "support/run.hpp"
#include "support/test_box.hpp"

namespace cmdsrv::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Words(const std::string& root, std::vector<std::string> words) {
  words.insert(words.begin(), {BuiltProgram("bin/iiab-cmdsrv-ctl"), "--root", root});
  return words;
}

/// What a person sees: just enough of a terminal for what ctl sends. Anything else is a failure.
class Glass {
 public:
  void Feed(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) at += Take(bytes.substr(at));
  }
  std::string Text() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
  }

 private:
  std::size_t Take(std::string_view bytes) {
    if (bytes[0] == '\x1b') return TakeSequence(bytes);
    if (bytes[0] == '\r') {
      column_ = 0;
    } else if (bytes[0] == '\n') {
      if (++row_ == lines_.size()) lines_.emplace_back();
    } else {
      std::string& line = lines_[row_];
      if (line.size() <= column_) line.resize(column_ + 1, ' ');
      line[column_++] = bytes[0];
    }
    return 1;
  }

  std::size_t TakeSequence(std::string_view bytes) {
    const std::size_t end = bytes.find_first_of("AKJm", 1);
    EXPECT_TRUE(bytes.starts_with("\x1b[") && end != std::string_view::npos) << "a strange sequence";
    if (end == std::string_view::npos) return bytes.size();
    if (bytes[end] == 'A') {
      const std::size_t up = std::stoul(std::string(bytes.substr(2)));
      EXPECT_LE(up, row_) << "went above what it drew";
      row_ -= std::min(up, row_);
    }
    if (bytes[end] == 'K') lines_[row_].resize(std::min(lines_[row_].size(), column_));
    if (bytes[end] == 'J') {
      lines_.resize(row_ + 1);
      lines_[row_].resize(std::min(lines_[row_].size(), column_));
    }
    return end + 1;
  }

  std::vector<std::string> lines_{""};
  std::size_t row_ = 0, column_ = 0;
};

/// A program at a terminal of 100 columns.
class AtTerminal {
 public:
  explicit AtTerminal(const std::vector<std::string>& arguments) {
    winsize size{.ws_row = 24, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      setenv("TERM", "xterm", 1);
      unsetenv("NO_COLOR");
      execv(argv[0], argv.data());
      _exit(127);
    }
  }
  ~AtTerminal() {
    if (pid_ > 0) kill(pid_, SIGKILL), waitpid(pid_, nullptr, 0);
    close(terminal_);
  }
  AtTerminal(const AtTerminal&) = delete;
  AtTerminal& operator=(const AtTerminal&) = delete;

  /// Reads until `text` was printed; false when the program ended or the deadline passed before.
  bool ReadUntil(std::string_view text, milliseconds deadline = seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + Patiently(deadline);
    while (text.empty() || printed.find(text) == std::string::npos) {
      pollfd readable{.fd = terminal_, .events = POLLIN, .revents = 0};
      const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()).count();
      if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) <= 0) return false;
      char bytes[4096];
      const ssize_t got = read(terminal_, bytes, sizeof bytes);
      if (got <= 0) return false;  // EIO: the other side is gone
      printed.append(bytes, static_cast<std::size_t>(got));
    }
    return true;
  }

  void Type(std::string_view keys) { EXPECT_EQ(write(terminal_, keys.data(), keys.size()), std::ssize(keys)); }

  /// Reads to the end; the wait status.
  int WaitForEnd() {
    ReadUntil("");
    int status = -1;
    EXPECT_TRUE(WaitUntil([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, seconds(10))) << printed;
    pid_ = 0;
    return status;
  }

  std::string printed;

 private:
  pid_t pid_ = 0;
  int terminal_ = -1;
};

/// One box and one daemon for all tests that do not end it: nothing here leaves anything running.
class Ctl : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    box_ = std::make_unique<TestBox>();
    daemon_ = std::make_unique<Daemon>(box_->StartDaemon());
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    box_.reset();
  }
  static RunEnd Run(std::vector<std::string> words) { return RunTool(Words(box_->Root(), std::move(words))); }

  /// Submits and gives the number of the last job.
  static std::string Submit(const std::string& steps) {
    const RunEnd end = Run({"-q", "TEST-JOB", R"({"steps": )" + steps + "}"});
    const std::size_t at = end.output.find_first_of("0123456789");
    EXPECT_NE(at, std::string::npos) << end.output;
    return at == std::string::npos ? "" : std::to_string(std::stol(end.output.substr(at)));
  }

  static std::unique_ptr<TestBox> box_;
  static std::unique_ptr<Daemon> daemon_;
};

std::unique_ptr<TestBox> Ctl::box_;
std::unique_ptr<Daemon> Ctl::daemon_;

TEST_F(Ctl, APlainCommandPrintsWhatItAlwaysPrinted) {
  const RunEnd end = Run({"GET-JOB-ACTIVE-SUM"});
  EXPECT_EQ(end.status, 0);
  EXPECT_TRUE(
      end.output.starts_with("message to send:  GET-JOB-ACTIVE-SUM\nConnecting to server...\nReceived reply:  {"))
      << end.output;
  EXPECT_EQ(Run({"NO-SUCH-VERB"}).status, 0);
  EXPECT_EQ(Run({"NO-SUCH-VERB", "--strict"}).status, 3);
  EXPECT_EQ(Run({"NO-SUCH-VERB", "--json"}).status, 1);
  EXPECT_EQ(Run({}).status, 1);
  EXPECT_EQ(Run({"jbos"}).status, 2);
}

TEST_F(Ctl, TheServersTableDecidesWhatIsEchoed) {
  EXPECT_THAT(Run({"GET-JOB-STAT", R"({"since_days": 1})"}).output,
              HasSubstr(R"(send:  GET-JOB-STAT {"since_days": 1})"));
  const RunEnd secret = Run({"AUTHENTICATE", R"({"nonsense": "geheim"})"});
  EXPECT_EQ(secret.status, 0);
  EXPECT_THAT(secret.output, HasSubstr("message to send:  AUTHENTICATE ***\n"));
  EXPECT_THAT(secret.output, Not(HasSubstr("geheim")));
}

TEST_F(Ctl, TheServerIsShownAsItIs) {
  EXPECT_EQ(Run({"status"}).status, 0);
  EXPECT_THAT(Run({"status"}).output, HasSubstr("jobs     none running\n"));
  EXPECT_THAT(Run({"health"}).output, HasSubstr("STATE"));
  EXPECT_THAT(Run({"commands"}).output, HasSubstr("TEST-JOB"));
  EXPECT_THAT(Run({"commands", "TEST-JOB"}).output, ContainsRegex("steps +[a-z ]+ +required"));
}

TEST_F(Ctl, ASuccessfulChainIsFollowedToItsEnd) {
  const RunEnd end = Run({"TEST-JOB", R"({"steps": [0, 0]})", "--wait"});
  EXPECT_EQ(end.status, 0) << end.output;
  EXPECT_THAT(end.output, ContainsRegex("job [0-9]+  step 1 of 2  SUCCEEDED"));
  EXPECT_THAT(end.output, ContainsRegex("job [0-9]+  step 2 of 2  SUCCEEDED"));
  EXPECT_TRUE(end.output.ends_with("\n2 SUCCEEDED\n")) << end.output;
  EXPECT_THAT(Run({"jobs"}).output, ContainsRegex("2/2 +SUCCEEDED .*TEST-JOB: test-job 0"));
}

TEST_F(Ctl, AFailedChainIsExplained) {
  const RunEnd end = Run({"TEST-JOB", R"({"steps": [-3, 0]})", "--wait"});
  EXPECT_EQ(end.status, 1) << end.output;
  EXPECT_THAT(end.output, ContainsRegex("step 1 of 2\\) FAILED: .*3"));
  EXPECT_TRUE(end.output.ends_with("1 FAILED, 1 CANCELLED\n")) << end.output;
}

TEST_F(Ctl, WaitLogJobAndCancelWorkOnARunningJob) {
  const std::string job = Submit("[60]");
  EXPECT_EQ(Run({"wait", job, "--timeout", "0.3"}).status, 4);
  EXPECT_EQ(Run({"wait", "999999"}).status, 1);
  EXPECT_THAT(Run({"job", job}).output, HasSubstr("Command   TEST-JOB {\"steps\": [60]}\n"));
  EXPECT_EQ(Run({"log", job}).status, 0);
  const RunEnd cancelled = Run({"cancel", job, "--wait"});
  EXPECT_EQ(cancelled.status, 0) << cancelled.output;
  EXPECT_THAT(cancelled.output, HasSubstr("1 CANCELLED\n"));
  EXPECT_EQ(Run({"cancel", job}).status, 1) << "it has ended";
  EXPECT_EQ(Run({"cancel", "999999"}).status, 1);
  EXPECT_EQ(Run({"wait", job}).status, 1);
}

TEST_F(Ctl, TheLogIsFollowedUntilTheJobEnds) {
  const std::string job = Submit("[0.7]");
  const RunEnd log = Run({"log", job, "-f"});
  EXPECT_EQ(log.status, 0);
  EXPECT_THAT(log.output, HasSubstr("slept 0.7 s"));
}

TEST_F(Ctl, FollowingAsksOnlyWhenSomethingHappens) {
  const auto asked = [] {
    const auto stats = Ask(daemon_->Socket(), "GET-STATS");
    const json::object& verbs = stats.value().at("commands").at("verbs").as_object();
    const json::value* count = verbs.if_contains("GET-JOB-STAT");
    return count == nullptr ? 0 : count->to_number<int>();
  };
  const int before = asked();
  EXPECT_EQ(Run({"TEST-JOB", R"({"steps": [3]})", "--wait"}).status, 0);
  EXPECT_LE(asked() - before, 6) << "once for the group, then for scheduled, started, printed, ended";
}

TEST_F(Ctl, AFailedChainIsRetriedFromItsFailedStep) {
  const std::string job = Submit("[0, -4]");
  EXPECT_EQ(Run({"wait", job}).status, 1);
  const RunEnd again = Run({"retry", job, "--wait"});
  EXPECT_EQ(again.status, 1) << again.output;
  EXPECT_THAT(again.output, ContainsRegex("^Job  [0-9]+ Scheduled\\."));
  EXPECT_TRUE(again.output.ends_with("\n1 FAILED\n")) << "the step that succeeded is not repeated\n" << again.output;
  EXPECT_EQ(Run({"retry", "999999"}).status, 1);
}

TEST_F(Ctl, TheListIsWatched) {
  AtTerminal ctl(Words(box_->Root(), {"jobs", "--watch"}));
  ASSERT_TRUE(ctl.ReadUntil("\x1b[J")) << ctl.printed;
  const std::string job = Submit("[0.5]");
  std::string all = ctl.printed;
  const auto shows_its_end = [&] {
    ctl.printed.clear();
    if (!ctl.ReadUntil("\x1b[J")) return true;  // and the check below fails
    all += ctl.printed;
    Glass glass;
    glass.Feed(std::string_view(all).substr(0, all.rfind("\x1b[J") + 3));
    return testing::Matches(ContainsRegex("\n *" + job + " [^\n]*SUCCEEDED [^\n]*test-job 0.5"))(glass.Text());
  };
  EXPECT_TRUE(WaitUntil(shows_its_end, seconds(20)));
  EXPECT_THAT(all, ContainsRegex(job + " [^\n]*STARTED"));
  const RunEnd plain = Run({"jobs", "--watch", "--json", "--timeout", "0.5"});
  EXPECT_EQ(plain.status, 0);
  EXPECT_EQ(plain.output, "");
}

TEST_F(Ctl, AFullDiskIsNoSuccess) {
  const std::string program = BuiltProgram("bin/iiab-cmdsrv-ctl");
  const RunEnd end = RunTool({"/bin/sh", "-c", "\"$0\" --root \"$1\" commands >/dev/full", program, box_->Root()});
  EXPECT_EQ(end.status, 1);
  EXPECT_THAT(end.output, HasSubstr("cannot write to standard output: no space left on device"));
}

TEST_F(Ctl, ATerminalShowsOneLineAStepThatIsRedrawn) {
  AtTerminal ctl(Words(box_->Root(), {"TEST-JOB", R"({"steps": [1, 0]})", "--wait"}));
  const int status = ctl.WaitForEnd();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << ctl.printed;
  EXPECT_THAT(ctl.printed, HasSubstr("\x1b[36mSTARTED\x1b[0m"));  // was seen running, in colour
  EXPECT_THAT(ctl.printed, HasSubstr("\x1b[2A\r"));               // and was drawn over
  Glass glass;
  glass.Feed(ctl.printed);
  EXPECT_THAT(glass.Text(), ContainsRegex("^Job  [0-9]+ Scheduled\\.\n"
                                          "\\(Ctrl-C leaves the jobs running; [^\n]*cancel [0-9]+\\)\n"
                                          "job [0-9]+  step 1 of 2  SUCCEEDED [^\n]*\n"
                                          "job [0-9]+  step 2 of 2  SUCCEEDED [^\n]*\n"
                                          "2 SUCCEEDED\n\n$"));
}

TEST_F(Ctl, CtrlCLeavesTheJobsRunningAndSaysHowToEndThem) {
  AtTerminal ctl(Words(box_->Root(), {"TEST-JOB", R"({"steps": [61]})", "--wait"}));
  ASSERT_TRUE(ctl.ReadUntil("STARTED")) << ctl.printed;
  ctl.Type("\x03");
  const int status = ctl.WaitForEnd();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
  EXPECT_THAT(ctl.printed, HasSubstr("No longer watching; the jobs go on. To stop them: "));
  const auto running = WaitForStatus(daemon_->Socket(), "STARTED", seconds(5));
  ASSERT_TRUE(running) << running.error().message;
  EXPECT_EQ(Run({"cancel", std::to_string(running->id), "--wait"}).status, 0);
}

TEST(CtlAlone, NoServerHasTwoStatuses) {
  TestBox box;
  const RunEnd plain = RunTool(Words(box.Root(), {"TEST"}));
  EXPECT_EQ(plain.status, 1);
  EXPECT_EQ(plain.output, "iiab-cmdsrv is not running. Perhaps has not started yet.\n");
  for (const char* words : {"status", "health", "jobs", "stop", "commands"}) {
    EXPECT_EQ(RunTool(Words(box.Root(), {words})).status, 3) << words;
  }
  EXPECT_EQ(RunTool(Words(box.Root(), {"TEST", "--json"})).status, 3);
}

TEST(CtlAlone, LeftOverFilesOfADeadServerAreNoServer) {
  TestBox box;
  Daemon daemon = box.StartDaemon();
  daemon.Kill9();
  EXPECT_EQ(RunTool(Words(box.Root(), {"status", "--timeout", "5"})).status, 3);
  EXPECT_EQ(RunTool(Words(box.Root(), {"TEST", "-t", "5"})).status, 1);
}

TEST(CtlAlone, ARestartIsWaitedForAndStopWaitsForTheEnd) {
  TestBox box;
  Daemon daemon = box.StartDaemon();
  AtTerminal ctl(Words(box.Root(), {"TEST-JOB", R"({"steps": [1.5]})", "--wait"}));
  ASSERT_TRUE(ctl.ReadUntil("STARTED")) << ctl.printed;
  daemon.Kill9();
  ASSERT_TRUE(ctl.ReadUntil("Jobs outlive the server")) << ctl.printed;
  ASSERT_TRUE(daemon.Restart());
  const int status = ctl.WaitForEnd();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << ctl.printed;

  const RunEnd stop = RunTool(Words(box.Root(), {"stop", "--wait"}));
  EXPECT_EQ(stop.status, 0) << stop.output;
  EXPECT_EQ(access(box.Path("/run/iiab-cmdsrv.pid").c_str(), F_OK), -1);
  const auto ended = daemon.WaitForEnd(seconds(5));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, 0);
}

}  // namespace
}  // namespace cmdsrv::test
