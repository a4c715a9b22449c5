#include "base/time_text.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace cmdsrv {
namespace {

struct LocalTime {
  std::tm parts{};
  long micros = 0;
};

LocalTime ToLocal(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t stamp = std::chrono::system_clock::to_time_t(seconds);
  LocalTime local;
  localtime_r(&stamp, &local.parts);
  local.micros = static_cast<long>(std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count());
  return local;
}

std::string Print(const char* format, WallTime time) {
  char buffer[64];
  const LocalTime local = ToLocal(time);
  const std::size_t length = std::strftime(buffer, sizeof buffer, format, &local.parts);
  return {buffer, length};
}

}  // namespace

std::string ToD1(WallTime time) {
  std::string text = Print("%Y-%m-%dT%H:%M:%S", time);
  const long micros = ToLocal(time).micros;
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
  parts.tm_isdst = -1;
  const std::time_t stamp = std::mktime(&parts);
  return std::chrono::system_clock::from_time_t(stamp) + std::chrono::microseconds(micros);
}

std::string ToMonthDayTime(WallTime time) { return Print("%m-%d %H:%M", time); }
std::string ToDownloadDate(WallTime time) { return Print("%Y-%m-%d.%H:%M:%S", time); }
std::string ToFileStamp(WallTime time) { return Print("%Y%m%dT%H%M%S", time); }
std::string ToDate(WallTime time) { return Print("%Y-%m-%d", time); }

std::string ToIso8601(WallTime time) {
  std::string zone = Print("%z", time);  // +0200
  if (zone.size() == 5) zone.insert(3, ":");
  return fmt::format("{}.{:03}{}", Print("%Y-%m-%dT%H:%M:%S", time), ToLocal(time).micros / 1000, zone);
}

}  // namespace cmdsrv
