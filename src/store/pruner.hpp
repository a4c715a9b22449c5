#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/open_database.hpp"
#include "store/row_writer.hpp"
#include "store/write_queue.hpp"

namespace cmdsrv {

/// Deletes old rows in pieces of a few milliseconds, so that nobody's write waits for it: first jobs, which the caller
/// of Store::Prune waits for, then Commands, which nobody waits for. Writer's thread only.
class Pruner {
 public:
  /// Begins, or begins again. Days: as in StoreOptions; 0: nothing of this kind is deleted.
  void Begin(PruneRequest request, WallTime now, int jobs_days, int commands_days);

  bool Active() const { return phase_ != Phase::Nothing; }

  /// One transaction. `ids` are recorded with it: deleting the newest rows must not lower the counters.
  void Step(sqlite::Database& database, RowWriter& rows, const HighestIds& ids);

  /// Who still waits gets `error`.
  void Abandon(const Error& error);

 private:
  enum class Phase { Nothing, Jobs, Commands };

  Result<void> DeleteSomeJobs(RowWriter& rows);
  Result<void> DeleteSomeCommands(RowWriter& rows);
  void AnswerAll();

  Phase phase_ = Phase::Nothing;
  bool phase_ends_ = false;  ///< the piece at hand is the last of its phase
  WallTime now_{};
  std::string jobs_before_;  ///< D1; empty: nothing of this kind is deleted
  std::string commands_before_;
  std::vector<PruneRequest> waiting_;
  std::vector<JobId> deleted_jobs_;
  CommandId last_command_;  ///< up to which Commands were looked at
};

}  // namespace cmdsrv
