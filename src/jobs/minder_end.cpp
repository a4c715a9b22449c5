// How a step ends: the shim is gone, its record tells how, the end and all that follows from it is written at once.
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/log_subject.hpp"
#include "jobs/ansible_tally.hpp"
#include "jobs/minder_core.hpp"
#include "jobs/output_text.hpp"
#include "jobs/recovery.hpp"
#include "platform/job_output.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};

WallTime FromUnixMs(std::int64_t ms) { return WallTime{std::chrono::milliseconds{ms}}; }

/// How the tasks ended, as a last line of the output. Where one failed, its name is added to the reason.
std::string TellAnsible(std::string_view output, std::string& reason) {
  const AnsibleTally tally = TallyAnsible(output);
  if (tally.IsEmpty()) return {};
  const std::string failure = reason.empty() ? std::string() : tally.Failure();
  if (failure.empty()) return "Ansible: " + tally.Summary();
  reason += ": " + failure;
  return fmt::format("Ansible: {}; {}", tally.Summary(), failure);
}

}  // namespace

void MinderCore::OnShimEnded(JobId id) {
  if (!Isolated(id, "end", [&] { ShimEnded(id); })) After(id, Backoff(0), [this, id] { OnShimEnded(id); });
}

void MinderCore::ShimEnded(JobId id) {
  JobRecord* job = Find(id);
  if (job == nullptr) return;
  if (auto* starting = std::get_if<Starting>(&job->stage)) {
    if (!starting->trouble.empty()) return PutBack(id, starting->trouble);
    starting->shim_ended = true;  // the answer of the database is on its way, StartWritten goes on
    return;
  }
  ForgetRun(id);
  if (all_gone_) return;  // the next start finds the run record and judges it then
  if (std::holds_alternative<Running>(job->stage)) Settle(id);
}

void MinderCore::Settle(JobId id) {
  JobRecord* job = Find(id);
  const auto record = parts_.runner.Record(id);
  if (!TellsTheEnd(record, job->run.attempt)) return EndLeftovers(id);
  if (record->phase == RunPhase::Ended) return SettleEnded(id, *job, *record);
  if (record->phase == RunPhase::StartFailed) {
    const auto& words = options_.priority_words.empty() ? job->options.argv : options_.priority_words;
    const std::string sentence = DescribeStartFailure(*record, words.empty() ? job->command : words.front());
    return End(id, {JobEvent::EndedBadly,
                    reason::kStart,
                    sentence,
                    {},
                    sentence,
                    record->output_total,
                    FromUnixMs(record->ended_unix_ms)});
  }
  if (CancelWanted(*job)) return End(id, CancelEnd(*job));
  // It never began, because somebody sent its shim away before the go: as if it had never been started.
  parts_.table.With([&](JobTable::Jobs&) {
    job->status = Next(job->status, JobEvent::NeverBegan).value_or(job->status);
    job->stage = Waiting{.again = job->status == JobStatus::Restarted,
                         .trouble = "was interrupted before it began",
                         .not_before = parts_.clock.Steady() + options_.interruption_pause};
  });
  Wake();
}

void MinderCore::SettleEnded(JobId id, const JobRecord& job, const RunRecord& record) {
  const std::string exit = DescribeExit(record);
  const RetryWait retry = record.cancelled == 0 ? RetryOf(job.options.retry, record) : RetryWait::None;
  if (retry != RetryWait::None) return FailedForNow(id, retry, record);
  if (record.cancelled != 0 && !CancelWanted(job)) return AfterLoss(id, "its supervisor was told to end it");
  const bool by_signal = record.exit_kind == RunExit::Signal;
  EndOf end{JobEvent::EndedBadly,
            by_signal ? reason::kSignal : reason::kExit,
            {},
            exit,
            {},
            record.output_total,
            FromUnixMs(record.ended_unix_ms)};
  std::string remark = by_signal ? exit : std::string();
  if (record.cancelled != 0) {
    end.event = JobEvent::Cancel;
    end.code = job.cancel_code;
    end.reason = remark = job.cancel_reason;
  } else if (!by_signal && record.exit_value == 0) {
    end.event = JobEvent::EndedWell;  // also when a cancel came too late: what is done is done
    end.code.clear();
  } else {
    end.reason = job.options.retry == RetryPolicy::Never ? exit : LastLineOf(job, record.output_total);
  }
  if (job.options.ansible && record.cancelled == 0 && !by_signal) {
    const auto raw = ReadOutputEnd(paths_.Output(id), record.output_total, options_.output_column_bytes);
    remark = TellAnsible(raw.value_or(""), end.reason);
  }
  end.output = OutputOf(job, record.output_total, remark);
  End(id, end);
}

