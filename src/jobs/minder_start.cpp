// How a step starts: shim, record of the start, go.
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/log_subject.hpp"
#include "base/time_text.hpp"
#include "jobs/minder_core.hpp"
#include "jobs/recovery.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};

/// Start failures that waiting does not mend are given up after this many tries (about half a minute).
constexpr unsigned kMostTries = 5;

}  // namespace

void MinderCore::Begin(JobId id) {
  JobRecord* job = Find(id);
  if (job == nullptr || !std::holds_alternative<Waiting>(job->stage)) return;
  RunRow run = job->run;
  JobStatus status = JobStatus::Started;
  ShimStart start;
  parts_.table.With([&](JobTable::Jobs& jobs) {
    const bool again = std::get<Waiting>(job->stage).again;
    status = Next(job->status, again ? JobEvent::StartAgain : JobEvent::Start).value_or(JobStatus::Restarted);
    job->stage = Starting{.before = std::get<Waiting>(std::move(job->stage))};
    job->run.attempt = ++run.attempt;  // also when it comes to nothing: a number is used once
    start = DescribeStart(*job, run.attempt);
    Merge(jobs, *job);
  });
  auto step = parts_.runner.Start(std::move(start), [this, id] { OnShimEnded(id); });
  if (!step) return StartRefused(id, step.error());

  const ProcessIdentity shim = (*step)->Identity();
  const WallTime now = parts_.clock.Wall();
  run.boot_id = shim.boot_id;
  run.start_ticks = static_cast<std::int64_t>(shim.start_ticks);
  run.started = now;
  run.ended.reset();
  run.exit.clear();
  run.reason.clear();
  run.progress.clear();  // it may begin anew, with less than there was
  run.reason_code.clear();
  runs_[id] = std::move(*step);
  // What may be repeated is started again when a power cut takes the record of its start; what must not, must not.
  const auto durability = job->options.restartable ? Store::Durability::Kept : Store::Durability::Synced;
  Write({{.id = id, .status = std::string(NameOf(status)), .pid = shim.pid, .output = {}, .run = run, .now = now}},
        durability, [this, id, run, status](const Result<void>& result) {
          Isolated(id, "start", [&] { StartWritten(id, run, status, result); });
        });
}

/// What was asked for before this start is covered by it.
void MinderCore::Merge(JobTable::Jobs& jobs, const JobRecord& starting) {
  for (const JobId id : MergeableWith(starting, ListOf(jobs), parts_.clock.Steady())) {
    std::get<Waiting>(jobs.at(id).stage).merged_into = starting.id;
  }
}

ShimStart MinderCore::DescribeStart(const JobRecord& job, std::uint32_t attempt) const {
  ShimStart start;
  start.job = job.id;
  start.attempt = attempt;
  start.argv = options_.priority_words;
  start.argv.insert(start.argv.end(), job.options.argv.begin(), job.options.argv.end());
  start.environment = options_.environment;
  start.directory = job.options.cwd.empty() ? options_.default_cwd : job.options.cwd;
  start.record_path = paths_.Record(job.id);
  start.output_path = paths_.Output(job.id);
  start.low_priority = options_.low_priority;
  start.cancel_grace = options_.cancel_grace;
  if (job.run.retry.tries > 0) {
    start.output_kept = job.run.output_total;
    start.first_line =
        fmt::format("--- try {} of this step, {} ---", job.run.retry.tries + 1, ToD1(parts_.clock.Wall()));
  }
  return start;
}

/// No shim could be made; nothing happened.
void MinderCore::StartRefused(JobId id, const Error& error) {
  const JobRecord* job = Find(id);
  const Waiting& before = std::get<Starting>(job->stage).before;
  const std::string reason = fmt::format("cannot start job {}: {}", id, error.message);
  // A full disk is mended by a person, and the job then goes on; all else (too many processes) passes soon or never.
  const bool hopeless = error.code != ErrorCode::NoSpace && before.tries + 1 >= kMostTries;
  if (!hopeless) return PutBack(id, reason);
  End(id, EndOfIdle(*job, JobEvent::EndedBadly, reason::kStart, reason));
}

void MinderCore::StartWritten(JobId id, const RunRow& run, JobStatus status, const Result<void>& result) {
  JobRecord* job = Find(id);
  auto* starting = job == nullptr ? nullptr : std::get_if<Starting>(&job->stage);
  if (starting == nullptr) return;
  const bool shim_ended = starting->shim_ended;
  if (!result) {
    starting->trouble = fmt::format("cannot record the start: {}", result.error().message);
    log::Error(kJobs, "job {}: {}", id, starting->trouble);
    if (result.error().code == ErrorCode::NotFound) {  // somebody deleted its row: it is not wanted any more
      parts_.table.With([&](JobTable::Jobs&) { job->cancel_wanted = true; });
    }
    return shim_ended ? PutBack(id, starting->trouble) : runs_.at(id)->Cancel();
  }
  const bool cancel = parts_.table.With([&](JobTable::Jobs&) {
    job->status = status;
    job->pid = runs_.at(id)->Identity().pid;
    job->run = run;
    job->stage = Running{};
    return job->cancel_wanted;
  });
  Tell(*job);
  output_news_.Began(id);
  progress_.Began(id);
  if (shim_ended) return ShimEnded(id);
  if (all_gone_) return runs_.at(id)->Cancel();
  if (cancel) return TakeCancel(id, {id});
  // If the shim is gone just now, its end is about to be noticed and will be judged then.
  if (const auto go = runs_.at(id)->Go(); !go) log::Warning(kJobs, "job {}: {}", id, go.error().message);
  const log::About about({.status = NameOf(status)});
  log::Info(kJobs, "started job {} of {} (step {} of {}), attempt {}, shim {}", id, VerbIn(job->message), job->step_no,
            job->step_count, run.attempt, runs_.at(id)->Identity().pid);
}

/// Begin was torn out of its work. Without a run nothing will ever come for this job, so it is put back here.
void MinderCore::RescueStart(JobId id) {
  const JobRecord* job = Find(id);
  if (job != nullptr && std::holds_alternative<Starting>(job->stage) && !runs_.contains(id))
    PutBack(id, "could not be started");
}

/// Back into the queue, to be tried again after a while.
void MinderCore::PutBack(JobId id, std::string trouble) {
  JobRecord* job = Find(id);
  ForgetRun(id);
  if (all_gone_) return;
  if (CancelWanted(*job)) return End(id, CancelEnd(*job));
  parts_.table.With([&](JobTable::Jobs&) {
    Waiting waiting = std::get<Starting>(job->stage).before;
    waiting.not_before = parts_.clock.Steady() + Backoff(waiting.tries);
    ++waiting.tries;
    waiting.trouble = std::move(trouble);
    waiting.retry = RetryWait::None;  // that wait is over; this is another one
    job->stage = std::move(waiting);
  });
  Wake();
}

}  // namespace cmdsrv
