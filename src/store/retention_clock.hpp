#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/row_writer.hpp"
#include "store/sqlite.hpp"

/// The time by which rows grow old. A box without a clock of its own may believe for a day to live in another decade,
/// and that must not cost it its history: so this time goes on by two days at most whenever rows are pruned, which is
/// at each start and once a day. After a long pause it is behind, and rows are kept longer for a while.
namespace cmdsrv {

/// `last`: what it was at the last pruning; `newest`: when the newest row was made, which counts only the first time.
WallTime RetentionTime(WallTime clock, std::optional<WallTime> last, std::optional<WallTime> newest);

/// Reads and writes cmdsrv_meta. Writer's thread only.
Result<WallTime> AdvanceRetentionClock(sqlite::Database& database, RowWriter& rows, WallTime clock);

}  // namespace cmdsrv