/// The shim is gone without a word. Before anything else is done with the job, nothing of its step may be left.
void MinderCore::EndLeftovers(JobId id) {
  JobRecord* job = Find(id);
  parts_.table.With([&](JobTable::Jobs&) { std::get<Running>(job->stage).ending_leftovers = true; });
  Tell(*job);
  log::Warning(kJobs, "the shim of job {} is gone without a record; ending what its step left behind", id);
  parts_.runner.EndLeftovers(id, ShimOf(job->run, job->pid),
                             [this, id] { Isolated(id, "end", [&] { AfterLoss(id, "its supervisor was killed"); }); });
}

/// Nothing of the step is left and its end is not known.
void MinderCore::AfterLoss(JobId id, std::string_view what) {
  JobRecord* job = Find(id);
  if (job == nullptr || all_gone_) return;
  log::Warning(kJobs, "job {} was interrupted: {}", id, what);
  const auto record = parts_.runner.Record(id);
  const std::uint64_t total = record ? record->output_total : job->run.output_total;
  const bool progressed = parts_.runner.Progressed(id, job->run);
  if (CancelWanted(*job)) {
    EndOf end = CancelEnd(*job);
    end.output = OutputOf(*job, total, job->cancel_reason);
    end.output_total = total;
    return End(id, end);
  }
  const Decision next = AfterInterruption(id, job->run, job->options.restartable, progressed,
                                          options_.max_restarts_without_progress, what);
  if (next.fate == Fate::Fail) {
    return End(id, {JobEvent::EndedBadly, next.code, next.reason, {}, OutputOf(*job, total, next.reason), total});
  }
  parts_.table.With([&](JobTable::Jobs&) {
    job->run.restarts_without_progress = RestartsAfter(job->run, progressed);
    job->run.output_total = total;
    job->stage = Waiting{.again = true,
                         .trouble = fmt::format("was interrupted ({}) and is started again soon", what),
                         .not_before = parts_.clock.Steady() + options_.interruption_pause};
  });
  Wake();
}

MinderCore::EndOf MinderCore::EndOfIdle(const JobRecord& job, JobEvent event, std::string code,
                                        std::string reason) const {
  const std::uint64_t total = job.run.output_total;
  std::string output = total == 0 ? reason : OutputOf(job, total, reason);
  return {event, std::move(code), std::move(reason), {}, std::move(output), total};
}

std::string MinderCore::OutputOf(const JobRecord& job, std::uint64_t total, std::string_view remark) const {
  const std::size_t cap = options_.output_column_bytes;
  const auto raw = ReadOutputEnd(paths_.Output(job.id), total, job.options.full_log ? cap : kTailBytes);
  if (!raw && raw.error().code != ErrorCode::NotFound) log::Warning(kJobs, "{}", raw.error().message);
  return OutputAtEnd(raw.value_or(""), job.options.full_log, cap, remark);
}

std::optional<JobUpdate> MinderCore::MarkEnding(JobId id, const EndOf& end) {
  JobRecord* job = Find(id);
  if (job == nullptr || std::holds_alternative<Ending>(job->stage)) return std::nullopt;
  const auto status = Next(job->status, end.event);
  if (!status) {
    log::Error(kJobs, "job {} is {} and cannot take event {}", id, NameOf(job->status), static_cast<int>(end.event));
    return std::nullopt;
  }
  const WallTime now = parts_.clock.Wall();
  return parts_.table.With([&](JobTable::Jobs&) {
    job->run.ended = end.ended.value_or(now);
    job->run.exit = end.exit;
    job->run.reason = end.reason;
    job->run.reason_code = end.code;
    job->run.output_total = end.output_total;
    job->stage = Ending{*status, IsActive(*job)};
    return JobUpdate{
        .id = id, .status = std::string(NameOf(*status)), .pid = {}, .output = end.output, .run = job->run, .now = now};
  });
}

