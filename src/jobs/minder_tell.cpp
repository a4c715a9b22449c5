// What happens to jobs, told to whoever waits for news of them.
#include "jobs/job_views.hpp"
#include "jobs/minder_core.hpp"

namespace cmdsrv {
namespace {

/// Equal for changes that tell a client the same.
std::uint64_t PrintOf(const JobChange& change) {
  const std::hash<std::string_view> hash;
  const std::uint64_t print = hash(change.reason) * 31 + hash(change.reason_code);
  return print * 8 + static_cast<std::uint64_t>(change.status) + 1;
}

}  // namespace

/// After each pass: jobs that are new, and those that wait for something else now. Most say the same as before.
void MinderCore::TellChanges() {
  std::vector<JobChange> changes;
  parts_.table.With([&](JobTable::Jobs& jobs) {
    const auto list = ListOf(jobs);
    const Holdings held = HeldBy(list);
    const SteadyTime now = parts_.clock.Steady();
    for (auto& [id, job] : jobs) {
      if (std::holds_alternative<Ending>(job.stage)) continue;  // its end is told when it is recorded
      JobChange change = ChangeOf(job, WhyNotRunning(job, list, held, LimitsOf(options_), now));
      const std::uint64_t print = PrintOf(change);
      if (std::exchange(job.told, print) != print) changes.push_back(std::move(change));
    }
  });
  parts_.events.Push(std::move(changes));
}

/// One job that runs, at once.
void MinderCore::Tell(const JobRecord& job) {
  JobChange change;
  parts_.table.With([&](JobTable::Jobs& jobs) {
    JobRecord& record = jobs.at(job.id);
    change = ChangeOf(record, WhyNotRunning(record, {}, {}, LimitsOf(options_), {}));
    record.told = PrintOf(change);
  });
  parts_.events.Push({std::move(change)});
}

/// The ends are recorded: they leave the table, and then everybody may know.
void MinderCore::TellEnds(const std::vector<JobId>& ended) {
  std::vector<JobChange> changes;
  parts_.table.With([&](JobTable::Jobs& jobs) {
    for (const JobId id : ended) {
      const auto at = jobs.find(id);
      if (at == jobs.end()) continue;
      const JobStatus status = std::get<Ending>(at->second.stage).status;
      changes.push_back(ChangeOf(at->second, ReasonOfEnd(status, at->second.run)));
      changes.back().status = status;
    }
  });
  parts_.table.Remove(ended);
  parts_.events.Push(std::move(changes));
}

}  // namespace cmdsrv
