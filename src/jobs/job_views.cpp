#include "jobs/job_views.hpp"

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "jobs/output_text.hpp"
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
  view.progress = std::move(shown.progress);
}

std::string_view CodeOfEnd(JobStatus status) {
  switch (status) {
    case JobStatus::Failed: return "failed";
    case JobStatus::Cancelled: return "cancelled";
    case JobStatus::Scheduled:
    case JobStatus::Started:
    case JobStatus::Restarted:
    case JobStatus::Succeeded: return "";
  }
  return "";
}

}  // namespace

LiveView LiveViewOf(const JobRecord& job, JobList jobs, const Holdings& held, const Limits& limits, SteadyTime now) {
  LiveView live;
  live.status = job.status;
  live.runs = IsActive(job) && !std::holds_alternative<Starting>(job.stage);
  live.full_log = job.options.full_log;
  live.step_count = job.step_count;
  live.run = job.run;
  live.why = WhyWaiting(job, jobs, held, limits, now);
  const auto* running = std::get_if<Running>(&job.stage);
  if (running != nullptr && running->ending_leftovers)
    live.why = {"leftovers", "Ending what an interrupted run left behind"};
  if (job.cancel_wanted && IsActive(job)) live.why = {"cancel", "Being cancelled"};
  return live;
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
    view.reason = run.reason;
    if (!view.reason.empty()) view.reason_code = CodeOfEnd(view.status);
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
  }
  return view;
}

}  // namespace cmdsrv
