#include "jobs/job_events.hpp"

#include <gmock/gmock.h>

#include <set>
#include <thread>

namespace cmdsrv {
namespace {

using testing::ElementsAre;

JobChange Of(std::int64_t id, std::int64_t printed = -1) {
  JobChange change;
  change.id = JobId{id};
  change.output_bytes = printed;
  return change;
}

std::vector<std::int64_t> Ids(const std::optional<JobChanges>& changes) {
  std::vector<std::int64_t> ids;
  if (!changes) return {-1};
  for (const JobChange& change : changes->changes) ids.push_back(change.id.value);
  return ids;
}

TEST(JobEvents, NumbersGoUpAndNothingIsToldTwice) {
  JobEvents events(100);
  events.Push({Of(1), Of(2)});
  EXPECT_EQ(events.Latest(), 102U);
  EXPECT_THAT(Ids(events.After(100)), ElementsAre(1, 2));
  EXPECT_THAT(Ids(events.After(101)), ElementsAre(2));
  const auto none = events.After(102);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->seq, 102U);
  EXPECT_TRUE(none->changes.empty());
}

TEST(JobEvents, ANumberOfAnotherLifeIsAGap) {
  JobEvents events(100);
  EXPECT_FALSE(events.After(99));
  EXPECT_FALSE(events.After(101));
  EXPECT_FALSE(events.After(0));
  std::set<std::uint64_t> begins;
  for (int i = 0; i < 20; ++i) begins.insert(JobEvents().Latest());
  EXPECT_GT(begins.size(), 18U) << "each life begins elsewhere";
  EXPECT_LT(*begins.rbegin(), std::uint64_t{1} << 53U) << "JSON numbers are exact only up to here";
}

TEST(JobEvents, MemoryIsBoundedAndWhoSleptTooLongLearnsOfTheGap) {
  JobEvents events(0);
  for (std::int64_t i = 1; i <= std::int64_t{JobEvents::kMost} + 10; ++i) events.Push({Of(i)});
  EXPECT_FALSE(events.After(9));
  ASSERT_TRUE(events.After(10));
  EXPECT_EQ(events.After(10)->changes.size(), JobEvents::kMost);
  EXPECT_EQ(events.After(10)->changes.front().seq, 11U);
}

TEST(JobEvents, OfWhatAJobPrintsOnlyTheNewestIsKept) {
  JobEvents events(0);
  events.Push({Of(1), Of(1, 10), Of(2, 10)});
  events.Push({Of(1, 20)});
  const auto all = events.After(0);
  EXPECT_THAT(Ids(all), ElementsAre(1, 2, 1));
  EXPECT_EQ(all->changes[0].output_bytes, -1) << "changes of status stay";
  EXPECT_EQ(all->changes[2].output_bytes, 20);
  for (int i = 0; i < 5000; ++i) events.Push({Of(1, i)});
  EXPECT_TRUE(events.After(0)) << "much output makes no gap";
}

TEST(JobEvents, WhoWaitsIsWokenOnceForABatchAndNobodyElse) {
  JobEvents events(0);
  int woken = 0;
  events.OnPush([&] { ++woken; });
  events.Push({Of(1)});
  EXPECT_EQ(woken, 0) << "nobody waits";
  events.Waiting(true);
  events.Push({Of(1), Of(2), Of(3)});
  events.Push({});
  EXPECT_EQ(woken, 1);
  events.OnPush({});
  events.Push({Of(1)});
  EXPECT_EQ(woken, 1);
}

TEST(JobEvents, ReadersSeeEachChangeOnceWhileOthersPush) {
  JobEvents events(0);
  std::thread reader([&] {
    std::uint64_t since = 0;
    while (since < 1000) {
      const auto after = events.After(since);
      ASSERT_TRUE(after);
      for (const JobChange& change : after->changes) ASSERT_EQ(change.seq, ++since);
    }
  });
  for (int i = 0; i < 500; ++i) events.Push({Of(1), Of(2)});
  reader.join();
}

}  // namespace
}  // namespace cmdsrv
