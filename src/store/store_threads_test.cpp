#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "store/store.hpp"
#include "store/store_test_support.hpp"

namespace cmdsrv {
namespace {

using namespace store_test;  // NOLINT
using ::testing::SizeIs;

constexpr int kGroupsEach = 50;
constexpr int kLogsEach = 3000;

/// All members of one store, from several threads at once. Run it with the thread sanitizer, too.
class StoreThreadsTest : public ::testing::Test {
 protected:
  void SubmitGroups() {
    for (int i = 0; i < kGroupsEach; ++i) {
      const Group group = MakeGroup(*store, 3);
      ASSERT_TRUE(Insert(*store, group));
      ASSERT_THAT(store->Group(group.command.id).value(), SizeIs(3)) << "what returned is visible";
      store->Update({JobUpdate{group.jobs[0].id, "SUCCEEDED", {}, "out", {}, clock.Wall()}},
                    i % 2 == 0 ? Store::Durability::Kept : Store::Durability::Synced, [this](const Result<void>& done) {
                      if (done) ++updated;
                    });
    }
  }
  void LogCommands() {
    for (int i = 0; i < kLogsEach; ++i) store->LogCommand(MakeCommand(store->NextCommandId(), "LOG", clock.Wall()));
  }
  void ReadUntilStopped() {
    while (!stop) {
      ASSERT_TRUE(store->List({}).has_value());
      const auto unfinished = store->Unfinished();
      ASSERT_TRUE(unfinished.has_value());
      std::map<CommandId, std::size_t> steps;
      for (const JobRow& row : *unfinished) ++steps[row.command];
      for (const auto& [command, count] : steps) ASSERT_EQ(count, 3U) << "half of group " << command.value;
    }
  }

  TempDirectory directory;
  const std::string path = directory.File("cmdsrv.0.3.db");
  const Clock clock;
  std::unique_ptr<Store> store = OpenStore(path, clock);
  std::atomic<bool> stop = false;
  std::atomic<int> updated = 0;
};

TEST_F(StoreThreadsTest, EverythingAtOnce) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) writers.emplace_back([this] { SubmitGroups(); });
  for (int i = 0; i < 2; ++i) writers.emplace_back([this] { LogCommands(); });
  writers.emplace_back([this] {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(PruneNow(*store).has_value());
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back([this] { ReadUntilStopped(); });
  for (std::thread& thread : writers) thread.join();
  stop = true;
  for (std::thread& thread : readers) thread.join();
  store->Close();
  EXPECT_EQ(updated, 3 * kGroupsEach);
  Foreign foreign(path);
  EXPECT_EQ(foreign.Number("select count(*) from commands where cmd_msg = 'LOG'"), 2 * kLogsEach);
  EXPECT_EQ(foreign.Number("select count(*) from jobs"), 3 * kGroupsEach * 3);
  EXPECT_EQ(foreign.Number("select count(distinct rowid) from jobs where job_status = 'SUCCEEDED'"), 3 * kGroupsEach);
}

TEST_F(StoreThreadsTest, CloseWhileOthersGoOn) {
  std::atomic<int> acknowledged = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (;;) {
        const auto done = Insert(*store, MakeGroup(*store, 1));
        if (!done && done.error().code == ErrorCode::Unavailable) break;
        ASSERT_TRUE(done.has_value());
        ++acknowledged;
      }
      ++refused;
    });
  }
  threads.emplace_back([&] {
    while (refused == 0) {
      store->LogCommand(MakeCommand(store->NextCommandId(), "LOG", clock.Wall()));
      const auto rows = store->List({});
      ASSERT_TRUE(rows.has_value() || rows.error().code == ErrorCode::Unavailable);
    }
  });
  while (acknowledged < 20) std::this_thread::yield();
  std::thread second([this] { store->Close(); });
  store->Close();
  second.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Foreign(path).Number("select count(*) from jobs"), acknowledged);
}

TEST_F(StoreThreadsTest, DoneMayWriteAgain) {
  const Group group = MakeGroup(*store, 1);
  ASSERT_TRUE(Insert(*store, group));
  std::promise<Result<void>> answer;
  const JobUpdate first{group.jobs[0].id, "STARTED", {}, {}, {}, clock.Wall()};
  const JobUpdate second{group.jobs[0].id, "FAILED", {}, {}, {}, clock.Wall()};
  store->Update({first}, Store::Durability::Kept, [&](const Result<void>&) {
    store->Update({second}, Store::Durability::Synced, [&](Result<void> done) { answer.set_value(std::move(done)); });
  });
  ASSERT_TRUE(answer.get_future().get());
  EXPECT_EQ(store->Find(group.jobs[0].id)->status, "FAILED");
}

}  // namespace
}  // namespace cmdsrv
