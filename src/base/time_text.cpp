#include "base/time_text.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdint>
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

/// Writes `number` with leading zeros. Dates are a good part of a list of jobs, and a formatter that reads its pattern
/// each time takes ten times as long. Wall clocks count nanoseconds, so every year has four digits.
void PutDigits(char* to, int width, long number) {
  for (; width > 0; number /= 10) to[--width] = static_cast<char>('0' + number % 10);
}

std::string Date(const std::tm& parts) {
  std::string text = "0000-00-00";
  PutDigits(&text[0], 4, parts.tm_year + 1900);
  PutDigits(&text[5], 2, parts.tm_mon + 1);
  PutDigits(&text[8], 2, parts.tm_mday);
  return text;
}

std::string Time(const std::tm& parts) {
  std::string text = "00:00:00";
  PutDigits(&text[0], 2, parts.tm_hour);
  PutDigits(&text[3], 2, parts.tm_min);
  PutDigits(&text[6], 2, parts.tm_sec);
  return text;
}

/// The numbers of a text like `shape`, whose zeros stand for digits and whose "T" for itself or a blank.
template <std::size_t Count>
std::optional<std::array<int, Count>> ReadDigits(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return std::nullopt;
  std::array<int, Count> numbers{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == '0') {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      numbers[at] = numbers[at] * 10 + (text[i] - '0');
    } else {
      if (text[i] != shape[i] && !(shape[i] == 'T' && text[i] == ' ')) return std::nullopt;
      ++at;
    }
  }
  return numbers;
}

}  // namespace

std::string ToD1(WallTime time) {
  const auto [parts, micros] = ToLocal(time);
  std::string text = Date(parts) + 'T' + Time(parts);
  if (micros != 0) text += fmt::format(".{:06}", micros);
  return text;
}

/// A clock that counts nanoseconds ends in 2262; no row of ours is older than the clock of Unix.
constexpr int kFirstYear = 1970, kLastYear = 2261;

std::optional<WallTime> FromD1(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  const auto numbers = ReadDigits<6>(text, kShape);
  if (!numbers) return std::nullopt;
  const auto [year, month, day, hour, minute, second] = *numbers;
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  if (year < kFirstYear || year > kLastYear) return std::nullopt;
  long micros = 0;
  const std::string_view rest = text.substr(kShape.size());
  if (!rest.empty() && rest[0] == '.') {
    long unit = 100000;
    for (const char c : rest.substr(1)) {
      if (c < '0' || c > '9') break;
      micros += (c - '0') * unit;
      unit /= 10;
    }
  }
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_sec = second;
  return FromLocal(parts) + std::chrono::microseconds(micros);
}

std::string ToMonthDayTime(WallTime time) {
  const std::tm parts = ToLocal(time).parts;
  return Date(parts).substr(5) + ' ' + Time(parts).substr(0, 5);
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
  std::string rest = ".000+00:00";
  PutDigits(&rest[1], 3, micros / 1000);
  if (parts.tm_gmtoff < 0) rest[4] = '-';
  PutDigits(&rest[5], 2, minutes / 60);
  PutDigits(&rest[8], 2, minutes % 60);
  return Date(parts) + 'T' + Time(parts) + rest;
}

}  // namespace cmdsrv
