// Cancelling a chain: what waits ends at once, what runs is told, and is CANCELLED when nothing of it is left.
#include <fmt/format.h>

#include "base/log.hpp"
#include "jobs/minder_core.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};

/// INT, grace, TERM, grace, KILL are the shim's work; after twice as long something is wrong with the shim itself.
constexpr int kGracesUntilLastResort = 4;

}  // namespace

void MinderCore::Cancel(JobId root, std::vector<JobId> chain) {
  parts_.loop->Post(
      [this, root, chain = std::move(chain)] { Isolated(root, "cancel", [&] { TakeCancel(root, chain); }); });
}

void MinderCore::TakeCancel(JobId root, const std::vector<JobId>& chain) {
  std::vector<JobUpdate> updates;
  std::vector<JobId> ended;
  std::vector<JobId> running;
  for (const JobId id : chain) {
    JobRecord* job = Find(id);
    if (job == nullptr || std::holds_alternative<Ending>(job->stage)) continue;
    if (id != root) job->cancel_reason = fmt::format("Cancelled together with job {}", root);
    if (std::holds_alternative<Waiting>(job->stage)) {
      if (auto update = MarkEnding(id, CancelEnd(*job))) {
        updates.push_back(std::move(*update));
        ended.push_back(id);
      }
    } else if (auto* run = std::get_if<Running>(&job->stage); run != nullptr && !run->cancel_sent) {
      parts_.table.With([&](JobTable::Jobs&) {
        run->cancel_sent = true;
        job->run.cancel_wanted = true;
        job->run.reason = job->cancel_reason;
        job->run.reason_code = job->cancel_code;
      });
      updates.push_back({.id = id, .status = {}, .pid = {}, .output = {}, .run = job->run, .now = parts_.clock.Wall()});
      running.push_back(id);
      Tell(*job);
    }  // one that is starting is seen by StartWritten
  }
  if (updates.empty()) return;
  if (!ended.empty() && running.empty()) return WriteEnds(std::move(updates), std::move(ended), 0);
  WriteCancel(std::move(updates), ended, running);
}

/// The wish to cancel a running step is written together with the end of its successors, so that a crash in between
/// leaves either all or nothing of the cancel.
void MinderCore::WriteCancel(std::vector<JobUpdate> updates, const std::vector<JobId>& ended,
                             const std::vector<JobId>& running) {
  auto ends = updates;
  std::erase_if(ends, [](const JobUpdate& update) { return !update.status; });
  const auto durability = ended.empty() ? Store::Durability::Kept : Store::Durability::Synced;
  Write(std::move(updates), durability,
        [this, ends = std::move(ends), ended, running](const Result<void>& result) mutable {
          // Also when it could not be written: the step to be cancelled may be the very one that fills the disk.
          for (const JobId id : running) Isolated(id, "cancel", [&] { SignalCancel(id); });
          if (result) return EndWritten(ended);
          log::Error(kJobs, "cannot record the cancel of job {}: {}", running.front(), result.error().message);
          if (!ended.empty()) WriteEnds(std::move(ends), std::move(ended), 0);
        });
}

void MinderCore::SignalCancel(JobId id) {
  const auto run = runs_.find(id);
  if (run == runs_.end()) return;  // ended meanwhile
  log::Info(kJobs, "cancelling job {}", id);
  run->second->Cancel();
  After(id, options_.cancel_grace * kGracesUntilLastResort, [this, id] {
    const auto still = runs_.find(id);
    if (still == runs_.end()) return;
    log::Warning(kJobs, "the shim of job {} did not end its step in time; killing it", id);
    still->second->Kill();
  });
}

}  // namespace cmdsrv
