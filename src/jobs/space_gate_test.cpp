// Jobs that wait for space, in a fake world whose disk is a number.
#include "jobs/space_gate.hpp"

#include "support/minder_world.hpp"

namespace cmdsrv::test {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1U << 20U;

class SpaceWorld : public MinderWorld {
 protected:
  SpaceWorld() {
    options.space = [this](const std::vector<SpaceQuestion>& questions, auto done) {
      ++looks;
      SpaceFacts facts;
      for (const SpaceQuestion& question : questions) {
        for (const SpaceClaim& claim : question.claims) {
          facts[question.job].push_back({claim, there[question.job] * kMiB,
                                         Volume{.id = 1,
                                                .name = "/library",
                                                .total = 1000 * kMiB,
                                                .available = available * kMiB,
                                                .floor = 10 * kMiB}});
        }
      }
      done(std::move(facts));
    };
  }

  static JobPlan Needing(std::uint64_t mebibytes, std::size_t steps = 1) {
    JobPlan plan = Chain(steps);
    plan.space.push_back({.claim = {.directory = "/library", .bytes = mebibytes * kMiB}});
    return plan;
  }
  JobId Submit1(std::uint64_t mebibytes) { return Submit(Needing(mebibytes)).front(); }
  std::string CodeOf(JobId id) { return board->Find(id).value().reason_code; }

