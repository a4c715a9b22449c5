#include "jobs/output_news.hpp"

#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class OutputNewsTest : public test::MinderWorld {
 protected:
  void SetUp() override { Boot(); }

  /// Bytes of the news of output since the last call.
  std::vector<std::int64_t> News() {
    std::vector<std::int64_t> sizes;
    const JobChanges changes = board->Changes(seen_);
    seen_ = changes.seq;
    for (const JobChange& change : changes.changes) {
      if (change.output_bytes >= 0) sizes.push_back(change.output_bytes);
    }
    loop->Drain();
    return sizes;
  }

  std::uint64_t seen_ = 0;
};

TEST_F(OutputNewsTest, WhatAJobPrintsIsToldAtMostFiveTimesASecond) {
  News();
  const JobId id = Submit(Chain(1)).at(0);
  runner.Print(id, 10, Progress{.phase = "download", .percent = 5});
  EXPECT_THAT(News(), IsEmpty());
  loop->Advance(200ms);
  const JobChanges first = board->Changes(seen_);
  ASSERT_EQ(first.changes.size(), 1U);
  EXPECT_EQ(first.changes[0].progress->percent, 5);
  EXPECT_EQ(first.changes[0].status, JobStatus::Started);
  EXPECT_THAT(News(), ElementsAre(10));
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i) {
    runner.Print(id, 1);
    loop->Advance(10ms);
    told += News().size();
  }
  EXPECT_GE(told, 3U);
  EXPECT_LE(told, 5U);
  loop->Advance(200ms);
  News();
  EXPECT_EQ(loop->Timers(), 2U)
      << "beside pruning and the progress of rows, nothing is looked at while nothing is printed";
  EXPECT_TRUE(runner.on_printed.contains(id));
}

TEST_F(OutputNewsTest, WhoComesLaterLearnsWhatWasPrintedBefore) {
  const JobId id = Submit(Chain(1)).at(0);
  EXPECT_TRUE(runner.on_printed.empty()) << "nobody listens";
  runner.Print(id, 500);
  News();
  loop->Advance(200ms);
  EXPECT_THAT(News(), ElementsAre(500));
}

TEST_F(OutputNewsTest, WithoutListenersTheWatchSleepsAndWakesAgain) {
  const JobId id = Submit(Chain(1)).at(0);
  News();
  loop->Advance(61s);
  runner.Print(id, 5);
  EXPECT_TRUE(runner.on_printed.empty()) << "it was the last look";
  loop->Advance(1s);
  EXPECT_THAT(News(), IsEmpty());
  loop->Advance(200ms);
  EXPECT_THAT(News(), ElementsAre(5));
  runner.Print(id, 1);
  loop->Advance(200ms);
  EXPECT_THAT(News(), ElementsAre(6));
}

TEST_F(OutputNewsTest, AnEndedJobIsSilentAndAnAdoptedOneIsNot) {
  News();
  const auto ids = Submit(Apart(2));
  runner.Print(ids[0], 5);
  End(ids[0]);
  loop->Advance(1s);
  for (const JobChange& change : board->Changes(seen_).changes) EXPECT_EQ(change.output_bytes, -1);
  Boot();
  seen_ = events->Latest();
  News();
  runner.Print(ids[1], 7);
  loop->Advance(200ms);
  EXPECT_THAT(News(), ElementsAre(7));
}

}  // namespace
}  // namespace cmdsrv
