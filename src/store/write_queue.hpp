#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "store/rows.hpp"

namespace cmdsrv {

/// A Command and its jobs, see Store::InsertGroup.
struct GroupWrite {
  CommandRow command;
  std::vector<JobRow> jobs;
};

/// See Store::Update.
struct UpdateWrite {
  std::vector<JobUpdate> updates;
};

/// See Store::Prune; `done` takes the place of WriteOperation::done.
struct PruneRequest {
  std::function<void(Result<PrunedRows>)> done;
};

struct WriteOperation {
  std::variant<GroupWrite, UpdateWrite, PruneRequest> what;
  bool synced = false;                          ///< on the medium before `done` is called
  std::function<void(Result<void>)> done = {};  ///< may be empty
  std::uint64_t after_logs = 0;                 ///< set by the queue: how many log rows were pushed before it, ever
};

/// What the writer takes at once: rows of the command log, and everything else.
struct WriteBatch {
  std::deque<CommandRow> logs;
  std::vector<WriteOperation> operations;
  std::uint64_t first_log = 0;     ///< number of the first of `logs`, counted like after_logs
  std::uint64_t dropped_logs = 0;  ///< that had no room since the last batch

  /// How many of `logs` come before this operation.
  std::size_t LogsBefore(const WriteOperation& operation) const;
  bool Empty() const { return logs.empty() && operations.empty() && dropped_logs == 0; }
};

/// Writes that wait for the writer's thread, in the order of the calls. Any thread, but Take: the writer's only.
class WriteQueue {
 public:
  /// Some 30,000 rows of usual size. As much again can be in the writer's hands; together that is the memory an
  /// overload costs.
  static constexpr std::size_t kMaxLogBytes = std::size_t{3} << 20U;
  static constexpr std::size_t kEnoughLogs = 1024;  ///< not waited for more then

  /// Log rows wait for others as long as `log_batch`, unless another write comes.
  explicit WriteQueue(std::chrono::milliseconds log_batch) : log_batch_(log_batch) {}

  /// A few hundred nanoseconds. When there is no room the oldest row goes. Nothing after Close.
  void PushLog(CommandRow row);
  /// False after Close; `operation` is untouched then.
  bool Push(WriteOperation& operation);

  /// Fills `batch`. Waits until there is something to write; with `wait` false it may return an empty batch at once.
  /// False: closed, and everything was taken.
  bool Take(WriteBatch& batch, bool wait);

  /// What a waiting row counts against kMaxLogBytes.
  static std::size_t Weight(const CommandRow& row);

  /// What is queued can still be taken.
  void Close();

 private:
  enum class Taker { Busy, Idle, Gathering };  ///< what the writer does: works, waits for anything, waits for more logs

  bool Ready() const { return closed_ || !operations_.empty() || logs_.size() >= kEnoughLogs; }
  void DropOldestLogs();

  const std::chrono::milliseconds log_batch_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable wake_;
  std::deque<CommandRow> logs_;
  std::vector<WriteOperation> operations_;
  std::size_t log_bytes_ = 0;
  std::uint64_t pushed_logs_ = 0;
  std::uint64_t dropped_logs_ = 0;
  std::chrono::steady_clock::time_point first_log_at_;
  Taker taker_ = Taker::Busy;
  bool closed_ = false;
};

}  // namespace cmdsrv
