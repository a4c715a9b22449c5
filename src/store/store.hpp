#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "store/rows.hpp"

namespace cmdsrv {

struct StoreOptions {
  std::string path;             ///< made 0600 when missing
  int keep_commands_days = 90;  ///< 0: for ever
  int keep_jobs_days = 365;
  std::chrono::milliseconds log_batch{200};  ///< how long a command log row may wait for others
};

struct StoreOpened;

/// The database of Commands and jobs: SQLite in WAL mode, one writing thread that groups commits, one reading
/// connection. All members: any thread. Writes are applied in the order of the calls, also those that return at once.
class Store {
 public:
  /// Opens, creates missing tables, migrates (PRAGMA user_version). A damaged file is set aside as
  /// "<name>.corrupt-<time>" and a new one is begun (StoreOpened::set_aside names it). Errors: Newer for a file of a
  /// newer program (nothing is touched), Io/NoSpace when no database can be made at all.
  static Result<StoreOpened> Open(const StoreOptions& options, const Clock& clock);

  virtual ~Store() = default;

  /// Next unused ids; never given out again, also after pruning and restart.
  virtual CommandId NextCommandId() = 0;
  virtual std::vector<JobId> NextJobIds(std::size_t count) = 0;
  /// Ids up to this one are never given out: there is a run of such a job, whatever became of its row.
  virtual void PassOverJobIds(JobId up_to) = 0;

  /// For Commands that make no job. Returns at once; written within `log_batch` or with the next other write. Rows that
  /// cannot be written are counted and logged once a minute, never waited for. The queue is bounded (oldest dropped).
  virtual void LogCommand(CommandRow row) = 0;

  /// A Command and its jobs: all or nothing, synced to the medium when this returns. Blocks (one group commit).
  virtual Result<void> InsertGroup(CommandRow command, std::vector<JobRow> jobs) = 0;

  enum class Durability {
    Kept,    ///< survives a kill of the daemon at once, a power cut after the next synced write
    Synced,  ///< survives a power cut when `done` is called
  };
  using Done = std::function<void(Result<void>)>;

  /// Changes of one or several jobs in one transaction. Returns at once; `done` is called in the writer's thread, after
  /// the commit, and must not block. On an error nothing of these updates is written.
  virtual void Update(std::vector<JobUpdate> updates, Durability durability, Done done) = 0;

  /// All jobs that are SCHEDULED, STARTED or RESTARTED, by id ascending, and the jobs they depend on.
  virtual Result<std::vector<JobRow>> Unfinished() = 0;

  struct ListQuery {
    JobId below;                    ///< only ids less than this; none: no bound
    std::optional<WallTime> since;  ///< created at or after
    CommandId group;                ///< only jobs of this Command; none: of all
    std::size_t limit = 50;
  };
  /// By id descending; jobs without a Command row are left out.
  virtual Result<std::vector<JobRow>> List(const ListQuery& query) = 0;

  /// NotFound when there is no such job.
  virtual Result<JobRow> Find(JobId id) = 0;
  /// All jobs of a Command by id ascending; NotFound when it has none.
  virtual Result<std::vector<JobRow>> Group(CommandId id) = 0;

  using Pruned = std::function<void(Result<PrunedRows>)>;

  /// Deletes what is older than the options say; called at start and daily by the Minder. Returns at once; on an SD
  /// card the work can take minutes, in pieces between other writes. `done` gets the ids of the deleted jobs, so that
  /// their files can be removed; it is called once, in the writer's thread, and must not block.
  virtual void Prune(Pruned done) = 0;

  /// Writes what is queued, synced, and ends the thread. Later calls fail with Unavailable.
  virtual void Close() = 0;
};

struct StoreOpened {
  std::unique_ptr<Store> store;
  std::string set_aside;  ///< where a damaged file went; empty normally
};

}  // namespace cmdsrv
