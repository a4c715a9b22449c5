#include "base/failures.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class FailuresTest : public testing::Test {
 protected:
  ManualClock clock;
  Failures failures{clock, 4};
};

TEST_F(FailuresTest, FiveAreFreeThenTheDelayDoubles) {
  const int expected[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30};
  for (const int delay : expected) EXPECT_EQ(failures.Note("a"), seconds(delay));
  EXPECT_EQ(failures.Note("b"), seconds(0)) << "another name counts for itself";
}

TEST_F(FailuresTest, CountWithinFiveMinutesOnly) {
  for (int i = 0; i < 5; ++i) failures.Note("a");
  clock.Advance(minutes(5) - seconds(1));
  EXPECT_EQ(failures.Note("a"), seconds(1));
  clock.Advance(seconds(1));  // the first five are old now
  EXPECT_EQ(failures.Note("a"), seconds(0));
}

TEST_F(FailuresTest, OneAMinuteIsNeverDelayed) {
  for (int i = 0; i < 100; ++i, clock.Advance(minutes(1))) EXPECT_EQ(failures.Note("a"), seconds(0)) << i;
}

TEST_F(FailuresTest, RemembersABoundedNumberOfNames) {
  for (int i = 0; i < 12; ++i) failures.Note("busy");
  for (int i = 0; i < 100; ++i) {
    clock.Advance(std::chrono::milliseconds(1));
    failures.Note(fmt::format("name {}", i));
    EXPECT_EQ(failures.Note("busy"), seconds(30)) << "the busy one is not what is forgotten";
    EXPECT_LE(failures.Names(), 4U);
  }
}

TEST_F(FailuresTest, ALongNameTakesNoMoreMemory) {
  for (int i = 0; i < 5; ++i) failures.Note(std::string(5000, 'x') + std::to_string(i));
  EXPECT_EQ(failures.Names(), 1U);
}

}  // namespace
}  // namespace cmdsrv
