#include "store/write_queue.hpp"

#include <algorithm>
#include <utility>

namespace cmdsrv {

std::size_t WriteBatch::LogsBefore(const WriteOperation& operation) const {
  if (operation.after_logs <= first_log) return 0;  // they were dropped
  return std::min<std::size_t>(operation.after_logs - first_log, logs.size());
}

std::size_t WriteQueue::Weight(const CommandRow& row) {
  constexpr std::size_t kAllocator = 16;
  return sizeof(CommandRow) + row.message.capacity() + kAllocator;
}

void WriteQueue::PushLog(CommandRow row) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (logs_.empty()) first_log_at_ = std::chrono::steady_clock::now();
    log_bytes_ += Weight(row);
    logs_.push_back(std::move(row));
    ++pushed_logs_;
    DropOldestLogs();
    wake = taker_ == Taker::Idle || (taker_ == Taker::Gathering && Ready());
    if (wake) taker_ = Taker::Busy;  // one notification is enough
  }
  if (wake) wake_.notify_one();
}

void WriteQueue::DropOldestLogs() {
  while (log_bytes_ > kMaxLogBytes && logs_.size() > 1) {
    log_bytes_ -= Weight(logs_.front());
    logs_.pop_front();
    ++dropped_logs_;
  }
}

bool WriteQueue::Push(WriteOperation& operation) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    operation.after_logs = pushed_logs_;
    operations_.push_back(std::move(operation));
    wake = std::exchange(taker_, Taker::Busy) != Taker::Busy;
  }
  if (wake) wake_.notify_one();
  return true;
}

bool WriteQueue::Take(WriteBatch& batch, bool wait) {
  std::unique_lock lock(mutex_);
  while (wait && !Ready()) {
    if (logs_.empty()) {
      taker_ = Taker::Idle;
      wake_.wait(lock);
      continue;
    }
    taker_ = Taker::Gathering;
    if (wake_.wait_until(lock, first_log_at_ + log_batch_) == std::cv_status::timeout) break;
  }
  taker_ = Taker::Busy;
  batch = WriteBatch();
  batch.logs = std::exchange(logs_, {});
  batch.operations = std::exchange(operations_, {});
  batch.first_log = pushed_logs_ - batch.logs.size();
  batch.dropped_logs = std::exchange(dropped_logs_, 0);
  log_bytes_ = 0;
  return !closed_ || !batch.Empty();
}

void WriteQueue::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_one();
}

}  // namespace cmdsrv
