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

TEST_F(TimeText, EveryHourOfSomeYearsComesBackInSeveralZones) {
  for (const char* zone : {"Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Auckland", "UTC"}) {
    setenv("TZ", zone, 1);
    tzset();
    const WallTime begin = std::chrono::system_clock::from_time_t(1'767'225'600);  // 2026-01-01
    std::string before;
    for (int hour = 0; hour < 2 * 366 * 24; ++hour) {
      const WallTime time = begin + std::chrono::hours(hour);
      const std::string text = ToD1(time);
      const auto back = FromD1(text);
      ASSERT_TRUE(back) << text;
      const bool comes_twice = ToD1(time - std::chrono::hours(1)) == text || ToD1(time + std::chrono::hours(1)) == text;
      ASSERT_TRUE(comes_twice || *back == time) << text << " in " << zone;
      ASSERT_EQ(ToD1(*back), text) << zone;
    }
  }
}

TEST_F(TimeText, OddDatesAreThoseOfTheCalendar) {
  EXPECT_EQ(ToD1(*FromD1("2026-02-31T00:00:00")), "2026-03-03T00:00:00");
  EXPECT_EQ(ToD1(*FromD1("2026-05-01T24:00:00")), "2026-05-02T00:00:00");
  EXPECT_EQ(ToD1(*FromD1("1970-01-01T00:00:00")), "1970-01-01T00:00:00");
  EXPECT_EQ(ToIso8601(*FromD1("2026-01-01T00:00:00")), "2026-01-01T00:00:00.000+01:00");
  setenv("TZ", "America/St_Johns", 1);
  tzset();
  EXPECT_EQ(ToIso8601(time_), "2026-05-01T08:04:56.123-02:30");
}

TEST_F(TimeText, OtherSpellings) {
  EXPECT_EQ(ToMonthDayTime(time_), "05-01 12:34");
  EXPECT_EQ(ToDownloadDate(time_), "2026-05-01.12:34:56");
  EXPECT_EQ(ToIso8601(time_), "2026-05-01T12:34:56.123+02:00");
}

TEST(FromD1, YearsThatNoClockCanHoldAreNone) {
  for (const char* text : {"1026-05-01T12:34:56", "9999-12-31T23:59:59", "0000-01-01T00:00:00", "2300-01-01T00:00:00"})
    EXPECT_FALSE(FromD1(text).has_value()) << text;
  EXPECT_TRUE(FromD1("1970-01-02T00:00:00").has_value());
  EXPECT_TRUE(FromD1("2099-12-31T23:59:59").has_value());
}

}  // namespace
}  // namespace cmdsrv
