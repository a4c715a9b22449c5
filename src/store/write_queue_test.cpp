#include "store/write_queue.hpp"

#include <gmock/gmock.h>

#include <future>
#include <thread>

namespace cmdsrv {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

CommandRow Row(std::int64_t id, std::string message = "M") { return CommandRow{CommandId{id}, std::move(message), {}}; }

WriteOperation Operation() { return WriteOperation{UpdateWrite{}}; }

TEST(WriteQueue, KeepsTheOrderOfTheCalls) {
  WriteQueue queue(milliseconds(0));
  WriteOperation first = Operation();
  WriteOperation second = Operation();
  queue.PushLog(Row(1));
  queue.PushLog(Row(2));
  ASSERT_TRUE(queue.Push(first));
  queue.PushLog(Row(3));
  ASSERT_TRUE(queue.Push(second));
  WriteBatch batch;
  ASSERT_TRUE(queue.Take(batch, true));
  ASSERT_EQ(batch.logs.size(), 3U);
  EXPECT_EQ(batch.logs[2].id.value, 3);
  ASSERT_EQ(batch.operations.size(), 2U);
  EXPECT_EQ(batch.LogsBefore(batch.operations[0]), 2U);
  EXPECT_EQ(batch.LogsBefore(batch.operations[1]), 3U);
}

TEST(WriteQueue, CountsOnOverSeveralBatches) {
  WriteQueue queue(milliseconds(0));
  WriteBatch batch;
  queue.PushLog(Row(1));
  ASSERT_TRUE(queue.Take(batch, true));
  WriteOperation operation = Operation();
  queue.PushLog(Row(2));
  ASSERT_TRUE(queue.Push(operation));
  queue.PushLog(Row(3));
  ASSERT_TRUE(queue.Take(batch, true));
  EXPECT_EQ(batch.LogsBefore(batch.operations[0]), 1U);
}

TEST(WriteQueue, LogRowsWaitForOthers) {
  WriteQueue queue(milliseconds(50));
  const auto begin = std::chrono::steady_clock::now();
  queue.PushLog(Row(1));
  WriteBatch batch;
  ASSERT_TRUE(queue.Take(batch, true));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(50));
  EXPECT_EQ(batch.logs.size(), 1U);
}

// With a batch time of an hour, Take can only return because of what is tested.
class WaitingWriteQueue : public ::testing::Test {
 protected:
  WriteQueue queue{hours(1)};
  WriteBatch batch;
};

TEST_F(WaitingWriteQueue, AnOperationTakesWaitingLogRowsAlong) {
  auto taken = std::async(std::launch::async, [this] { return queue.Take(batch, true); });
  queue.PushLog(Row(1));
  WriteOperation operation = Operation();
  ASSERT_TRUE(queue.Push(operation));
  ASSERT_TRUE(taken.get());
  EXPECT_EQ(batch.logs.size(), 1U);
  EXPECT_EQ(batch.operations.size(), 1U);
}

TEST_F(WaitingWriteQueue, ManyLogRowsAreNotWaitedFor) {
  auto taken = std::async(std::launch::async, [this] { return queue.Take(batch, true); });
  for (std::size_t i = 0; i < WriteQueue::kEnoughLogs; ++i) queue.PushLog(Row(static_cast<std::int64_t>(i)));
  ASSERT_TRUE(taken.get());
  EXPECT_EQ(batch.logs.size(), WriteQueue::kEnoughLogs);
}

TEST_F(WaitingWriteQueue, CloseEndsTheWaitAndNothingIsLost) {
  queue.PushLog(Row(1));
  auto taken = std::async(std::launch::async, [this] { return queue.Take(batch, true); });
  queue.Close();
  ASSERT_TRUE(taken.get());
  EXPECT_EQ(batch.logs.size(), 1U);
  EXPECT_FALSE(queue.Take(batch, true));
  queue.PushLog(Row(2));
  WriteOperation operation = Operation();
  operation.synced = true;
  EXPECT_FALSE(queue.Push(operation));
  EXPECT_TRUE(operation.synced);  // untouched
  EXPECT_FALSE(queue.Take(batch, true));
}

TEST_F(WaitingWriteQueue, TakeWithoutWaitingReturnsAtOnce) {
  EXPECT_TRUE(queue.Take(batch, false));
  EXPECT_TRUE(batch.Empty());
  queue.PushLog(Row(1));
  EXPECT_TRUE(queue.Take(batch, false));
  EXPECT_EQ(batch.logs.size(), 1U);
}

TEST_F(WaitingWriteQueue, TheOldestRowsAreDroppedWhenThereAreTooMany) {
  WriteOperation operation = Operation();
  queue.PushLog(Row(1));
  queue.PushLog(Row(2));
  ASSERT_TRUE(queue.Push(operation));
  const std::size_t room = WriteQueue::kMaxLogBytes / WriteQueue::Weight(Row(1));
  const auto count = static_cast<std::int64_t>(room) + 10;
  for (std::int64_t id = 3; id <= count; ++id) queue.PushLog(Row(id));
  ASSERT_TRUE(queue.Take(batch, true));
  EXPECT_EQ(batch.logs.size(), room);
  EXPECT_EQ(batch.dropped_logs, 10U);
  EXPECT_EQ(batch.logs.front().id.value, 11);
  EXPECT_EQ(batch.LogsBefore(batch.operations[0]), 0U);
  ASSERT_TRUE(queue.Take(batch, false));
  EXPECT_EQ(batch.dropped_logs, 0U);
}

TEST_F(WaitingWriteQueue, LongRowsCountMoreAndTheNewestIsKept) {
  for (std::int64_t id = 1; id <= 10; ++id) queue.PushLog(Row(id, std::string(1U << 20U, 'x')));
  queue.PushLog(Row(11, std::string(10U << 20U, 'x')));
  ASSERT_TRUE(queue.Take(batch, false));
  ASSERT_EQ(batch.logs.size(), 1U);
  EXPECT_EQ(batch.logs[0].id.value, 11);
  EXPECT_EQ(batch.dropped_logs, 10U);
}

}  // namespace
}  // namespace cmdsrv
