#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

/// The spellings of time that files and replies need. Local time is that of the process (TZ, /etc/localtime).
namespace cmdsrv {

/// D1 of spec jobs 1.1: 2026-05-01T12:34:56.123456, local, without zone; ".000000" is left out.
std::string ToD1(WallTime time);
/// Reads D1 with or without microseconds; a blank instead of T is accepted.
std::optional<WallTime> FromD1(std::string_view text);

std::string ToMonthDayTime(WallTime time);  ///< "05-01 12:34", local
std::string ToDownloadDate(WallTime time);  ///< "2026-05-01.12:34:56", local
std::string ToIso8601(WallTime time);       ///< "2026-05-01T12:34:56.123+02:00"
std::string ToFileStamp(WallTime time);     ///< "20260501T123456", local; for names of set-aside files
std::string ToDate(WallTime time);          ///< "2026-05-01", local

}  // namespace cmdsrv
