#pragma once

#include <array>
#include <ctime>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/rows.hpp"
#include "store/sqlite.hpp"

namespace cmdsrv {

/// The INSERT, UPDATE and DELETE statements of our tables, prepared once. The caller opens and commits transactions;
/// after an error of a member that writes several rows it must roll back to its savepoint.
class RowWriter {
 public:
  static Result<RowWriter> Prepare(sqlite::Database& database);

  /// How many rows InsertCommands takes: one statement costs SQLite half of what it asks for each row alone.
  static constexpr std::size_t kTogether = 16;

  Result<void> InsertCommand(const CommandRow& row);
  /// rows[from] and those behind it, kTogether of them: all, or none when it fails.
  Result<void> InsertCommands(const std::deque<CommandRow>& rows, std::size_t from);
  Result<void> InsertJob(const JobRow& row);
  /// NotFound when there is no such job.
  Result<void> Apply(const JobUpdate& update);
  /// Never lowers the value.
  Result<void> RaiseMeta(std::string_view key, std::int64_t value);

  /// At most `limit` final jobs that were created and last changed before `cutoff` (D1), and whose Command has no
  /// unfinished job. Their runs go, too.
  Result<std::vector<JobId>> DeleteJobs(std::string_view cutoff, std::int64_t limit);

  /// Deletes those of the next `limit` Commands after `after` that were created before `cutoff` and have no job. The
  /// last Command that was looked at; empty: there were none.
  Result<std::optional<CommandId>> DeleteCommands(CommandId after, std::string_view cutoff, std::int64_t limit);

 private:
  Result<void> WriteRun(JobId id, const RunRow& run);
  /// ToD1, with the part up to the second remembered: the command log is written in bursts.
  std::string_view D1(WallTime time);

  sqlite::Database* database_ = nullptr;
  sqlite::Statement insert_command_;
  sqlite::Statement insert_commands_;
  sqlite::Statement insert_job_;
  sqlite::Statement update_job_;
  sqlite::Statement write_run_;
  sqlite::Statement raise_meta_;
  sqlite::Statement find_old_jobs_;
  sqlite::Statement delete_job_;
  sqlite::Statement delete_run_;
  sqlite::Statement find_commands_;
  sqlite::Statement delete_commands_;
  std::optional<std::chrono::sys_seconds> d1_second_;
  std::string d1_prefix_;
  std::string d1_;
  std::array<std::string, kTogether> d1s_;  // of the rows that are inserted together
};

}  // namespace cmdsrv
