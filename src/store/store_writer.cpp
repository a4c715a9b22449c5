#include "store/store_writer.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "store/retention_clock.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kStore{"store"};
constexpr int kCheckpointFrames = 1000;  // 4 MiB; more would wear the medium less and need more of it
constexpr std::chrono::minutes kReportEvery{1};

int CountFrames(void* frames, sqlite3*, const char*, int count) {
  *static_cast<int*>(frames) = count;
  return SQLITE_OK;
}

bool AnySynced(const WriteBatch& batch) { return std::ranges::any_of(batch.operations, &WriteOperation::synced); }

}  // namespace

StoreWriter::StoreWriter(sqlite::Database database, const StoreOptions& options, const IdCounters& counters,
                         const Clock& clock)
    : database_(std::move(database)),
      options_(options),
      counters_(counters),
      clock_(clock),
      queue_(options.log_batch),
      next_checkpoint_(kCheckpointFrames) {}

Result<std::unique_ptr<StoreWriter>> StoreWriter::Start(sqlite::Database database, const StoreOptions& options,
                                                        const IdCounters& counters, const Clock& clock) {
  std::unique_ptr<StoreWriter> writer(new StoreWriter(std::move(database), options, counters, clock));
  auto rows = RowWriter::Prepare(writer->database_);
  if (!rows) return Failure(std::move(rows).error());
  writer->rows_ = std::move(*rows);
  sqlite3_wal_hook(writer->database_.Handle(), CountFrames, &writer->wal_frames_);
  writer->thread_ = std::thread([raw = writer.get()] { raw->Run(); });
  return writer;
}

void StoreWriter::Close() {
  if (!thread_.joinable()) return;
  queue_.Close();
  thread_.join();
  rows_ = RowWriter();  // before its connection
  database_ = sqlite::Database();
}

void StoreWriter::Run() {
  pthread_setname_np(pthread_self(), "store-writer");
  WriteBatch batch;
  while (queue_.Take(batch, !pruner_.Active())) {
    if (!batch.Empty()) Write(batch);
    if (pruner_.Active()) pruner_.Step(database_, rows_, Ids());
    CheckpointIfDue();
  }
  pruner_.Abandon(Error{ErrorCode::Unavailable, "cannot delete old jobs: the database is closed"});
  MarkClean();
  ReportLost(true);
}

void StoreWriter::Write(WriteBatch& batch) {
  std::vector<Result<void>> results(batch.operations.size());
  const std::uint64_t lost_before = lost_logs_;
  if (auto together = WriteTogether(batch, results); !together) {
    lost_logs_ = lost_before;
    if (together.error().code == ErrorCode::Busy) {  // waiting again for each would hold up everybody
      std::ranges::fill(results, together);
      NoteLost(batch.logs.size(), together.error().message);
    } else {
      WriteOneByOne(batch, results);
    }
  }
  for (std::size_t i = 0; i < results.size(); ++i) Answer(batch.operations[i], std::move(results[i]));
  if (batch.dropped_logs != 0) NoteLost(batch.dropped_logs, "they came faster than they could be written");
  ReportLost(false);
}

void StoreWriter::Answer(WriteOperation& operation, Result<void> result) {
  if (!result && result.error().code == ErrorCode::Corrupt) Suspect();
  if (auto* prune = std::get_if<PruneRequest>(&operation.what)) {
    BeginPrune(std::move(*prune));
  } else if (operation.done) {
    operation.done(std::move(result));
  }
}

void StoreWriter::BeginPrune(PruneRequest request) {
  const auto now = AdvanceRetentionClock(database_, rows_, clock_.Wall());
  if (!now) return request.done(Failure(now.error()));
  pruner_.Begin(std::move(request), *now, options_.keep_jobs_days, options_.keep_commands_days);
}

