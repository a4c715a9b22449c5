#include "jobs/job_table.hpp"

namespace cmdsrv {
namespace {

void LetGo(std::unordered_map<std::string, int>& taken, const std::string& canonical) {
  const auto at = taken.find(canonical);
  if (at != taken.end() && --at->second == 0) taken.erase(at);
}

}  // namespace

bool JobTable::Reserve(const std::string& canonical) {
  if (canonical.empty()) return true;
  const std::lock_guard lock(mutex_);
  return taken_.try_emplace(canonical, 1).second;
}

void JobTable::Release(const std::string& canonical) {
  if (canonical.empty()) return;
  const std::lock_guard lock(mutex_);
  LetGo(taken_, canonical);
}

void JobTable::Add(std::vector<JobRecord> jobs) {
  const std::lock_guard lock(mutex_);
  for (JobRecord& job : jobs) {
    if (!job.options.canonical.empty()) ++taken_[job.options.canonical];
    const JobId id = job.id;
    jobs_.insert_or_assign(id, std::move(job));
  }
}

void JobTable::Remove(std::span<const JobId> ids) {
  const std::lock_guard lock(mutex_);
  for (const JobId id : ids) {
    const auto at = jobs_.find(id);
    if (at == jobs_.end()) continue;
    LetGo(taken_, at->second.options.canonical);
    jobs_.erase(at);
  }
}

std::vector<const JobRecord*> ListOf(const JobTable::Jobs& jobs) {
  std::vector<const JobRecord*> list;
  list.reserve(jobs.size());
  for (const auto& [id, job] : jobs) list.push_back(&job);
  return list;
}

}  // namespace cmdsrv
