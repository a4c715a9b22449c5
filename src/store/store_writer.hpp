#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/open_database.hpp"
#include "store/pruner.hpp"
#include "store/row_writer.hpp"
#include "store/store.hpp"
#include "store/write_queue.hpp"

namespace cmdsrv {

/// The highest ids given out. Any thread.
struct IdCounters {
  std::atomic<std::int64_t> command = 0;
  std::atomic<std::int64_t> job = 0;
};

/// The writing thread and its connection: everything that waits in the queue becomes one transaction and one commit.
///
/// Durability: a batch with a synced operation is committed with PRAGMA synchronous = FULL (the WAL file is synced
/// before the commit returns, and with it every earlier frame in it), any other with NORMAL (the frames are in the page
/// cache: they survive the end of this process, not that of the kernel). SQLite allows the change between two
/// transactions; it costs a few microseconds, and only when the kind of batch changes.
///
/// Failures: an operation fails alone (savepoint). When SQLite ends the whole transaction (full disk, I/O) or the
/// commit fails, each operation is tried again in a transaction of its own, so that a small one still finds room. The
/// thread goes on in any case. After a failed sync nobody knows which frames of the WAL file are on the medium: nothing
/// is called synced before a complete checkpoint has put all of it into the database file.
class StoreWriter {
 public:
  /// `counters` and `clock` must outlive it.
  static Result<std::unique_ptr<StoreWriter>> Start(sqlite::Database database, const StoreOptions& options,
                                                    const IdCounters& counters, const Clock& clock);
  ~StoreWriter() { Close(); }

  WriteQueue& Queue() { return queue_; }

  /// The next start shall check the whole database: somebody met damage. Any thread.
  void Suspect() { damaged_ = true; }

  /// Writes what is queued, synced, notes the clean end and joins the thread. Once; not in the writer's thread.
  void Close();

 private:
  StoreWriter(sqlite::Database database, const StoreOptions& options, const IdCounters& counters, const Clock& clock);

  void Run();
  void Write(WriteBatch& batch);
  void Answer(WriteOperation& operation, Result<void> result);
  void BeginPrune(PruneRequest request);
  /// One transaction for all. On an error nothing of the batch is written, and `results` mean nothing.
  Result<void> WriteTogether(const WriteBatch& batch, std::vector<Result<void>>& results);
  void WriteOneByOne(const WriteBatch& batch, std::vector<Result<void>>& results);
  /// Rows [from, to) of the log, in the open transaction. An error: SQLite gave up the transaction.
  Result<void> WriteLogs(const WriteBatch& batch, std::size_t from, std::size_t to);
  void WriteLogsAlone(const WriteBatch& batch, std::size_t from, std::size_t to);
  Result<void> WriteAlone(const WriteOperation& operation);
  Result<void> Apply(const WriteOperation& operation);
  Result<void> ApplyInSavepoint(const WriteOperation& operation);

  Result<void> SetSynced(bool synced);
  Result<void> Commit(sqlite::Transaction& transaction, bool synced);
  Result<void> MendWal();
  void OverwriteFailedFrames();
  void CheckpointIfDue();
  void NoteLost(std::uint64_t rows, const std::string& why);
  void ReportLost(bool now);
  void MarkClean();
  HighestIds Ids() const;

  sqlite::Database database_;
  const StoreOptions options_;
  const IdCounters& counters_;
  const Clock& clock_;
  RowWriter rows_;
  Pruner pruner_;
  WriteQueue queue_;
  std::atomic<bool> damaged_ = false;

  bool synced_mode_ = false;       ///< what PRAGMA synchronous is set to
  bool sync_failed_ = false;       ///< see above
  std::int64_t failed_syncs_ = 0;  ///< since the start
  int wal_frames_ = 0;             ///< set by SQLite at each commit
  int next_checkpoint_ = 0;
  std::uint64_t lost_logs_ = 0;  ///< not yet reported
  std::string lost_why_;
  std::optional<SteadyTime> lost_reported_;

  std::thread thread_;
};

}  // namespace cmdsrv