Result<void> StoreWriter::WriteTogether(const WriteBatch& batch, std::vector<Result<void>>& results) {
  const bool synced = AnySynced(batch);
  if (auto set = SetSynced(synced); !set) return set;
  auto transaction = sqlite::Transaction::Begin(database_);
  if (!transaction) return Failure(transaction.error());
  std::size_t log = 0;
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    const std::size_t before = batch.LogsBefore(batch.operations[i]);
    if (auto done = WriteLogs(batch, log, before); !done) return done;
    log = before;
    results[i] = ApplyInSavepoint(batch.operations[i]);
    if (!database_.InTransaction()) return results[i];
  }
  if (auto done = WriteLogs(batch, log, batch.logs.size()); !done) return done;
  return Commit(*transaction, synced);
}

void StoreWriter::WriteOneByOne(const WriteBatch& batch, std::vector<Result<void>>& results) {
  std::size_t log = 0;
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    const std::size_t before = batch.LogsBefore(batch.operations[i]);
    WriteLogsAlone(batch, log, before);
    log = before;
    results[i] = WriteAlone(batch.operations[i]);
  }
  WriteLogsAlone(batch, log, batch.logs.size());
}

Result<void> StoreWriter::WriteLogs(const WriteBatch& batch, std::size_t from, std::size_t to) {
  std::size_t i = from;
  while (i < to) {
    if (to - i >= RowWriter::kTogether) {
      auto done = rows_.InsertCommands(batch.logs, i);
      if (done) i += RowWriter::kTogether;
      if (done) continue;
      if (!database_.InTransaction()) return done;
    }
    // The few at the end; and where one of many could not be written, the others still can.
    const std::size_t end = std::min(to, i + RowWriter::kTogether);
    for (; i < end; ++i) {
      auto done = rows_.InsertCommand(batch.logs[i]);
      if (done) continue;
      if (!database_.InTransaction()) return done;
      NoteLost(1, done.error().message);
    }
  }
  return {};
}

void StoreWriter::WriteLogsAlone(const WriteBatch& batch, std::size_t from, std::size_t to) {
  if (from == to) return;
  const auto write = [&]() -> Result<void> {
    if (auto set = SetSynced(false); !set) return set;
    auto transaction = sqlite::Transaction::Begin(database_);
    if (!transaction) return Failure(transaction.error());
    if (auto done = WriteLogs(batch, from, to); !done) return done;
    return Commit(*transaction, false);
  };
  const std::uint64_t lost_before = lost_logs_;
  auto done = write();
  if (done) return;
  lost_logs_ = lost_before;  // some may be among them that were counted one by one
  NoteLost(to - from, done.error().message);
}

Result<void> StoreWriter::WriteAlone(const WriteOperation& operation) {
  if (auto set = SetSynced(operation.synced); !set) return set;
  auto transaction = sqlite::Transaction::Begin(database_);
  if (!transaction) return Failure(transaction.error());
  if (auto done = Apply(operation); !done) return done;
  return Commit(*transaction, operation.synced);
}

Result<void> StoreWriter::ApplyInSavepoint(const WriteOperation& operation) {
  if (auto begun = database_.Execute("set a savepoint", "savepoint operation"); !begun) return begun;
  auto done = Apply(operation);
  if (!database_.InTransaction()) return done;
  if (!done) (void)database_.Execute("roll back", "rollback to operation");
  if (auto released = database_.Execute("release a savepoint", "release operation"); !released) return released;
  return done;
}

Result<void> StoreWriter::Apply(const WriteOperation& operation) {
  if (const auto* group = std::get_if<GroupWrite>(&operation.what)) {
    if (auto done = rows_.InsertCommand(group->command); !done) return done;
    for (const JobRow& job : group->jobs) {
      if (auto done = rows_.InsertJob(job); !done) return done;
    }
  } else if (const auto* write = std::get_if<UpdateWrite>(&operation.what)) {
    for (const JobUpdate& update : write->updates) {
      if (auto done = rows_.Apply(update); !done) return done;
    }
  }
  return {};
}

