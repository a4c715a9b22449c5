#include "platform/timer_thread.hpp"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <vector>

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(TimerThread, CallsInTheOrderOfTheirTimes) {
  TimerThread timer;
  std::vector<int> order;
  std::promise<void> done;
  timer.After(60ms, [&] {
    order.push_back(3);
    done.set_value();
  });
  timer.After(30ms, [&] { order.push_back(2); });
  timer.After(0ms, [&] { order.push_back(1); });
  ASSERT_EQ(done.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(TimerThread, FunctionsMayAskForMore) {
  TimerThread timer;
  std::promise<void> done;
  timer.After(0ms, [&] { timer.After(1ms, [&] { done.set_value(); }); });
  EXPECT_EQ(done.get_future().wait_for(30s), std::future_status::ready);
}

TEST(TimerThread, WhatIsDroppedIsNotCalled) {
  TimerThread timer;
  bool called = false;
  std::promise<void> done;
  const TimerThread::Id id = timer.After(20ms, [&] { called = true; });
  EXPECT_TRUE(timer.Drop(id));
  EXPECT_FALSE(timer.Drop(id));
  timer.After(40ms, [&] { done.set_value(); });
  ASSERT_EQ(done.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_FALSE(called);
}

TEST(TimerThread, StopWaitsForWhatIsUnderWayAndForgetsTheRest) {
  auto held = std::make_shared<int>(1);
  std::promise<void> began;
  std::atomic<bool> ended = false;
  TimerThread timer;
  timer.After(0ms, [&] {
    began.set_value();
    std::promise<void>().get_future().wait_for(30ms);
    ended = true;
  });
  timer.After(1h, [held] {});
  ASSERT_EQ(began.get_future().wait_for(30s), std::future_status::ready);
  timer.Stop();
  EXPECT_TRUE(ended);
  timer.After(0ms, [held] {});
  EXPECT_EQ(held.use_count(), 1) << "nothing holds it any more";
}

TEST(TimerThread, NothingIsAskedOfIt) { const TimerThread timer; }

}  // namespace
}  // namespace cmdsrv
