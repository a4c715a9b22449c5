#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "server/delayed_replies.hpp"
#include "server/reply_box.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;

bool IsReadable(int fd, int wait_ms = 0) {
  pollfd item{fd, POLLIN, 0};
  return ::poll(&item, 1, wait_ms) == 1;
}

TEST(ReplyBox, OneWakeForABatch) {
  const auto box = ReplyBox::Make().value();
  EXPECT_FALSE(IsReadable(box->Descriptor()));
  box->Post({{"a", false}, "1"});
  box->Post({{"b", true}, "2"});
  EXPECT_TRUE(IsReadable(box->Descriptor()));
  std::vector<Reply> replies;
  box->Take(replies);
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(replies[0].text, "1");
  EXPECT_TRUE(replies[1].to.delimiter);
  EXPECT_FALSE(IsReadable(box->Descriptor()));
  box->Take(replies);
  EXPECT_TRUE(replies.empty());
}

TEST(ReplyBox, NoReplyIsForgottenBetweenThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 5000;
  const auto box = ReplyBox::Make().value();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::size_t n = 0; n < kEach; ++n) box->Post({{}, "x"});
    });
  }
  std::size_t taken = 0;
  std::vector<Reply> replies;
  while (taken < kThreads * kEach && IsReadable(box->Descriptor(), 10'000)) {
    box->Take(replies);
    taken += replies.size();
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, kThreads * kEach);
}

TEST(DelayedReplies, ComeInTheOrderOfTheirTime) {
  DelayedReplies delayed;
  const SteadyTime now{100s};
  EXPECT_FALSE(delayed.NextDue());
  delayed.Add({{}, "late"}, now + 3s);
  delayed.Add({{}, "soon"}, now + 1s);
  delayed.Add({{}, "soon too"}, now + 1s);
  EXPECT_EQ(delayed.NextDue(), now + 1s);
  EXPECT_FALSE(delayed.TakeDue(now + 999ms));
  EXPECT_EQ(delayed.TakeDue(now + 1s)->text, "soon");
  EXPECT_EQ(delayed.TakeDue(now + 1s)->text, "soon too");
  EXPECT_FALSE(delayed.TakeDue(now + 2s));
  EXPECT_EQ(delayed.TakeDue(SteadyTime::max())->text, "late");
  EXPECT_TRUE(delayed.Empty());
}

}  // namespace
}  // namespace cmdsrv
