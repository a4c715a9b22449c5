#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>

#include "store/store.hpp"
#include "store/store_fault_injection.hpp"
#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT

constexpr std::size_t kSteps = 3;

/// What the child says through the pipe, each time after the store said it: InsertGroup returned, or a kept change is
/// done.
struct Word {
  char kind;  ///< 'G': group `id` is recorded; 'S': job `id` has got status STARTED
  std::int64_t id;
};

void Say(int pipe, char kind, std::int64_t id) {
  const Word word{kind, id};
  if (::write(pipe, &word, sizeof word) != static_cast<ssize_t>(sizeof word)) ::_exit(3);
}

/// Writes groups, changes and log rows until it is killed.
[[noreturn]] void WriteForEver(const std::string& path, int pipe, long kill_at_write) {
  g_faults.kill_at_write = kill_at_write;
  static const Clock clock;
  StoreOptions options;
  options.path = path;
  options.log_batch = std::chrono::milliseconds(1);
  auto opened = Store::Open(options, clock);
  if (!opened || !opened->set_aside.empty()) ::_exit(2);
  Store& store = *opened->store;
  for (;;) {
    Group group = MakeGroup(store, kSteps, "GROUP");
    group.jobs[1].output.assign(5000, 'x');  // more than a page
    if (!Insert(store, group)) ::_exit(2);
    Say(pipe, 'G', group.command.id.value);
    for (int i = 0; i < 5; ++i) store.LogCommand(MakeCommand(store.NextCommandId(), "LOG", clock.Wall()));
    const JobId id = group.jobs[0].id;
    store.Update({JobUpdate{id, "STARTED", 7, {}, {}, clock.Wall()}}, Store::Durability::Kept,
                 [pipe, id](const Result<void>& done) { done ? Say(pipe, 'S', id.value) : ::_exit(2); });
  }
}

class StoreKillTest : public ::testing::Test {
 protected:
  /// Lets a child write. It dies at its n-th write to a file, or, with 0, when it has said `words` words.
  void RunAndKill(long kill_at_write, int words) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) WriteForEver(path, ends[1], kill_at_write);
    ::close(ends[1]);
    Word word{};
    for (int heard = 0; ::read(ends[0], &word, sizeof word) == static_cast<ssize_t>(sizeof word); ++heard) {
      if (word.kind == 'G') groups.push_back(word.id);
      if (word.kind == 'S') started.push_back(word.id);
      if (kill_at_write == 0 && heard == words) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "ended by itself with " << WEXITSTATUS(status);
    ASSERT_EQ(WTERMSIG(status), SIGKILL);
  }

  /// What was promised is there, and nothing else by halves.
  void Check() {
    auto store = OpenStore(path, clock);
    ASSERT_NE(store, nullptr);
    std::map<std::int64_t, std::size_t> steps;
    const auto rows = store->List({{}, {}, {}, 1'000'000});
    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    for (const JobRow& row : *rows) {
      ++steps[row.command.value];
      ASSERT_EQ(row.command_message, "GROUP");
      ASSERT_EQ(row.output.size(), row.step_no == 2 ? 5000U : 0U);
      highest_job_ = std::max(highest_job_, row.id.value);
    }
    for (const auto& [command, count] : steps) ASSERT_EQ(count, kSteps) << "half of group " << command;
    for (const std::int64_t id : groups) ASSERT_TRUE(steps.contains(id)) << "lost group " << id;
    for (const std::int64_t id : started)
      ASSERT_EQ(store->Find(JobId{id})->status, "STARTED") << "lost change of job " << id;
    ASSERT_GT(store->NextJobIds(1)[0].value, highest_job_);
    store->Close();
    Foreign foreign(path);
    ASSERT_EQ(foreign.Text("pragma integrity_check"), "ok");
    ASSERT_EQ(
        foreign.Number(
            "select count(*) from commands where cmd_msg = 'GROUP' and rowid not in (select cmd_rowid from jobs)"),
        0);
  }

  TempDirectory directory;
  const std::string path = directory.File("cmdsrv.0.3.db");
  const Clock clock;
  std::vector<std::int64_t> groups;
  std::vector<std::int64_t> started;

 private:
  std::int64_t highest_job_ = 0;
};

TEST_F(StoreKillTest, AtEveryWriteFromTheFirstOn) {
  // The first ones hit the making of the file and its tables; one file lives through all of them.
  for (long write = 1; write <= 60; ++write) {
    ASSERT_NO_FATAL_FAILURE(RunAndKill(write, 0)) << write;
    ASSERT_NO_FATAL_FAILURE(Check()) << "killed at write " << write;
  }
  EXPECT_GT(groups.size(), 30U);
}

TEST_F(StoreKillTest, AtTheFirstWritesOfANewFile) {
  for (long write = 1; write <= 30; ++write) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(path + suffix);
    groups.clear();
    started.clear();
    ASSERT_NO_FATAL_FAILURE(RunAndKill(write, 0)) << write;
    ASSERT_NO_FATAL_FAILURE(Check()) << "killed at write " << write;
  }
}

TEST_F(StoreKillTest, AtRandomMoments) {
  std::mt19937 random(20260501);  // NOLINT: the same moments each time, as far as the scheduler lets them be
  for (int round = 0; round < 20; ++round) {
    ASSERT_NO_FATAL_FAILURE(RunAndKill(0, static_cast<int>(random() % 120)));
    ASSERT_NO_FATAL_FAILURE(Check()) << "round " << round;
  }
  EXPECT_GT(groups.size(), 200U);
  EXPECT_GT(started.size(), 200U);
}

}  // namespace
}  // namespace cmdsrv
