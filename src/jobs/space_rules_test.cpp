#include "jobs/space_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace cmdsrv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1U << 20U;

SpaceClaim Claim(std::uint64_t mebibytes, std::uint64_t margin = 0) {
  return {.directory = "/library", .bytes = mebibytes * kMiB, .margin = margin * kMiB};
}

Volume Library(std::uint64_t available, std::uint64_t floor = 0) {
  return {.id = 1, .name = "/library", .total = 1000 * kMiB, .available = available * kMiB, .floor = floor * kMiB};
}

TEST(SpaceRules, WhatIsThereIsNotNeeded) {
  EXPECT_EQ(StillNeeded(Claim(100, 5), 0), 105 * kMiB);
  EXPECT_EQ(StillNeeded(Claim(100, 5), 40 * kMiB), 65 * kMiB);
  EXPECT_EQ(StillNeeded(Claim(100, 5), 100 * kMiB - 1024), 0) << "a catalog counts in KiB";
  EXPECT_EQ(StillNeeded(Claim(100, 5), 300 * kMiB), 0) << "more than the catalog said";
  EXPECT_EQ(StillNeeded(Claim(0), 0), 0);
}

TEST(SpaceRules, WhatComesBackIsKnown) {
  SpaceClaim claim = Claim(100);
  claim.stays = 100 * static_cast<std::int64_t>(kMiB);
  EXPECT_EQ(GivesBack(claim, 30 * kMiB), 0);
  claim.stays = -20 * static_cast<std::int64_t>(kMiB);
  EXPECT_EQ(GivesBack(claim, 30 * kMiB), 50 * kMiB);
}

class Judging : public testing::Test {
 protected:
  JobRecord& Add(std::int64_t id, std::uint64_t needs, SpaceWait wait, Stage stage = Waiting{}) {
    owned_.push_back(std::make_unique<JobRecord>());
    JobRecord& job = *owned_.back();
    list_.push_back(&job);
    job.id = JobId{id};
    job.stage = std::move(stage);
    job.space = wait;
    job.options.space = {Claim(needs)};
    facts_[job.id] = {{Claim(needs), 0, volume}};
    return job;
  }
  void There(std::int64_t id, std::uint64_t mebibytes) { facts_.at(JobId{id}).front().there = mebibytes * kMiB; }

  /// "3" is promised its bytes, "-3" waits.
  std::vector<std::int64_t> Verdicts() {
    std::vector<std::int64_t> ids;
    verdicts_ = JudgeSpace(list_, facts_).value();
    for (const SpaceVerdict& one : verdicts_)
      ids.push_back(one.wait == SpaceWait::Promised ? one.id.value : -one.id.value);
    return ids;
  }

  Volume volume = Library(100);
  std::vector<std::unique_ptr<JobRecord>> owned_;
  std::vector<const JobRecord*> list_;
  SpaceFacts facts_;
  std::vector<SpaceVerdict> verdicts_;
};

TEST_F(Judging, FirstComeFirstServedAndWhatFitsDoesNotWait) {
  Add(1, 60, SpaceWait::Unknown);
  Add(2, 50, SpaceWait::Unknown);
  Add(3, 40, SpaceWait::Unknown);
  EXPECT_THAT(Verdicts(), ElementsAre(1, -2, 3));
  EXPECT_EQ(verdicts_[1].shortage,
            "/library has 100M free; 50.0M are needed, and 60.0M are kept for other jobs and the system");
}

TEST_F(Judging, OneByteTooMuchIsTooMuch) {
  volume = Library(100, 10);
  Add(1, 90, SpaceWait::Unknown);
  EXPECT_THAT(Verdicts(), ElementsAre(1));
  facts_.at(JobId{1}).front().volume->floor += 1;
  EXPECT_THAT(Verdicts(), ElementsAre(-1));
  EXPECT_FALSE(verdicts_.front().never);
}

