#include "platform/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "platform/unique_fd.hpp"

namespace cmdsrv {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

class EventLoopTest : public ::testing::Test {
 protected:
  EventLoopTest() : loop_(EventLoop::Make().value()) {}

  std::unique_ptr<EventLoop> loop_;
};

TEST_F(EventLoopTest, PostedTasksRunInOrderAndQuitEndsAtItsPlace) {
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i) loop_->Post([&, i] { seen.push_back(i); });
  loop_->Quit();
  loop_->Post([&] { seen.push_back(99); });
  loop_->Run();
  EXPECT_EQ(seen, (std::vector{0, 1, 2}));
}

TEST_F(EventLoopTest, PostsOfManyThreadsAllArrive) {
  constexpr int kThreads = 4;
  constexpr int kEach = 1000;
  int count = 0;  // without a lock: only the loop's thread touches it
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        loop_->Post([&] {
          if (++count == kThreads * kEach) loop_->Quit();
        });
      }
    });
  }
  loop_->Run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, kThreads * kEach);
}

TEST_F(EventLoopTest, TimersFireOnceInOrderOfTime) {
  std::vector<int> seen;
  const auto began = Steady::now();
  const auto second = loop_->After(milliseconds(40), [&] {
    seen.push_back(2);
    loop_->Quit();
  });
  const auto first = loop_->After(milliseconds(10), [&] { seen.push_back(1); });
  const auto never = loop_->After(hours(1000), [&] { seen.push_back(3); });
  const auto at_once = loop_->After(milliseconds(-5), [&] { seen.push_back(0); });
  loop_->Run();
  EXPECT_EQ(seen, (std::vector{0, 1, 2}));
  EXPECT_GE(Steady::now() - began, milliseconds(40));
}

TEST_F(EventLoopTest, DroppedSourceIsSilent) {
  bool fired = false;
  auto dropped = loop_->After(milliseconds(0), [&] { fired = true; });
  dropped.reset();
  const auto end = loop_->After(milliseconds(20), [&] { loop_->Quit(); });
  loop_->Run();
  EXPECT_FALSE(fired);
}

TEST_F(EventLoopTest, CallbackMayDropItselfAndAddOthers) {
  EventLoop::SourcePtr source;
  EventLoop::SourcePtr next;
  std::string long_lived(100, 'x');  // on the heap: a use after free is seen by the sanitizer
  source = loop_->After(milliseconds(0), [&, text = long_lived] {
    source.reset();
    EXPECT_EQ(text, long_lived);
    next = loop_->After(milliseconds(0), [&] { loop_->Quit(); });
  });
  loop_->Run();
  EXPECT_EQ(source, nullptr);
}

TEST_F(EventLoopTest, ReadableIsLevelTriggered) {
  const UniqueFd event(eventfd(3, EFD_CLOEXEC | EFD_SEMAPHORE));
  int calls = 0;
  EventLoop::SourcePtr source = loop_->OnReadable(event.Get(), [&] {
    eventfd_t value = 0;
    eventfd_read(event.Get(), &value);  // takes one of three
    if (++calls == 3) loop_->Quit();
  });
  loop_->Run();
  EXPECT_EQ(calls, 3);
}

TEST_F(EventLoopTest, DroppedReadableFdMayBeClosedAndReused) {
  int stale = 0;
  UniqueFd first(eventfd(1, EFD_CLOEXEC));
  auto source = loop_->OnReadable(first.Get(), [&] { ++stale; });
  source.reset();
  first.Reset();
  const UniqueFd second(eventfd(1, EFD_CLOEXEC));
  bool fresh = false;
  const auto other = loop_->OnReadable(second.Get(), [&] {
    fresh = true;
    loop_->Quit();
  });
  loop_->Run();
  EXPECT_EQ(stale, 0);
  EXPECT_TRUE(fresh);
}

TEST_F(EventLoopTest, OneThatThrowsDoesNotEndTheLoop) {
  bool later = false;
  loop_->Post([] { throw std::runtime_error("this line belongs to the test"); });
  const auto timer = loop_->After(milliseconds(0), [] { throw 5; });
  const auto end = loop_->After(milliseconds(10), [&] {
    later = true;
    loop_->Quit();
  });
  loop_->Run();
  EXPECT_TRUE(later);
}

TEST_F(EventLoopTest, SourceMayOutliveTheLoop) {
  auto source = loop_->After(hours(1), [] {});
  loop_.reset();
  source.reset();
}

TEST_F(EventLoopTest, IdleLoopDoesNotWakeUp) {
  std::atomic<bool> running{false};
  rusage before{};
  rusage after{};
  std::thread thread([&] {
    const auto far = loop_->After(hours(1), [] {});
    loop_->Post([&] {
      getrusage(RUSAGE_THREAD, &before);
      running = true;
    });
    loop_->Run();
    getrusage(RUSAGE_THREAD, &after);
  });
  while (!running) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(300));  // the time in which nothing must happen
  loop_->Quit();
  thread.join();
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 3);  // asleep, and awake for Quit
}

}  // namespace
}  // namespace cmdsrv
