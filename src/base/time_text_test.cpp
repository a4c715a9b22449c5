#include "base/time_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace cmdsrv {
namespace {

class TimeText : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
  }
  const WallTime time_ = std::chrono::system_clock::from_time_t(1777631696) + std::chrono::microseconds(123456);
};

TEST_F(TimeText, D1LeavesOutZeroMicroseconds) {
  EXPECT_EQ(ToD1(time_), "2026-05-01T12:34:56.123456");
  EXPECT_EQ(ToD1(std::chrono::floor<std::chrono::seconds>(time_)), "2026-05-01T12:34:56");
}

TEST_F(TimeText, D1ReadsBothSpellings) {
  EXPECT_EQ(FromD1("2026-05-01T12:34:56.123456"), time_);
  EXPECT_EQ(FromD1("2026-05-01 12:34:56"), std::chrono::floor<std::chrono::seconds>(time_));
  for (const char* bad : {"", "2026", "2026-13-01T00:00:00", "x", "2026-05-01X12:34:56"})
    EXPECT_FALSE(FromD1(bad)) << bad;
}

TEST_F(TimeText, OtherSpellings) {
  EXPECT_EQ(ToMonthDayTime(time_), "05-01 12:34");
  EXPECT_EQ(ToDownloadDate(time_), "2026-05-01.12:34:56");
  EXPECT_EQ(ToIso8601(time_), "2026-05-01T12:34:56.123+02:00");
}

}  // namespace
}  // namespace cmdsrv
