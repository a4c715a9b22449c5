#include "commands/shared_run.hpp"

#include <gtest/gtest.h>

#include <new>

namespace cmdsrv {
namespace {

TEST(SharedRun, OneThatIsGivenUpHoldsNobodyUp) {
  SharedRun runs;
  const auto given_up = runs.Run([]() -> Result<RunOutcome> { throw std::bad_alloc(); });
  ASSERT_FALSE(given_up.has_value());
  EXPECT_EQ(given_up.error().message, "the run was given up: std::bad_alloc");
  const auto next = runs.Run([] {
    RunOutcome outcome;
    outcome.status = 7;
    return Result<RunOutcome>(outcome);
  });
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->status, 7);
}

}  // namespace
}  // namespace cmdsrv
