#include "store/retention_clock.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

using std::chrono::days;

constexpr WallTime kNow{std::chrono::seconds{1'777'777'777}};

TEST(RetentionClock, FollowsAClockThatGoesOn) {
  EXPECT_EQ(RetentionTime(kNow, kNow - days(1), {}), kNow);
  EXPECT_EQ(RetentionTime(kNow, kNow - days(2), {}), kNow);
  EXPECT_EQ(RetentionTime(kNow, {}, {}), kNow) << "a new file";
}

TEST(RetentionClock, GoesOnByTwoDaysAtMost) {
  EXPECT_EQ(RetentionTime(kNow + days(3650), kNow, {}), kNow + days(2));
  EXPECT_EQ(RetentionTime(kNow + days(3650), kNow, kNow + days(3650)), kNow + days(2)) << "rows of today do not help";
}

TEST(RetentionClock, TheFirstTimeTheNewestRowTellsTheTime) {
  EXPECT_EQ(RetentionTime(kNow + days(3650), {}, kNow), kNow + days(2));
  EXPECT_EQ(RetentionTime(kNow, {}, kNow - days(1)), kNow);
}

TEST(RetentionClock, AClockOfThePastDeletesNothingNew) {
  EXPECT_EQ(RetentionTime(kNow - days(3000), kNow, {}), kNow - days(3000));
}

}  // namespace
}  // namespace cmdsrv
