#include "jobs/job_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr SteadyTime kNow{1000s};

class Queue : public testing::Test {
 protected:
  JobRecord& Add(std::int64_t id, Stage stage = Waiting{}) {
    owned_.push_back(std::make_unique<JobRecord>());
    list_.push_back(owned_.back().get());
    owned_.back()->id = JobId{id};
    owned_.back()->stage = std::move(stage);
    return *owned_.back();
  }
  JobRecord& AddAfter(std::int64_t id, std::int64_t before) {
    JobRecord& job = Add(id);
    job.depends_on = JobId{before};
    return job;
  }
  std::vector<std::int64_t> Startable(int max_running = 7) const {
    std::vector<std::int64_t> ids;
    for (const JobId id : FindStartable(list_, {max_running}, kNow)) ids.push_back(id.value);
    return ids;
  }
  WaitReason Why(const JobRecord& job, int max_running = 7) const {
    return WhyWaiting(job, list_, HeldBy(list_), {max_running}, kNow);
  }

  std::vector<std::unique_ptr<JobRecord>> owned_;
  std::vector<const JobRecord*> list_;
};

TEST_F(Queue, StartsInOrderOfIdUpToTheLimit) {
  Add(1, Running{});
  for (int id = 2; id <= 5; ++id) Add(id);
  EXPECT_THAT(Startable(3), ElementsAre(2, 3));
  EXPECT_THAT(Startable(1), IsEmpty());
  EXPECT_EQ(Why(*list_[1], 1).code, "slot");
  EXPECT_EQ(Why(*list_[1], 1).sentence, "Waiting for a free slot");
  EXPECT_EQ(Why(*list_[1], 2).code, "start");
}

TEST_F(Queue, InterruptedJobsComeFirstAndKeepTheLimit) {
  Add(1);
  Add(2);
  Add(9, Waiting{.again = true});
  EXPECT_THAT(Startable(2), ElementsAre(9, 1));
}

TEST_F(Queue, StartingAndEndingOnesHoldTheirSlots) {
  Add(1, Starting{});
  Add(2, Ending{JobStatus::Succeeded, true});
  Add(3, Ending{JobStatus::Cancelled, false});
  Add(4);
  EXPECT_THAT(Startable(2), IsEmpty());
  EXPECT_THAT(Startable(3), ElementsAre(4));
}

TEST_F(Queue, AStepWaitsUntilItsPredecessorIsGone) {
  Add(1, Running{});
  JobRecord& second = AddAfter(2, 1);
  AddAfter(3, 2);
  AddAfter(5, 4);  // 4 has succeeded and is no longer unfinished
  EXPECT_THAT(Startable(), ElementsAre(5));
  EXPECT_EQ(Why(second).code, "job");
  EXPECT_EQ(Why(second).sentence, "Waiting for job 1");
}

TEST_F(Queue, OneAnsibleJobAtATimeAndOthersPass) {
  Add(1).options.ansible = true;
  JobRecord& second = Add(2);
  second.options.ansible = true;
  Add(3);
  EXPECT_THAT(Startable(), ElementsAre(1, 3));
  owned_[0]->stage = Running{};
  EXPECT_THAT(Startable(), ElementsAre(3));
  EXPECT_EQ(Why(second).code, "ansible");
  EXPECT_EQ(Why(second).sentence, "Waiting for the Ansible run of job 1");
}

TEST_F(Queue, JobsWithACommonLockNeverRunTogether) {
  Add(1).options.locks = {"kiwix-library"};
  JobRecord& second = Add(2);
  second.options.locks = {"menus", "kiwix-library"};
  Add(3).options.locks = {"menus"};
  EXPECT_THAT(Startable(), ElementsAre(1, 3));
  owned_[0]->stage = Ending{JobStatus::Succeeded, true};
  EXPECT_EQ(Why(second).code, "lock");
  EXPECT_EQ(Why(second).sentence, "Waiting for job 1, which uses kiwix-library");
}

TEST_F(Queue, AServiceThatIsNotKnownToBeReadyHoldsTheJob) {
  JobRecord& job = Add(1, Waiting{.service = ServiceWait::Unknown});
  job.options.service = {"kiwix", "active"};
  EXPECT_THAT(Startable(), IsEmpty());
  EXPECT_EQ(Why(job).sentence, "Waiting for service kiwix");
  job.stage = Waiting{.service = ServiceWait::NotReady, .service_detail = "kiwix-serve.service is inactive"};
  EXPECT_THAT(Startable(), IsEmpty());
  EXPECT_EQ(Why(job).code, "service");
  EXPECT_EQ(Why(job).sentence, "Waiting for service kiwix (kiwix-serve.service is inactive)");
  job.stage = Waiting{.service = ServiceWait::Ready};
  EXPECT_THAT(Startable(), ElementsAre(1));
}

TEST_F(Queue, AFailedStartIsTriedAgainAtItsTimeAndSaysWhy) {
  JobRecord& job = Add(1, Waiting{.trouble = "cannot record the start: disk full", .not_before = kNow + 1s});
  EXPECT_THAT(Startable(), IsEmpty());
  EXPECT_EQ(Why(job).code, "pause");
  EXPECT_EQ(Why(job).sentence, "cannot record the start: disk full");
  std::get<Waiting>(job.stage).not_before = kNow;
  EXPECT_THAT(Startable(), ElementsAre(1));
}

TEST_F(Queue, WhatIsToBeCancelledDoesNotStart) {
  Add(1).cancel_wanted = true;
  EXPECT_THAT(Startable(), IsEmpty());
}

TEST_F(Queue, ChainsAndDependents) {
  Add(1);
  AddAfter(2, 1);
  Add(3);
  AddAfter(4, 2);
  AddAfter(5, 1);
  AddAfter(6, 6);
  EXPECT_THAT(ChainOf(JobId{4}, list_), ElementsAre(JobId{1}, JobId{2}, JobId{4}, JobId{5}));
  EXPECT_THAT(ChainOf(JobId{3}, list_), ElementsAre(JobId{3}));
  EXPECT_THAT(ChainOf(JobId{6}, list_), ElementsAre(JobId{6}));
  EXPECT_THAT(ChainOf(JobId{7}, list_), IsEmpty());
  EXPECT_THAT(DependentsOf(JobId{2}, list_), ElementsAre(JobId{4}));
  EXPECT_THAT(DependentsOf(JobId{4}, list_), IsEmpty());
}

}  // namespace
}  // namespace cmdsrv
