#include "jobs/job_views.hpp"

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "jobs/output_text.hpp"
#include "jobs/progress_writer.hpp"
#include "jobs/reasons.hpp"
#include "platform/job_output.hpp"
#include "platform/shim_process.hpp"

namespace cmdsrv {
namespace {

void ShowPresentOutput(JobView& view, const LiveView& live, const JobPaths& paths, std::size_t cap) {
  const auto record = ReadRunRecord(paths.Record(view.id));
  if (!record || record->attempt != live.run.attempt) return;  // just about to begin
  const auto raw = ReadOutputEnd(paths.Output(view.id), record->output_total, live.full_log ? cap : kTailBytes);
  if (!raw) return;
  ShownOutput shown = OutputWhileRunning(*raw, live.full_log, cap);
  view.output = std::move(shown.text);
  view.progress = ProgressOf(live.run, shown.progress);
}

}  // namespace

/// Rows of other programs, and of older versions of this one, have no code and perhaps no sentence.
WaitReason ReasonOfEnd(JobStatus status, const RunRow& run) {
  switch (status) {
    case JobStatus::Succeeded:
      return run.reason.empty() ? WaitReason{reason::kSucceeded, "Succeeded"} : WaitReason{run.reason_code, run.reason};
    case JobStatus::Failed:
      return {run.reason_code.empty() ? reason::kFailed : run.reason_code,
              run.reason.empty() ? "Failed; the reason was not recorded" : run.reason};
    case JobStatus::Cancelled:
      return {run.reason_code.empty() ? reason::kCancelled : run.reason_code,
              run.reason.empty() ? "Cancelled; the reason was not recorded" : run.reason};
    case JobStatus::Scheduled:
    case JobStatus::Started:
    case JobStatus::Restarted: break;
  }
  return {};
}

WaitReason WhyNotRunning(const JobRecord& job, JobList jobs, const Holdings& held, const Limits& limits,
                         SteadyTime now) {
  const auto* running = std::get_if<Running>(&job.stage);
  const bool leftovers = running != nullptr && running->ending_leftovers;
  if (leftovers) return {reason::kLeftovers, "Ending what an interrupted run left behind"};
  if (job.cancel_wanted) return {reason::kCancel, "Being cancelled"};
  if (const auto* ending = std::get_if<Ending>(&job.stage)) return ReasonOfEnd(ending->status, job.run);
  if (std::holds_alternative<Starting>(job.stage)) return {reason::kStart, "About to start"};
  return WhyWaiting(job, jobs, held, limits, now);
}

LiveView LiveViewOf(const JobRecord& job, JobList jobs, const Holdings& held, const Limits& limits, SteadyTime now) {
  LiveView live;
  live.status = job.status;
  live.runs = IsActive(job) && !std::holds_alternative<Starting>(job.stage);
  live.full_log = job.options.full_log;
  live.step_count = job.step_count;
  live.run = job.run;
  live.why = WhyNotRunning(job, jobs, held, limits, now);
  return live;
}

JobChange ChangeOf(const JobRecord& job, WaitReason why) {
  JobChange change;
  change.id = job.id;
  change.group = job.group;
  change.step_no = job.step_no;
  change.step_count = job.step_count;
  change.status = job.status;
  change.reason_code = std::move(why.code);
  change.reason = std::move(why.sentence);
  return change;
}

JobView ViewOf(const JobRow& row, const LiveView* live, const JobPaths& paths, std::size_t output_cap) {
  JobView view;
  view.id = row.id;
  view.group = row.command;
  view.step_no = row.step_no;
  view.command = row.job_command;
  view.message = row.command_message.value_or("");
  view.created = FromD1(row.created_text);
  view.updated = FromD1(row.updated_text);
  const RunRow& run = live == nullptr ? row.run : live->run;
  view.started = run.started;
  if (live == nullptr) {
    view.status = StatusFromName(row.status).value_or(JobStatus::Failed);
    view.output = CleanOutput(row.output);  // rows of other programs are not always clean
    view.ended = run.ended;
    view.exit = run.exit;
    WaitReason why = ReasonOfEnd(view.status, run);
    view.reason_code = std::move(why.code);
    view.reason = std::move(why.sentence);
    return view;
  }
  view.status = live->status;
  view.step_count = live->step_count;
  view.reason_code = live->why.code;
  view.reason = live->why.sentence;
  if (live->runs) {
    ShowPresentOutput(view, *live, paths, output_cap);
  } else {
    view.output = view.reason;
    view.progress = ReadPrintedProgress(live->run.progress);  // how far the last try came
  }
  return view;
}

}  // namespace cmdsrv