/// The end of a job, and of all that follows from it at once, in one transaction.
void MinderCore::End(JobId id, const EndOf& end) {
  auto first = MarkEnding(id, end);
  if (!first) return;
  const JobRecord* job = Find(id);
  std::vector<JobUpdate> updates = {std::move(*first)};
  std::vector<JobId> ended = {id};
  const auto also = [&](JobId other, const EndOf& its_end) {
    auto update = MarkEnding(other, its_end);
    if (!update) return;
    updates.push_back(std::move(*update));
    ended.push_back(other);
  };
  if (end.event == JobEvent::EndedWell) {
    const std::string reason = fmt::format("Done by job {}, which did the same", id);
    for (const JobId merged : MergedInto(id))
      also(merged, {JobEvent::DoneByAnother, reason::kMerged, reason, {}, reason});
  } else {
    const std::string reason = CascadeReason(job->step_no, id, end.event != JobEvent::Cancel);
    const auto dependents = parts_.table.With([&](JobTable::Jobs& jobs) { return DependentsOf(id, ListOf(jobs)); });
    for (const JobId dependent : dependents)
      also(dependent, {JobEvent::DependencyFailed, reason::kJob, reason, {}, reason});
  }
  WriteEnds(std::move(updates), std::move(ended), 0);
}

/// The waiting jobs whose work this one did.
std::vector<JobId> MinderCore::MergedInto(JobId id) {
  std::vector<JobId> merged;
  parts_.table.With([&](JobTable::Jobs& jobs) {
    for (const auto& [other, job] : jobs) {
      const auto* waiting = std::get_if<Waiting>(&job.stage);
      if (waiting != nullptr && waiting->merged_into == id && !job.cancel_wanted) merged.push_back(other);
    }
  });
  return merged;
}

void MinderCore::WriteEnds(std::vector<JobUpdate> updates, std::vector<JobId> ended, unsigned tries) {
  auto again = updates;
  Write(std::move(updates), Store::Durability::Synced,
        [this, again = std::move(again), ended = std::move(ended), tries](const Result<void>& result) mutable {
          if (result) return EndWritten(ended);
          if (result.error().code == ErrorCode::NotFound) return EndWithoutRow(again, ended, result.error());
          const auto pause = Backoff(tries);
          log::Error(kJobs, "cannot record the end of job {}: {}; trying again in {} s", ended.front(),
                     result.error().message, pause.count() / 1000);
          After(ended.front(), pause, [this, again, ended, tries] { WriteEnds(again, ended, tries + 1); });
        });
}

/// Somebody has deleted a row behind our back. Of that job nobody will ever ask; it must not hold a slot, its locks and
/// the ends of others for ever.
void MinderCore::EndWithoutRow(std::vector<JobUpdate> updates, const std::vector<JobId>& ended, const Error& error) {
  if (updates.size() <= 1) {
    log::Error(kJobs, "the end of job {} is not recorded: {}", ended.front(), error.message);
    return EndWritten(ended);
  }
  for (JobUpdate& update : updates) {
    const JobId id = update.id;
    WriteEnds({std::move(update)}, {id}, 0);
  }
}

void MinderCore::EndWritten(const std::vector<JobId>& ended) {
  bool ansible = false;
  bool ansible_ran = false;
  for (const JobId id : ended) {
    const JobRecord* job = Find(id);
    if (job == nullptr) continue;
    const auto& ending = std::get<Ending>(job->stage);
    const std::string verb = VerbIn(job->message);
    const log::About about(
        {.command = verb, .status = NameOf(ending.status), .job = id.value, .group = job->group.value});
    ansible = ansible || job->options.ansible;
    ansible_ran = ansible_ran || (job->options.ansible && ending.ran);
    log::Info(kJobs, "job {} of {} (step {} of {}) {}{}{}", id, verb, job->step_no, job->step_count,
              NameOf(ending.status), job->run.reason.empty() ? "" : ": ", job->run.reason);
    timers_.erase(id);
    if (ending.ran || job->run.attempt > 0) {
      parts_.runner.Forget(id);
      outputs_.Add(id);
    }
  }
  TellEnds(ended);
  space_.JobEnded();
  if (ansible) gate_.AnsibleEnded();
  if (ansible_ran && options_.ansible_ended) Isolated(ended.front(), "tell of the end of", options_.ansible_ended);
  Wake();
}

}  // namespace cmdsrv
