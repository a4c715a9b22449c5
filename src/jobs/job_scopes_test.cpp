// Shims in scopes of systemd: real shims and steps, and a systemd that stands in.
#include <gmock/gmock.h>

#include "support/real_minder.hpp"
#include "support/stand_in_systemd.hpp"

namespace cmdsrv {
namespace {

using namespace std::chrono_literals;
using test::StandInSystemd;
using Manner = StandInSystemd::Manner;

class JobScopes : public test::RealMinder {
 protected:
  void SetUp() override {
    options.system_bus = systemd_->Address();
    Boot();
  }

  std::optional<StandInSystemd> systemd_{std::in_place, scratch / "bus"};
};

TEST_F(JobScopes, EachShimGetsOneBeforeItsStepBegins) {
  const auto ids = Submit(Chain({"true", "true"}));
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_EQ(View(ids[1]).status, JobStatus::Succeeded);
  const auto wishes = systemd_->Wishes();
  ASSERT_EQ(wishes.size(), 2U);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(wishes[i].name, fmt::format("iiab-job-{}.scope", ids[i]));
    EXPECT_EQ(wishes[i].pid, store->Find(ids[i])->pid) << "the shim, not its step";
    EXPECT_EQ(wishes[i].cpu_weight, 0U) << "these are not of low priority";
  }
}

TEST_F(JobScopes, EverythingWorksWithoutThem) {
  for (const Manner manner : {Manner::Refuses, Manner::Fails, Manner::GoesAway}) {
    systemd_->Behave(manner);
    const auto ids = Submit(Chain({"true", "exit 3"}));
    ASSERT_TRUE(WaitForEnd(ids));
    EXPECT_EQ(View(ids[0]).status, JobStatus::Succeeded);
    EXPECT_EQ(View(ids[1]).exit, "exit status 3");
  }
  systemd_.reset();
  const auto ids = Submit(Chain({"true", "true"}));
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_EQ(View(ids[1]).status, JobStatus::Succeeded);
}

TEST_F(JobScopes, ASilentSystemdDelaysTheFirstJobOnlyAndBlocksNothing) {
  systemd_->Behave(Manner::IsSilent);
  const auto first = Submit(Chain({"touch first"}));
  ASSERT_TRUE(WaitFor(first[0], JobStatus::Started));
  const auto begin = std::chrono::steady_clock::now();
  const auto cancelled = Submit(Chain({"touch never"}));
  ASSERT_TRUE(WaitFor(cancelled[0], JobStatus::Started));
  EXPECT_TRUE(Jobs().Cancel(cancelled[0]));
  ASSERT_TRUE(WaitForEnd(cancelled));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms) << "the Minder does its work while systemd is silent";
  EXPECT_EQ(View(cancelled[0]).status, JobStatus::Cancelled);
  ASSERT_TRUE(WaitForEnd(first));
  EXPECT_EQ(View(first[0]).status, JobStatus::Succeeded);
  const auto later = std::chrono::steady_clock::now();
  ASSERT_TRUE(WaitForEnd(Submit(Chain({"true", "true", "true"}))));
  EXPECT_LT(std::chrono::steady_clock::now() - later, 1500ms) << "it is not asked again for a while";
  EXPECT_FALSE(std::filesystem::exists(scratch / "never"));
}

TEST_F(JobScopes, ADaemonThatIsGoneBeforeTheScopeIsThereLeavesAJobThatNeverBegan) {
  systemd_->Behave(Manner::IsSilent);
  const auto ids = Submit(Chain({"echo begun >>log"}));
  ASSERT_TRUE(WaitFor(ids[0], JobStatus::Started));
  systemd_->Behave(Manner::Works);
  Boot();
  ASSERT_TRUE(WaitForEnd(ids));
  EXPECT_EQ(View(ids[0]).status, JobStatus::Succeeded);
  EXPECT_EQ(LinesOf("log"), 1U);
}

}  // namespace
}  // namespace cmdsrv
