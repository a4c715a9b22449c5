#include "platform/log_writer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <thread>

#include "platform/journal.hpp"
#include "platform/unique_fd.hpp"
#include "support/scratch.hpp"

namespace cmdsrv {
namespace {

using test::Eventually;
using test::Slurp;
using ::testing::HasSubstr;

constexpr log::Domain kRoom{"server"};

/// Standard error leads into a file, and with `echo` lines go there on every machine.
class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() : saved_(dup(2)) {
    const UniqueFd file(open(Path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    dup2(file.Get(), 2);
    LogToJournal(true);
  }
  ~LogWriterTest() override { dup2(saved_.Get(), 2); }
  std::string Path() const { return scratch_ / "log"; }
  std::string Text() const { return Slurp(Path()); }

  test::ScratchDirectory scratch_;
  UniqueFd saved_;
};

TEST_F(LogWriterTest, WritesWithoutBeingAskedAgain) {
  const LogWriter writer;
  log::Info(kRoom, "received {}", "TEST");
  EXPECT_TRUE(Eventually([&] { return Text() == "server: received TEST\n"; })) << Text();
}

TEST_F(LogWriterTest, AnErrorIsWrittenWithAllBeforeItWhenTheCallReturns) {
  const LogWriter writer;
  for (int i = 0; i < 100; ++i) log::Info(kRoom, "line {}", i);
  log::Error(kRoom, "cannot go on");
  EXPECT_THAT(Text(), HasSubstr("server: line 99\nserver: cannot go on\n"));
}

TEST_F(LogWriterTest, EndsWhenAllIsWrittenAndLeavesLaterLinesToTheirCallers) {
  {
    const LogWriter writer;
    for (int i = 0; i < 1000; ++i) log::Info(kRoom, "line {}", i);
  }
  EXPECT_THAT(Text(), HasSubstr("server: line 999\n"));
  log::Info(kRoom, "after");
  EXPECT_THAT(Text(), HasSubstr("server: line 999\nserver: after\n"));
}

TEST_F(LogWriterTest, LinesOfManyThreadsAreWholeAndInTheirOrder) {
  constexpr int kThreads = 4;
  constexpr int kLines = 10'000;  // together more than may wait
  {
    const LogWriter writer;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < kLines; ++i) log::Info(kRoom, "{} {}", t, i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::ifstream file(Path());
  std::vector<int> next(kThreads, 0);
  std::string room;
  int thread = 0;
  int line = 0;
  while (file >> room >> thread >> line) {
    ASSERT_EQ(room, "server:");
    ASSERT_EQ(line, next.at(static_cast<std::size_t>(thread))++);
  }
  EXPECT_THAT(next, ::testing::Each(kLines));
}

TEST_F(LogWriterTest, HearsNoSignals) {
  sigset_t blocked;
  sigemptyset(&blocked);
  const LogWriter writer;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0) << "the caller's own mask is as it was";
  const auto mask_of = [](const std::string& task) {
    const std::string status = Slurp("/proc/self/task/" + task + "/status");
    return status.substr(status.find("SigBlk:\t") + 8, 16);
  };
  std::optional<std::string> mask;
  EXPECT_TRUE(Eventually([&] {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
      if (Slurp(entry.path() / "comm") == "log-writer\n") mask = mask_of(entry.path().filename());
    }
    return mask.has_value();
  }));
  EXPECT_TRUE(std::stoull(mask.value_or("0"), nullptr, 16) & (1ULL << (SIGTERM - 1))) << *mask;
}

}  // namespace
}  // namespace cmdsrv
