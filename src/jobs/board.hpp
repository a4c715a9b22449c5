#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "jobs/job_board.hpp"
#include "jobs/job_files.hpp"
#include "jobs/minder_core.hpp"

namespace cmdsrv {

/// The JobBoard over table, store and Minder. Any thread.
class Board final : public JobBoard {
 public:
  Board(Store& store, const Clock& clock, const MinderOptions& options, std::shared_ptr<JobTable> table,
        MinderCore& core);

  Result<Reservation> Reserve(std::string canonical) override;
  Result<std::vector<JobId>> Submit(CommandRow command, JobPlan plan, Reservation reservation) override;
  Result<CancelAnswer> Cancel(JobId id) override;
  Result<std::vector<JobId>> Retry(JobId id) override;
  void SpaceFreed() override { core_.SpaceFreed(); }
  std::vector<SpaceClaim> SpaceClaims() const override;
  ActiveSummary Active() const override;
  std::vector<UnfinishedCommand> Unfinished() const override;
  Result<std::vector<JobView>> List(const Store::ListQuery& query) override;
  Result<JobView> Find(JobId id) override;
  JobChanges Changes(std::optional<std::uint64_t> since) override;
  JobEvents& Events() override { return core_.Events(); }
  Result<LogPiece> ReadLog(JobId id, std::uint64_t offset, std::size_t limit) override;

  /// From now on nothing is submitted or cancelled any more.
  void Close() { closed_ = true; }

 private:
  std::vector<JobView> ShowAll(std::vector<JobRow> rows);
  void RememberChain(JobId asked, const std::vector<JobId>& taken_along);
  bool WentWithItsChain(JobId id);
  int StepCount(const JobRow& row, const std::vector<JobRow>& page);

  Store& store_;
  const Clock& clock_;
  const MinderOptions& options_;
  const JobPaths paths_;
  const std::shared_ptr<JobTable> table_;
  MinderCore& core_;
  std::atomic<bool> closed_{false};
  std::mutex chains_mutex_;
  std::map<JobId, SteadyTime> cancelled_;  ///< went with their chains lately; nobody asked for them yet
};

/// Options of a plan's jobs, one for each step.
std::vector<JobOptions> OptionsOfPlan(const JobPlan& plan, const std::string& canonical);

/// Rows of a plan's jobs, with ids from `ids` and what OptionsOfPlan gave. Errors: Internal when the plan breaks a rule
/// of its header.
Result<std::vector<JobRow>> RowsOfPlan(const JobPlan& plan, CommandId command, std::span<const JobId> ids,
                                       std::span<const JobOptions> options, WallTime now);

}  // namespace cmdsrv
