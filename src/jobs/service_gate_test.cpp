#include "jobs/service_gate.hpp"

#include "support/minder_world.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class ServiceGateTest : public test::MinderWorld {
 protected:
  void SetUp() override {
    options.services = [this](std::vector<ServiceNeed> needs, auto done) {
      asked.push_back(needs);
      answer = done;
    };
    Boot();
  }
  static JobPlan NeedsKiwix(std::size_t steps = 1) {
    JobPlan plan = Chain(steps);
    plan.service = {"kiwix", "active"};
    return plan;
  }
  void Answer(bool ready, std::string detail = "kiwix-serve.service is inactive") {
    answer({{kKiwix, ready, std::move(detail)}});
    loop->Drain();
  }

  const ServiceNeed kKiwix{"kiwix", "active"};
  std::vector<std::vector<ServiceNeed>> asked;
  std::function<void(std::vector<ServiceAnswer>)> answer;
};

TEST_F(ServiceGateTest, AJobStartsWhenItsServiceIsReady) {
  const auto ids = Submit(NeedsKiwix(2));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_THAT(asked[0], ElementsAre(kKiwix));
  EXPECT_THAT(runner.started, IsEmpty());
  EXPECT_EQ(ReasonOf(ids[0]), "Waiting for service kiwix");
  Answer(true);
  EXPECT_THAT(runner.started, ElementsAre(ids[0]));
  End(ids[0]);
  EXPECT_THAT(runner.started, ElementsAre(ids[0], ids[1])) << "only the first step waits for the service";
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(ServiceGateTest, WhileOneWaitsItIsAskedAgainAndThenNoMore) {
  const JobId id = Submit(NeedsKiwix()).at(0);
  Answer(false);
  EXPECT_EQ(ReasonOf(id), "Waiting for service kiwix (kiwix-serve.service is inactive)");
  EXPECT_EQ(asked.size(), 1U);
  loop->Advance(30s);
  EXPECT_EQ(asked.size(), 2U);
  Answer(true);
  EXPECT_THAT(runner.started, ElementsAre(id));
  End(id);
  loop->Advance(1h);
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_EQ(loop->Timers(), 1U) << "the daily prune only";
}

TEST_F(ServiceGateTest, TheWaitIsBoundedAndSaysWhy) {
  const auto ids = Submit(NeedsKiwix(2));
  Answer(false);
  loop->Advance(9min + 59s);
  EXPECT_EQ(StatusOf(ids[0]), "SCHEDULED");
  loop->Advance(1s);
  EXPECT_EQ(StatusOf(ids[0]), "FAILED");
  EXPECT_EQ(OutputOf(ids[0]), "service kiwix is still not active after 10 minutes: kiwix-serve.service is inactive");
  EXPECT_EQ(StatusOf(ids[1]), "CANCELLED");
}

TEST_F(ServiceGateTest, ALookupThatNeverAnswersDoesNotHoldTheJobForEver) {
  const JobId id = Submit(NeedsKiwix()).at(0);
  loop->Advance(31s);
  EXPECT_EQ(asked.size(), 2U);
  loop->Advance(10min);
  EXPECT_EQ(OutputOf(id), "service kiwix is still not active after 10 minutes: its state is unknown");
}

TEST_F(ServiceGateTest, AnsibleStopsTheCountAndBeginsItAnew) {
  JobPlan ansible = Chain(1);
  ansible.ansible = true;
  const JobId run = Submit(ansible).at(0);
  const JobId id = Submit(NeedsKiwix()).at(0);
  Answer(false);
  loop->Advance(1h);
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  const std::size_t before = asked.size();
  End(run);
  EXPECT_EQ(asked.size(), before + 1) << "ansible may have brought it";
  loop->Advance(9min);
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  loop->Advance(1min);
  EXPECT_EQ(StatusOf(id), "FAILED");
}

TEST_F(ServiceGateTest, AnAnsibleJobThatWaitsForASlotStopsTheCountToo) {
  options.max_running = 1;
  Boot();
  const JobId download = Submit(Chain(1)).at(0);
  JobPlan ansible = Chain(1);
  ansible.ansible = true;
  const JobId run = Submit(ansible).at(0);
  const JobId id = Submit(NeedsKiwix()).at(0);
  Answer(false);
  loop->Advance(1h);
  EXPECT_EQ(StatusOf(id), "SCHEDULED") << "what is to bring the service has not even begun";
  End(download);
  loop->Advance(1h);
  End(run);
  Answer(true);
  EXPECT_THAT(runner.started, ElementsAre(download, run, id));
}

TEST_F(ServiceGateTest, AnAnsibleJobThatNeverRunsBeginsTheCountAnew) {
  options.max_running = 1;
  Boot();
  Submit(Chain(1));
  JobPlan ansible = Chain(1);
  ansible.ansible = true;
  const JobId run = Submit(ansible).at(0);
  const JobId id = Submit(NeedsKiwix()).at(0);
  Answer(false);
  loop->Advance(1h);
  ASSERT_TRUE(Cancel(run));
  loop->Advance(9min);
  EXPECT_EQ(StatusOf(id), "SCHEDULED");
  loop->Advance(1min);
  EXPECT_EQ(StatusOf(id), "FAILED");
}

TEST_F(ServiceGateTest, JobsThatComeLaterAskForThemselves) {
  const JobId first = Submit(NeedsKiwix()).at(0);
  Answer(true);
  const JobId second = Submit(NeedsKiwix()).at(0);
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_THAT(runner.started, ElementsAre(first));
  Answer(true);
  EXPECT_THAT(runner.started, ElementsAre(first, second));
}

TEST_F(ServiceGateTest, AnAnswerMayComeWhenTheMinderIsGone) {
  Submit(NeedsKiwix());
  Crash();
  loop.reset();
  answer({{kKiwix, true, ""}});
  EXPECT_THAT(runner.started, IsEmpty());
}

TEST_F(ServiceGateTest, WithoutALookupEverythingIsReady) {
  Crash();
  options.services = nullptr;
  Boot();
  const JobId id = Submit(NeedsKiwix()).at(0);
  EXPECT_THAT(runner.started, ElementsAre(id));
}

}  // namespace
}  // namespace cmdsrv
