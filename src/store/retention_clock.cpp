#include "store/retention_clock.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/log.hpp"
#include "base/time_text.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kStore{"store"};
constexpr std::string_view kKey = "retention_time_s";
constexpr std::chrono::days kStep{2};
constexpr std::chrono::days kWorthALine{30};

std::optional<WallTime> Newest(sqlite::Database& database, const char* sql) {
  auto query = database.Prepare("look for the newest row", sql);
  if (!query) return std::nullopt;
  const auto row = query->Step();
  if (!row || !*row) return std::nullopt;
  return FromD1(query->Text(0));
}

std::optional<WallTime> NewestRow(sqlite::Database& database) {
  const auto job = Newest(database, "select create_datetime from jobs order by rowid desc limit 1");
  const auto command = Newest(database, "select create_datetime from commands order by rowid desc limit 1");
  return job && command ? std::max(job, command) : job ? job : command;
}

}  // namespace

WallTime RetentionTime(WallTime clock, std::optional<WallTime> last, std::optional<WallTime> newest) {
  const auto known = last ? last : newest;
  return known ? std::min(clock, *known + kStep) : clock;
}

Result<WallTime> AdvanceRetentionClock(sqlite::Database& database, RowWriter& rows, WallTime clock) {
  const auto stored = database.Integer("read the time of the last pruning",
                                       "select value from cmdsrv_meta where key = 'retention_time_s'");
  if (!stored) return Failure(stored.error());
  std::optional<WallTime> last;
  if (*stored) last = WallTime{std::chrono::seconds{**stored}};
  const WallTime now = RetentionTime(clock, last, last ? std::nullopt : NewestRow(database));
  if (clock - now > kWorthALine) {
    log::Warning(kStore, "the clock is {} days ahead of the history; old rows are deleted as if it were {}",
                 std::chrono::duration_cast<std::chrono::days>(clock - now).count(), ToD1(now));
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  if (auto raised = rows.RaiseMeta(kKey, seconds.count()); !raised) return Failure(raised.error());
  return now;
}

}  // namespace cmdsrv