  std::uint64_t available = 100;
  std::map<JobId, std::uint64_t> there;
  int looks = 0;
};

TEST_F(SpaceWorld, WaitsAndStartsWhenAnotherJobEnds) {
  Boot();
  const JobId first = Submit1(60);
  const JobId second = Submit1(60);
  EXPECT_TRUE(Began(first));
  EXPECT_FALSE(Began(second));
  EXPECT_EQ(CodeOf(second), "space");
  EXPECT_EQ(ReasonOf(second),
            "Waiting for space: /library has 100M free; 60.0M are needed, and 70.0M are kept for other jobs and the "
            "system");
  End(first, 1);
  EXPECT_TRUE(Began(second));
}

TEST_F(SpaceWorld, ReservesBeforeItMayStart) {
  options.max_running = 1;
  Boot();
  const JobId first = Submit1(20);
  const JobId second = Submit1(60);
  const JobId third = Submit1(60);
  EXPECT_EQ(CodeOf(second), "slot") << "its bytes are kept while it waits for its turn";
  EXPECT_EQ(CodeOf(third), "space");
  End(first);
  EXPECT_TRUE(Began(second));
  EXPECT_EQ(CodeOf(third), "space");
}

TEST_F(SpaceWorld, TheWholeChainHoldsThePromise) {
  Boot();
  const auto chain = Submit(Needing(60, 2));
  const JobId other = Submit1(60);
  End(chain[0]);
  EXPECT_TRUE(Began(chain[1])) << "a later step asks nobody";
  EXPECT_EQ(CodeOf(other), "space");
  there[chain[1]] = 60;
  available = 80;  // of 140 once: 60 are in use
  End(chain[1]);
  EXPECT_TRUE(Began(other));
}

TEST_F(SpaceWorld, DeletedContentWakesIt) {
  available = 30;
  Boot();
  const JobId id = Submit1(60);
  EXPECT_EQ(CodeOf(id), "space");
  available = 90;
  board->SpaceFreed();
  loop->Drain();
  EXPECT_TRUE(Began(id));
}

TEST_F(SpaceWorld, OtherwiseTheDiskIsLookedAtEveryHalfMinute) {
  available = 30;
  Boot();
  const JobId id = Submit1(60);
  const int before = looks;
  loop->Advance(29s);
  EXPECT_EQ(looks, before);
  loop->Advance(61s);
  EXPECT_EQ(looks, before + 3);
  available = 90;
  loop->Advance(30s);
  EXPECT_TRUE(Began(id));
  End(id);
  EXPECT_EQ(loop->Timers(), 1U) << "nobody waits: the daily round is all that is left";
}

TEST_F(SpaceWorld, NobodyLooksForJobsThatNeedNothing) {
  Boot();
  Submit(Chain(2));
  loop->Advance(24h);
  EXPECT_EQ(looks, 0);
}

TEST_F(SpaceWorld, CancelledWhileItWaits) {
  available = 30;
  Boot();
  const JobId id = Submit1(60);
  EXPECT_EQ(Cancel(id), CancelAnswer::WasScheduled);
  EXPECT_EQ(StatusOf(id), "CANCELLED");
  available = 90;
  loop->Advance(60s);
  EXPECT_FALSE(Began(id));
}

TEST_F(SpaceWorld, CancellingWhoHasThePromiseMakesRoom) {
  options.max_running = 1;
  Boot();
  const JobId busy = Submit(Chain(1)).front();
  const JobId holder = Submit1(60);
  const JobId waiting = Submit1(60);
  EXPECT_EQ(CodeOf(waiting), "space");
  Cancel(holder);
  EXPECT_EQ(CodeOf(waiting), "slot");
  End(busy);
  EXPECT_TRUE(Began(waiting));
}

TEST_F(SpaceWorld, WaitsAgainAfterARestartAndWhatRunsKeepsItsBytes) {
  Boot();
  const JobId first = Submit1(60);
  const JobId second = Submit1(60);
  Boot();
  EXPECT_TRUE(runner.runs.at(first).adopted);
  EXPECT_FALSE(Began(second));
  EXPECT_EQ(CodeOf(second), "space");
  End(first);
  EXPECT_TRUE(Began(second));
}

TEST_F(SpaceWorld, AnInterruptedOneComesBeforeTheOthers) {
  Boot();
  const JobId first = Submit1(60);
  const JobId second = Submit1(60);
  runner.boot = "boot-2";
  runner.alive.clear();
  Boot();
  EXPECT_EQ(StatusOf(first), "RESTARTED");
  EXPECT_EQ(CodeOf(second), "space");
}

TEST_F(SpaceWorld, AStartLongAfterThePromiseWantsAnotherLook) {
  options.max_running = 1;
  Boot();
  const JobId busy = Submit(Chain(1)).front();
  const JobId id = Submit1(60);
  EXPECT_EQ(CodeOf(id), "slot");
  clock.Advance(1h);
  available = 30;  // somebody else filled it meanwhile
  End(busy);
  EXPECT_FALSE(Began(id));
  EXPECT_EQ(CodeOf(id), "space");
  available = 100;
  loop->Advance(30s);
  EXPECT_TRUE(Began(id));
}

TEST_F(SpaceWorld, ADownloadKeepsItsBytesBetweenItsTries) {
  Boot();
  JobPlan plan = Needing(60);
  plan.steps.front().retry = RetryPolicy::Temporary;
  const JobId first = Submit(std::move(plan)).front();
  const JobId second = Submit1(60);
  End(first, 75);
  EXPECT_EQ(StatusOf(first), "SCHEDULED");
  EXPECT_EQ(CodeOf(second), "space");
  loop->Advance(1h);
  EXPECT_TRUE(Began(first));
  EXPECT_FALSE(Began(second));
}

TEST_F(SpaceWorld, ARetryAsksForWhatIsStillMissing) {
  Boot();
  const JobId first = Submit1(60);
  End(first, 1);
  available = 40;
  const auto again = board->Retry(first).value().front();
  loop->Drain();
  EXPECT_EQ(CodeOf(again), "space");
  there[again] = 40;
  loop->Advance(30s);
  EXPECT_TRUE(Began(again)) << "20 of 60 are missing, and 40 are free";
}

TEST_F(SpaceWorld, WhatCanNeverFitFails) {
  Boot();
  const auto chain = Submit(Needing(2000, 2));
  EXPECT_EQ(StatusOf(chain[0]), "FAILED");
  EXPECT_EQ(CodeOf(chain[0]), "space");
  EXPECT_THAT(OutputOf(chain[0]), HasSubstr("There is not enough space: /library has 0.98G in all"));
  EXPECT_EQ(StatusOf(chain[1]), "CANCELLED");
}

TEST_F(SpaceWorld, EachChainOfAPlanWaitsForItself) {
  Boot();
  JobPlan plan = Apart(3);
  plan.steps[0].space = {{.directory = "/library", .bytes = 60 * kMiB}};
  plan.steps[1].space = {{.directory = "/library", .bytes = 50 * kMiB}};
  plan.steps[2].space = {{.directory = "/library", .bytes = 30 * kMiB}};
  plan.space = {{.claim = {.directory = "/library", .bytes = 140 * kMiB}}};
  const auto ids = Submit(std::move(plan));
  EXPECT_TRUE(Began(ids[0]));
  EXPECT_FALSE(Began(ids[1]));
  EXPECT_TRUE(Began(ids[2]));
}

TEST_F(SpaceWorld, NewsTellWhyItWaits) {
  Boot();
  board->Changes({});
  Submit1(60);
  const JobId second = Submit1(60);
  bool told = false;
  for (const JobChange& change : board->Changes(0).changes)
    told = told || (change.id == second && change.reason_code == "space");
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace cmdsrv::test
