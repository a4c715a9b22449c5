#include "model/ledger.hpp"

#include <algorithm>

#include "model/violation.hpp"

namespace cmdsrv::model {
namespace {

constexpr JobEvent kEvents[] = {JobEvent::Start,       JobEvent::StartAgain, JobEvent::EndedWell,
                                JobEvent::EndedBadly,  JobEvent::Cancel,     JobEvent::DependencyFailed,
                                JobEvent::Interrupted, JobEvent::NeverBegan, JobEvent::DoneByAnother,
                                JobEvent::FailedForNow};

bool IsDrawn(JobStatus from, JobStatus to) {
  return std::ranges::any_of(kEvents, [&](JobEvent event) { return Next(from, event) == to; });
}

bool IsBegun(JobStatus status) { return status == JobStatus::Started || status == JobStatus::Restarted; }

}  // namespace

void Ledger::Inserted(const CommandRow& command, const std::vector<JobRow>& rows) {
  for (const JobRow& row : rows) {
    Check(!jobs_.contains(row.id), "the id {} is given out twice", row.id);
    JobFacts& job = jobs_[row.id];
    job.group = command.id;
    job.inserted_at = ++now_;
    job.depends_on = row.depends_on;
    job.options = *ParseJobOptions(row.options_json);
    if (job.options.canonical.empty()) continue;
    for (const auto& [id, other] : jobs_) {
      Check(other.group == command.id || other.options.canonical != job.options.canonical || IsFinal(other.status),
            "job {} is the same Command as job {}, which is not finished", row.id, id);
    }
  }
  Synced();
}

void Ledger::Promised(std::span<const JobId> ids) {
  for (const JobId id : ids) {
    Check(jobs_.contains(id), "job {} was promised and is not recorded", id);
    jobs_.at(id).promised = true;
  }
}

void Ledger::CancelAsked(JobId id) {
  // A chain lies within one group, and the groups of a history are chains or unrelated jobs.
  std::set<JobId> chain = {id};
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [other, facts] : jobs_) {
      const bool linked = facts.depends_on && (chain.contains(other) != chain.contains(facts.depends_on));
      if (!linked) continue;
      chain.insert(other);
      chain.insert(facts.depends_on);
      grown = true;
    }
  }
  for (const JobId member : chain) jobs_.at(member).cancel_asked = jobs_.at(member).cancel_heard = true;
}

bool Ledger::PredecessorDidNotSucceed(const JobFacts& job, const std::vector<JobUpdate>& together) const {
  if (!job.depends_on) return false;
  const auto status = jobs_.at(job.depends_on).status;
  if (status == JobStatus::Failed || status == JobStatus::Cancelled) return true;
  return std::ranges::any_of(together, [&](const JobUpdate& update) {
    return update.id == job.depends_on && (update.status == "FAILED" || update.status == "CANCELLED");
  });
}

/// A run that did the same, and began when all that this job builds on was there.
bool Ledger::DoneByAnother(const JobFacts& job, const std::vector<JobUpdate>& together) const {
  const long since = job.depends_on ? jobs_.at(job.depends_on).ended_at : job.inserted_at;
  return std::ranges::any_of(together, [&](const JobUpdate& update) {
    const JobFacts& other = jobs_.at(update.id);
    return update.status == "SUCCEEDED" && !job.options.merge.empty() && other.options.merge == job.options.merge &&
           other.truth && other.truth->well && other.begun_at > since;
  });
}

void Ledger::CheckEnd(JobId id, const JobFacts& job, JobStatus status, const std::vector<JobUpdate>& together) const {
  switch (status) {
    case JobStatus::Succeeded:
      Check((job.truth && job.truth->well && job.truth->attempt == job.run.attempt) || DoneByAnother(job, together),
            "job {} is called SUCCEEDED, but its run {} did not end well", id, job.run.attempt);
      return;
    case JobStatus::Failed: Check(!job.run.reason.empty(), "job {} FAILED without a reason", id); return;
    case JobStatus::Cancelled:
      Check(!job.run.reason.empty(), "job {} is CANCELLED without a reason", id);
      Check(job.cancel_asked || PredecessorDidNotSucceed(job, together), "job {} is CANCELLED and nobody asked for it",
            id);
      return;
    case JobStatus::Scheduled:
    case JobStatus::Started:
    case JobStatus::Restarted: return;
  }
}

void Ledger::Written(const std::vector<JobUpdate>& updates, Store::Durability durability,
                     const std::set<JobId>& alive) {
  for (const JobUpdate& update : updates) {
    JobFacts& job = jobs_.at(update.id);
    Check(!IsFinal(job.status), "job {} is {} and is changed once more", update.id, NameOf(job.status));
    if (update.run) job.run = *update.run;
    if (update.pid) job.pid = *update.pid;
    not_synced_.insert(update.id);
    if (!update.status) continue;
    const auto status = StatusFromName(*update.status);
    Check(status.has_value(), "job {} gets the unknown status {}", update.id, *update.status);
    // A start that was recorded and then never happened is recorded again, and so is a wait for another thing.
    const bool again = job.status == *status && !IsFinal(*status);
    Check(again || IsDrawn(job.status, *status), "job {} goes from {} to {}: no such arrow is drawn", update.id,
          NameOf(job.status), *update.status);
    if (IsFinal(*status)) {
      Check(durability == Store::Durability::Synced, "the end of job {} is not synced", update.id);
      Check(!alive.contains(update.id), "job {} is called {} while something of its step lives", update.id,
            *update.status);
      CheckEnd(update.id, job, *status, updates);
      job.ended_at = ++now_;
    }
    job.status = *status;
  }
  if (durability == Store::Durability::Synced) Synced();
}

