#pragma once

#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jobs/job_queue.hpp"
#include "jobs/job_record.hpp"

namespace cmdsrv {

/// The unfinished jobs and the Commands that are being submitted, behind one lock that nobody holds while waiting for
/// anything. Any thread. Stages are changed by the Minder's thread only; others add jobs and mark them for cancelling.
class JobTable {
 public:
  using Jobs = std::map<JobId, JobRecord>;

  /// False when a Command of this canonical text is reserved or has unfinished jobs. An empty text is never taken.
  bool Reserve(const std::string& canonical);
  void Release(const std::string& canonical);

  void Add(std::vector<JobRecord> jobs);
  void Remove(std::span<const JobId> ids);

  /// Calls `use` with the jobs, locked. References into them stay valid until the job is removed. Never adds or erases.
  template <class Use>
  auto With(Use&& use) {
    const std::lock_guard lock(mutex_);
    return use(jobs_);
  }

 private:
  std::mutex mutex_;
  Jobs jobs_;
  std::unordered_map<std::string, int> taken_;  // canonical text: reservations and unfinished jobs that hold it
};

/// The records in the form that job_queue wants; valid as long as the table is locked.
std::vector<const JobRecord*> ListOf(const JobTable::Jobs& jobs);

}  // namespace cmdsrv