TEST_F(Judging, RunningOnesKeepWhatTheyStillNeed) {
  Add(1, 60, SpaceWait::Promised, Running{});
  Add(2, 70, SpaceWait::Short);
  EXPECT_THAT(Verdicts(), ElementsAre(-2));
  There(1, 30);
  EXPECT_THAT(Verdicts(), ElementsAre(2)) << "100 are free now, and 30 of them are promised";
}

TEST_F(Judging, LaterStepsOfAChainKeepThePromise) {
  Add(1, 60, SpaceWait::Promised, Running{});
  JobRecord& second = Add(2, 60, SpaceWait::None);
  second.depends_on = JobId{1};
  Add(3, 40, SpaceWait::Unknown);
  EXPECT_THAT(SpaceClaimants(list_), ElementsAre(JobId{1}, JobId{3})) << "a chain is counted once";
  EXPECT_THAT(Verdicts(), ElementsAre(3));
  list_.erase(list_.begin());  // the first step has ended
  EXPECT_THAT(SpaceClaimants(list_), ElementsAre(JobId{2}, JobId{3}));
  EXPECT_THAT(Verdicts(), ElementsAre(3)) << "60 are kept for the second step, though it asks nobody";
  facts_.at(JobId{3}).front().claim.bytes += 1;
  EXPECT_THAT(Verdicts(), ElementsAre(-3));
}

TEST_F(Judging, PromisesComeFirstThenWhatWasInterrupted) {
  Add(1, 60, SpaceWait::Unknown);
  Add(2, 60, SpaceWait::Unknown, Waiting{.again = true});
  Add(3, 30, SpaceWait::Promised);
  EXPECT_THAT(Verdicts(), ElementsAre(3, 2, -1));
}

TEST_F(Judging, APromiseIsTakenBackWhenSomebodyElseFilledTheDisk) {
  volume = Library(20);
  Add(1, 60, SpaceWait::Promised);
  EXPECT_THAT(Verdicts(), ElementsAre(-1));
}

TEST_F(Judging, WhatNoDeletionHelpsIsToldSo) {
  Add(1, 2000, SpaceWait::Unknown);
  EXPECT_THAT(Verdicts(), ElementsAre(-1));
  EXPECT_TRUE(verdicts_.front().never);
  EXPECT_THAT(verdicts_.front().shortage,
              HasSubstr("/library has 0.98G in all, less 0 for the system; 1.95G are needed"));
}

TEST_F(Judging, WhoIsBeingCancelledAsksForNothing) {
  Add(1, 60, SpaceWait::Promised).cancel_wanted = true;
  Add(2, 60, SpaceWait::Unknown);
  EXPECT_THAT(Verdicts(), ElementsAre(2));
}

TEST_F(Judging, WithoutALookAtAPromiseNobodyGetsOne) {
  Add(1, 60, SpaceWait::Promised, Running{});
  Add(2, 10, SpaceWait::Unknown);
  facts_.erase(JobId{1});
  EXPECT_FALSE(JudgeSpace(list_, facts_));
}

TEST_F(Judging, WhoCameSinceIsLookedAtNext) {
  Add(1, 60, SpaceWait::Unknown);
  Add(2, 10, SpaceWait::Unknown);
  facts_.erase(JobId{2});
  EXPECT_THAT(Verdicts(), ElementsAre(1));
}

TEST_F(Judging, ADiskThatCannotBeLookedAtHoldsNobodyUp) {
  Add(1, 5000, SpaceWait::Unknown);
  facts_.at(JobId{1}).front().volume.reset();
  EXPECT_THAT(Verdicts(), ElementsAre(1));
}

TEST_F(Judging, DisksDoNotMix) {
  Add(1, 90, SpaceWait::Promised, Running{});
  Add(2, 90, SpaceWait::Unknown);
  facts_.at(JobId{2}).front().volume->id = 2;
  EXPECT_THAT(Verdicts(), ElementsAre(2));
}

}  // namespace
}  // namespace cmdsrv