void Ledger::DaemonIsGone() {
  for (auto& [id, job] : jobs_) job.cancel_heard = false;
}

void Ledger::Pruned(std::span<const JobId> ids) {
  for (const JobId id : ids) {
    JobFacts& job = jobs_.at(id);
    Check(IsFinal(job.status), "job {} is {} and was deleted", id, NameOf(job.status));
    job.pruned = true;
  }
}

void Ledger::Synced() {
  for (const JobId id : not_synced_) {
    JobFacts& job = jobs_.at(id);
    job.durable_status = job.status;
    job.durable_run = job.run;
    job.durable_pid = job.pid;
  }
  not_synced_.clear();
}

void Ledger::PowerCut() {
  for (const JobId id : not_synced_) {
    JobFacts& job = jobs_.at(id);
    job.status = job.durable_status;
    job.run = job.durable_run;
    job.pid = job.durable_pid;
  }
  not_synced_.clear();
}

void Ledger::Begins(JobId id, std::uint32_t attempt, std::int64_t pid, const std::set<JobId>& alive, int max_running) {
  JobFacts& job = jobs_.at(id);
  Check(!alive.contains(id), "the step of job {} begins while something of it still lives", id);
  Check(IsBegun(job.status), "the step of job {} begins while the database says {}", id, NameOf(job.status));
  Check(job.run.attempt == attempt && job.pid == pid,
        "the step of job {} begins as run {} of pid {}, recorded is run {} of {}", id, attempt, pid, job.run.attempt,
        job.pid);
  Check(!job.cancel_heard && !job.run.cancel_wanted, "the step of job {} begins after its cancel", id);
  if (job.depends_on) {
    const JobFacts& before = jobs_.at(job.depends_on);
    Check(before.status == JobStatus::Succeeded && before.durable_status == JobStatus::Succeeded,
          "the step of job {} begins before the success of job {} is on the disk", id, job.depends_on);
  }
  Check(job.options.restartable || job.begins == 0, "the step of job {} must not be repeated and begins once more", id);
  Check(job.options.restartable || job.durable_run.attempt == attempt,
        "the start of job {}, which must not be repeated, is not on the disk when it begins", id);
  Check(static_cast<int>(alive.size()) < max_running, "job {} begins although {} of {} run", id, alive.size(),
        max_running);
  for (const JobId other : alive) {
    const JobOptions& theirs = jobs_.at(other).options;
    Check(!(job.options.ansible && theirs.ansible), "the Ansible jobs {} and {} run together", id, other);
    for (const std::string& lock : job.options.locks) {
      Check(std::ranges::find(theirs.locks, lock) == theirs.locks.end(), "jobs {} and {} both use {}", id, other, lock);
    }
  }
  ++job.begins;
  job.begun_at = ++now_;
  job.truth.reset();
}

void Ledger::Compare(const std::vector<JobRow>& rows) const {
  std::map<JobId, const JobRow*> found;
  for (const JobRow& row : rows) found.emplace(row.id, &row);
  for (const auto& [id, job] : jobs_) {
    const auto at = found.find(id);
    if (at == found.end()) {
      Check(job.pruned, "job {} is lost", id);
      continue;
    }
    const JobRow& row = *at->second;
    Check(row.status == NameOf(job.status), "the database says {} of job {}, written was {}", row.status, id,
          NameOf(job.status));
    Check(row.run.attempt == job.run.attempt && row.pid == job.pid && row.run.cancel_wanted == job.run.cancel_wanted,
          "the database has another run of job {} than was written", id);
  }
  for (const auto& [id, row] : found) Check(jobs_.contains(id), "job {} comes out of nowhere", id);
}

std::vector<JobId> Ledger::Unfinished() const {
  std::vector<JobId> ids;
  for (const auto& [id, job] : jobs_) {
    if (!IsFinal(job.status)) ids.push_back(id);
  }
  return ids;
}

std::string Describe(const Ledger& ledger) {
  std::string text;
  for (const auto& [id, job] : ledger.Jobs()) {
    text += fmt::format("  job {} of {}: {} (durable {}), run {}, begun {} times", id, job.group, NameOf(job.status),
                        NameOf(job.durable_status), job.run.attempt, job.begins);
    if (job.depends_on) text += fmt::format(", after {}", job.depends_on);
    if (job.cancel_asked) text += ", cancel asked";
    if (!job.options.restartable) text += ", not to be repeated";
    if (job.options.ansible) text += ", ansible";
    for (const std::string& lock : job.options.locks) text += ", uses " + lock;
    if (!job.run.reason.empty()) text += ": " + job.run.reason;
    text += '\n';
  }
  return text;
}

}  // namespace cmdsrv::model