Result<void> StoreWriter::SetSynced(bool synced) {
  if (synced && sync_failed_) {
    if (auto mended = MendWal(); !mended) return mended;
  }
  if (synced == synced_mode_) return {};
  const char* pragma = synced ? "pragma synchronous = full" : "pragma synchronous = normal";
  auto done = database_.Execute("choose the durability", pragma);
  if (done) synced_mode_ = synced;
  return done;
}

Result<void> StoreWriter::Commit(sqlite::Transaction& transaction, bool synced) {
  auto committed = transaction.Commit();
  const bool failed_sync = !committed && synced && (sqlite3_errcode(database_.Handle()) & 0xff) == SQLITE_IOERR;
  if (!failed_sync) return committed;
  // The frames of this transaction may be complete in the WAL file, and would come to life after a crash although their
  // writer was told that they failed; and frames before them may never reach the medium.
  sync_failed_ = true;
  log::Error(kStore, "cannot be sure of what is on the disk: {}", committed.error().message);
  if (!MendWal()) OverwriteFailedFrames();
  return committed;
}

void StoreWriter::OverwriteFailedFrames() {
  // The next transaction begins where the failed one began. It needs no sync to hide it from everybody but a power cut.
  if (!SetSynced(false)) return;
  auto transaction = sqlite::Transaction::Begin(database_);
  if (transaction && rows_.RaiseMeta("failed_syncs", ++failed_syncs_)) (void)transaction->Commit();
}

Result<void> StoreWriter::MendWal() {
  // Copies every committed frame into the database file, syncs that, and empties the WAL file.
  const int result =
      sqlite3_wal_checkpoint_v2(database_.Handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (result != SQLITE_OK)
    return Failure(sqlite::LastError(database_.Handle(), "write the log back after a failed sync"));
  sync_failed_ = false;
  wal_frames_ = 0;
  return {};
}

void StoreWriter::CheckpointIfDue() {
  if (wal_frames_ < next_checkpoint_) return;
  int frames = 0;
  int written = 0;
  const int result =
      sqlite3_wal_checkpoint_v2(database_.Handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &written);
  if (result == SQLITE_OK && frames == written) {
    wal_frames_ = 0;
    next_checkpoint_ = kCheckpointFrames;
    return;
  }
  // A reader, or a full disk. The WAL file grows meanwhile; trying at each commit would only cost.
  next_checkpoint_ = wal_frames_ + kCheckpointFrames;
}

void StoreWriter::NoteLost(std::uint64_t rows, const std::string& why) {
  lost_logs_ += rows;
  lost_why_ = why;
}

void StoreWriter::ReportLost(bool now) {
  if (lost_logs_ == 0) return;
  const SteadyTime time = clock_.Steady();
  if (!now && lost_reported_ && time - *lost_reported_ < kReportEvery) return;
  log::Error(kStore, "{} rows of the command log were not written: {}", lost_logs_, lost_why_);
  lost_logs_ = 0;
  lost_reported_ = time;
}

HighestIds StoreWriter::Ids() const { return {counters_.command.load(), counters_.job.load()}; }

void StoreWriter::MarkClean() {
  const auto mark = [this]() -> Result<void> {
    if (auto set = SetSynced(true); !set) return set;
    auto transaction = sqlite::Transaction::Begin(database_);
    if (!transaction) return Failure(transaction.error());
    const HighestIds ids = Ids();
    if (auto done = rows_.RaiseMeta("last_command_id", ids.command); !done) return done;
    if (auto done = rows_.RaiseMeta("last_job_id", ids.job); !done) return done;
    // Never lowered by RaiseMeta; the next start sets it back to 0.
    if (!damaged_) {
      if (auto done = rows_.RaiseMeta("closed_cleanly", 1); !done) return done;
    }
    return transaction->Commit();
  };
  if (auto done = mark(); !done) log::Warning(kStore, "cannot note the clean end: {}", done.error().message);
}

}  // namespace cmdsrv
