#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/ledger.hpp"
#include "model/random.hpp"
#include "store/store.hpp"

namespace cmdsrv::model {

inline Store::ListQuery EveryJob() {
  Store::ListQuery query;
  query.limit = 100'000;
  return query;
}

/// The real store on real files, with its writer's thread held by the reins: a write happens when it is told to, its
/// answer arrives when it is told to, and between any two the daemon can be killed or the power be cut.
class SimStore final : public Store {
 public:
  enum class AtInsert { Work, Refuse, CrashBefore, CrashAfter };

  /// Files are made in `directory`. `clock` and `ledger` must outlive it.
  SimStore(std::string directory, const Clock& clock, Ledger& ledger);
  ~SimStore() override;

  void Open();
  /// The daemon is gone; what was committed stays.
  void Kill();
  /// The machine is gone; what was not synced is lost, the write after it may be half there.
  void CutPower(Random& random);
  /// Everything that waits is written, and the store is closed as by a daemon that stops.
  void CloseCleanly();

  bool HasWrite() const { return !writes_.empty(); }
  void WriteNext(const std::set<JobId>& alive);
  bool HasAnswer() const { return !answers_.empty(); }
  void AnswerNext();

  void SetFull(bool full) { full_ = full; }
  bool IsFull() const { return full_; }
  void AtNextInsert(AtInsert fault) { at_insert_ = fault; }
  /// How many writes there were, and at which of them the daemon is to be killed (Crash is thrown), before or after it.
  long Writes() const { return count_; }
  void CrashAtWrite(long number, bool after) { crash_at_ = {number, after}; }
  /// The jobs of whose steps something lives, asked at each write that nobody orders one by one.
  void SetAlive(std::function<std::set<JobId>()> alive) { alive_ = std::move(alive); }

  // Store
  CommandId NextCommandId() override { return real_->NextCommandId(); }
  std::vector<JobId> NextJobIds(std::size_t count) override { return real_->NextJobIds(count); }
  void PassOverJobIds(JobId up_to) override { real_->PassOverJobIds(up_to); }
  void LogCommand(CommandRow row) override { real_->LogCommand(std::move(row)); }
  Result<void> InsertGroup(CommandRow command, std::vector<JobRow> jobs) override;
  void Update(std::vector<JobUpdate> updates, Durability durability, Done done) override;
  Result<std::vector<JobRow>> Unfinished() override { return real_->Unfinished(); }
  Result<std::vector<JobRow>> List(const ListQuery& query) override { return real_->List(query); }
  Result<JobRow> Find(JobId id) override { return real_->Find(id); }
  Result<std::vector<JobRow>> Group(CommandId id) override { return real_->Group(id); }
  void Prune(Pruned done) override;
  void Close() override {}

 private:
  struct Write {
    std::vector<JobUpdate> updates;
    Durability durability;
    Done done;
  };

  Result<void> WriteReally(const Write& write);
  void CountWrite(bool after);
  void NoteSync();
  void CopyFiles(std::uint64_t log_bytes);
  std::string Path() const { return directory_ + "/" + std::to_string(generation_) + ".db"; }

  const std::string directory_;
  const Clock& clock_;
  Ledger& ledger_;
  std::unique_ptr<Store> real_;
  int generation_ = 0;              ///< a copy of the files for each crash
  std::uint64_t synced_bytes_ = 0;  ///< of the -wal file
  std::deque<Write> writes_;
  std::deque<std::pair<Done, Result<void>>> answers_;
  AtInsert at_insert_ = AtInsert::Work;
  bool full_ = false;
  long count_ = 0;
  std::pair<long, bool> crash_at_{0, false};
  std::function<std::set<JobId>()> alive_ = [] { return std::set<JobId>(); };
};

}  // namespace cmdsrv::model
