#include "platform/job_scope.hpp"

#include <gmock/gmock.h>
#include <systemd/sd-event.h>

#include <filesystem>
#include <map>

#include "support/scratch.hpp"
#include "support/stand_in_systemd.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using test::StandInSystemd;
using testing::HasSubstr;
using Manner = StandInSystemd::Manner;

class JobScopeTest : public testing::Test {
 protected:
  void Begin(int number) {
    waits_[number] =
        maker_->Move({"iiab-job-" + std::to_string(number) + ".scope", "Job " + std::to_string(number), 4711, true},
                     [this, number](const Result<void>& result) { answers_.emplace(number, result); });
    EXPECT_FALSE(answers_.contains(number)) << "never from within the call";
  }
  /// Serves the loop until the condition holds.
  bool Serve(const std::function<bool()>& condition, std::chrono::seconds limit = 20s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) sd_event_run(loop_->Native(), 20'000);
    return condition();
  }
  Result<void> Move(int number) {
    Begin(number);
    if (!Serve([&] { return answers_.contains(number); })) return Fail(ErrorCode::Internal, "nobody was told");
    return answers_.at(number);
  }

  test::ScratchDirectory scratch_;
  std::optional<StandInSystemd> systemd_{std::in_place, scratch_ / "bus"};
  std::unique_ptr<EventLoop> loop_ = EventLoop::Make().value();
  std::unique_ptr<ScopeMaker> maker_ = ScopeMaker::Make(*loop_, systemd_->Address());
  std::map<int, std::unique_ptr<ScopeMaker::Wait>> waits_;
  std::map<int, Result<void>> answers_;
};

TEST_F(JobScopeTest, AsksForAScopeAndHearsThatItIsThere) {
  EXPECT_TRUE(Move(12));
  ASSERT_EQ(systemd_->Wishes().size(), 1U);
  const StandInSystemd::Asked asked = systemd_->Wishes().front();
  EXPECT_EQ(asked.name, "iiab-job-12.scope");
  EXPECT_EQ(asked.description, "Job 12");
  EXPECT_EQ(asked.pid, 4711U);
  EXPECT_EQ(asked.cpu_weight, 20U);
  EXPECT_TRUE(Serve([&] { return systemd_->Matches() == 0; })) << "an idle server hears nothing of other units";
}

TEST_F(JobScopeTest, ManyAtOnceOverOneConnection) {
  for (int number = 1; number <= 50; ++number) Begin(number);
  ASSERT_TRUE(Serve([&] { return answers_.size() == 50; }));
  for (const auto& [number, answer] : answers_) EXPECT_TRUE(answer) << number << ": " << answer.error().message;
  EXPECT_EQ(systemd_->Connections(), 1);
}

TEST_F(JobScopeTest, RefusalsAndFailuresAreSentences) {
  systemd_->Behave(Manner::Refuses);
  EXPECT_EQ(Move(1).error().message, "systemd refuses a scope: Process with ID does not exist.");
  systemd_->Behave(Manner::Fails);
  EXPECT_EQ(Move(2).error().message, "systemd did not make x.scope: failed");
  systemd_->Behave(Manner::Babbles);
  EXPECT_EQ(Move(4).error().message, "systemd gave an answer that is none");
  systemd_->Behave(Manner::Works);
  EXPECT_TRUE(Move(3));
}

TEST_F(JobScopeTest, NoBusIsAnAnswerToo) {
  systemd_.reset();
  const auto answer = Move(1);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("cannot connect to the system bus at unix:path="));
}

TEST_F(JobScopeTest, ALostConnectionIsMadeAnew) {
  EXPECT_TRUE(Move(1));
  systemd_->Behave(Manner::GoesAway);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(Move(2));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms) << "not by the deadline";
  systemd_->Behave(Manner::Works);
  EXPECT_TRUE(Move(3));
  EXPECT_EQ(systemd_->Connections(), 2);
}

TEST_F(JobScopeTest, SilenceIsWaitedForOnceAndNotByEveryJob) {
  systemd_->Behave(Manner::IsSilent);
  EXPECT_THAT(Move(1).error().message, testing::MatchesRegex("systemd did not answer within [0-9]+ s"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Move(2).error().message, "systemd did not answer a while ago");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
  EXPECT_EQ(systemd_->Wishes().size(), 1U);
}

TEST_F(JobScopeTest, WhoIsNotInterestedAnyMoreIsNotTold) {
  Begin(1);
  waits_.clear();
  EXPECT_TRUE(Move(2));
  EXPECT_FALSE(answers_.contains(1));
  Begin(3);
  maker_.reset();
  waits_.clear();
}

}  // namespace
}  // namespace cmdsrv
