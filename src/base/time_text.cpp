#include "base/time_text.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace cmdsrv {
namespace {

struct LocalTime {
  std::tm parts{};
  long micros = 0;
};

/// A zone that the administrator changes counts within a second. mktime and strftime look at /etc/localtime each time
/// they are called, which was most of what a list of jobs cost; localtime_r does not.
void LookAtZone() {
  static std::atomic<std::int64_t> looked{-1};
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  if (looked.exchange(now.tv_sec, std::memory_order_relaxed) != now.tv_sec) tzset();
}

LocalTime ToLocal(WallTime time) {
  LookAtZone();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t stamp = std::chrono::system_clock::to_time_t(seconds);
  LocalTime local;
  localtime_r(&stamp, &local.parts);
  local.micros = static_cast<long>(std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count());
  return local;
}

long OffsetAt(std::time_t stamp) {
  std::tm parts{};
  localtime_r(&stamp, &parts);
  return parts.tm_gmtoff;
}

/// The moment of a local time. Of an hour that comes twice, one of the two; of one that never comes, an hour beside it.
WallTime FromLocal(const std::tm& parts) {
  LookAtZone();
  const std::chrono::sys_days day{std::chrono::year{parts.tm_year + 1900} / (parts.tm_mon + 1) / parts.tm_mday};
  const auto as_if_utc =
      day + std::chrono::hours(parts.tm_hour) + std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec);
  const std::time_t local = as_if_utc.time_since_epoch().count();
  const std::time_t near = local - OffsetAt(local);
  return std::chrono::system_clock::from_time_t(local - OffsetAt(near));
}

std::string Date(const std::tm& parts) {
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string Time(const std::tm& parts) {
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string ToD1(WallTime time) {
  const auto [parts, micros] = ToLocal(time);
  std::string text = Date(parts) + 'T' + Time(parts);
  if (micros != 0) text += fmt::format(".{:06}", micros);
  return text;
}

std::optional<WallTime> FromD1(std::string_view text) {
  std::tm parts{};
  char separator = 0;
  int read = 0;
  const std::string copy(text.substr(0, 40));
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2d%c%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &separator,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &read) != 7 ||
      (separator != 'T' && separator != ' ') || parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 ||
      parts.tm_mday > 31) {
    return std::nullopt;
  }
  long micros = 0;
  const std::string_view rest = std::string_view(copy).substr(static_cast<std::size_t>(read));
  if (!rest.empty() && rest[0] == '.') {
    long unit = 100000;
    for (const char c : rest.substr(1)) {
      if (c < '0' || c > '9') break;
      micros += (c - '0') * unit;
      unit /= 10;
    }
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return FromLocal(parts) + std::chrono::microseconds(micros);
}

std::string ToMonthDayTime(WallTime time) {
  const std::tm parts = ToLocal(time).parts;
  return fmt::format("{:02}-{:02} {:02}:{:02}", parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min);
}

std::string ToDownloadDate(WallTime time) {
  const std::tm parts = ToLocal(time).parts;
  return Date(parts) + '.' + Time(parts);
}

std::string ToFileStamp(WallTime time) {
  const std::tm parts = ToLocal(time).parts;
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string ToDate(WallTime time) { return Date(ToLocal(time).parts); }

std::string ToIso8601(WallTime time) {
  const auto [parts, micros] = ToLocal(time);
  const long minutes = std::labs(parts.tm_gmtoff) / 60;
  return fmt::format("{}T{}.{:03}{}{:02}:{:02}", Date(parts), Time(parts), micros / 1000,
                     parts.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace cmdsrv
