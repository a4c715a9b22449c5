#include "server/request_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

namespace cmdsrv {
namespace {

using Worker = RequestQueue::Worker;

Request Make(std::string text, Lane lane = Lane::Quick) { return {{}, {}, lane, std::move(text)}; }

std::vector<Request> Batch(std::initializer_list<std::pair<const char*, Lane>> requests) {
  std::vector<Request> batch;
  for (const auto& [text, lane] : requests) batch.push_back(Make(text, lane));
  return batch;
}

TEST(RequestQueue, GeneralWorkersTakeTheOldestOfBothLanes) {
  RequestQueue queue(10);
  auto batch = Batch({{"a", Lane::Slow}, {"b", Lane::Quick}, {"c", Lane::Slow}, {"d", Lane::Quick}});
  queue.Push(batch);
  EXPECT_TRUE(batch.empty());
  for (const char* text : {"a", "b", "c", "d"}) EXPECT_EQ(queue.Take(Worker::General)->text, text);
}

TEST(RequestQueue, ReservedWorkersNeverGetASlowOne) {
  RequestQueue queue(10);
  auto batch = Batch({{"a", Lane::Slow}, {"b", Lane::Quick}, {"c", Lane::Slow}});
  queue.Push(batch);
  EXPECT_EQ(queue.Take(Worker::QuickOnly)->text, "b");
  queue.Close();
  EXPECT_FALSE(queue.Take(Worker::QuickOnly));
  EXPECT_EQ(queue.Take(Worker::General)->text, "a");
  EXPECT_EQ(queue.Take(Worker::General)->text, "c");
  EXPECT_FALSE(queue.Take(Worker::General));
}

TEST(RequestQueue, PasswordsHaveWorkersOfTheirOwn) {
  RequestQueue queue(10);
  auto batch = Batch({{"a", Lane::Password}, {"b", Lane::Slow}, {"c", Lane::Password}, {"d", Lane::Quick}});
  queue.Push(batch);
  EXPECT_EQ(queue.Waiting().slow, 3U);
  EXPECT_EQ(queue.Take(Worker::General)->text, "b");
  EXPECT_EQ(queue.Take(Worker::QuickOnly)->text, "d");
  EXPECT_EQ(queue.Take(Worker::PasswordOnly)->text, "a");
  queue.Close();
  EXPECT_FALSE(queue.Take(Worker::General));
  EXPECT_EQ(queue.Take(Worker::PasswordOnly)->text, "c");
  EXPECT_FALSE(queue.Take(Worker::PasswordOnly));
}

TEST(RequestQueue, SleepingPasswordWorkersAreWokenEachForOne) {
  RequestQueue queue(10);
  std::atomic<int> taken = 0, ended = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([&] {
      while (queue.Take(Worker::PasswordOnly)) ++taken;
      ++ended;
    });
  }
  for (int round = 1; round <= 100; ++round) {
    auto batch = Batch({{"a", Lane::Password}, {"b", Lane::Password}, {"c", Lane::Password}});
    queue.Push(batch);
    while (taken < 3 * round) std::this_thread::yield();
  }
  queue.Close();
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(ended, 2);
}

TEST(RequestQueue, WhatDoesNotFitStaysWithTheCaller) {
  RequestQueue queue(3);
  auto batch = Batch({{"a", Lane::Slow}, {"b", Lane::Quick}});
  queue.Push(batch);
  batch = Batch({{"c", Lane::Quick}, {"d", Lane::Quick}, {"e", Lane::Slow}});
  queue.Push(batch);
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[0].text, "d");
  EXPECT_EQ(batch[1].text, "e");
  EXPECT_EQ(queue.Take(Worker::General)->text, "a");
  queue.Push(batch);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(batch[0].text, "e");
}

TEST(RequestQueue, NothingGoesInAfterTheEnd) {
  RequestQueue queue(3);
  queue.Close();
  auto batch = Batch({{"a", Lane::Quick}});
  queue.Push(batch);
  EXPECT_EQ(batch.size(), 1U);
}

// A quick request must be served while every general worker is inside a slow one.
TEST(RequestQueue, QuickRequestsPassBySlowOnes) {
  RequestQueue queue(100);
  std::atomic<int> slow_begun{0};
  std::atomic<bool> quick_done{false};
  std::vector<std::thread> workers;
  for (const Worker kind : {Worker::General, Worker::General, Worker::QuickOnly}) {
    workers.emplace_back([&, kind] {
      while (auto request = queue.Take(kind)) {
        if (request->lane == Lane::Quick) {
          quick_done = true;
          quick_done.notify_all();
        } else {
          ++slow_begun;
          slow_begun.notify_all();
          quick_done.wait(false);
        }
      }
    });
  }
  auto slow = Batch({{"1", Lane::Slow}, {"2", Lane::Slow}, {"3", Lane::Slow}, {"4", Lane::Slow}});
  queue.Push(slow);
  for (int begun = slow_begun; begun < 2; begun = slow_begun) slow_begun.wait(begun);
  auto quick = Batch({{"q", Lane::Quick}});
  queue.Push(quick);
  quick_done.wait(false);
  queue.Close();
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(slow_begun, 4);
}

// A quick request that is not quick after all must not hold up the next one.
TEST(RequestQueue, HelpGetsPastAWorkerThatHangs) {
  RequestQueue queue(10);
  EXPECT_FALSE(queue.Help()) << "nothing waits";
  std::atomic<bool> hangs{false};
  std::atomic<bool> second_done{false};
  const auto serve = [&] {
    std::optional<Lane> done;
    while (auto request = queue.Take(Worker::General, done)) {
      if (request->text == "first") {
        hangs = true;
        hangs.notify_all();
        second_done.wait(false);
      } else {
        second_done = true;
        second_done.notify_all();
      }
      done = request->lane;
    }
  };
  std::thread one(serve);
  std::thread two(serve);
  auto batch = Batch({{"first", Lane::Quick}});
  queue.Push(batch);
  hangs.wait(false);
  batch = Batch({{"second", Lane::Quick}});
  queue.Push(batch);
  while (queue.Help()) std::this_thread::sleep_for(RequestQueue::kHelpAfter);
  second_done.wait(false);
  queue.Close();
  one.join();
  two.join();
}

TEST(RequestQueue, EveryRequestIsTakenOnceByManyWorkers) {
  constexpr int kRequests = 20'000;
  RequestQueue queue(kRequests);
  std::mutex mutex;
  std::multiset<std::string> taken;
  std::vector<std::thread> workers;
  for (int i = 0; i < 6; ++i) {
    workers.emplace_back([&, i] {
      std::vector<std::string> mine;
      while (auto request = queue.Take(i < 4 ? Worker::General : Worker::QuickOnly)) mine.push_back(request->text);
      const std::scoped_lock lock(mutex);
      taken.insert(mine.begin(), mine.end());
    });
  }
  std::vector<Request> batch;
  for (int i = 0; i < kRequests; ++i) {
    batch.push_back(Make(std::to_string(i), i % 3 == 0 ? Lane::Slow : Lane::Quick));
    if (i % 7 == 0) queue.Push(batch);
  }
  queue.Push(batch);
  queue.Close();
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(taken.size(), static_cast<std::size_t>(kRequests));
  EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), static_cast<std::size_t>(kRequests));
}

}  // namespace
}  // namespace cmdsrv
