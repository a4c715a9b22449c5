// A step that failed for now: what it waits for is written, its slot is free, and after the pause it begins again.
#include <fmt/format.h>

#include <functional>

#include "base/log.hpp"
#include "base/text.hpp"
#include "jobs/minder_core.hpp"
#include "jobs/progress.hpp"
#include "jobs/reasons.hpp"
#include "jobs/retry.hpp"
#include "platform/job_output.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kJobs{"jobs"};
constexpr std::size_t kReasonBytes = 500;
constexpr std::size_t kTailBytes = 64U << 10U;

/// Every boot of every machine has its own id, so no two boxes knock in the same rhythm.
std::uint64_t SaltOf(JobId id, const RunRow& run) {
  return std::hash<std::string>{}(run.boot_id) + static_cast<std::uint64_t>(id.value);
}

}  // namespace

void MinderCore::FailedForNow(JobId id, RetryWait wait, const RunRecord& record) {
  JobRecord* job = Find(id);
  const bool progressed = parts_.runner.Progressed(id, job->run);
  const std::string why = LastLineOf(*job, record.output_total);
  const auto status = Next(job->status, JobEvent::FailedForNow);
  const auto retry =
      PlanRetry(job->run.retry, {wait, progressed, parts_.clock.Wall(), SaltOf(id, job->run)}, options_.retry);
  parts_.table.With([&](JobTable::Jobs&) {
    job->run.output_total = record.output_total;
    job->run.exit = DescribeExit(record);
    job->run.reason = why;
    job->run.restarts_without_progress = 0;  // it came to an end of its own
    if (retry) job->run.retry = *retry;
  });
  if (CancelWanted(*job)) return End(id, CancelEnd(*job));
  if (!retry || !status) return GiveUp(id);
  log::Info(kJobs, "job {} of {} (step {} of {}): {}", id, VerbIn(job->message), job->step_no, job->step_count,
            RetrySentence(*retry, job->run.reason));
  parts_.table.With([&](JobTable::Jobs&) { job->status = *status; });
  WriteRetry(id);
  WaitForNextTry(id, std::chrono::milliseconds{retry->pause_ms}, false);
}

/// Nobody waits for this write: until it is there, a restart of the daemon finds the run's record and comes here again.
/// The next start is written after it, because writes keep their order.
void MinderCore::WriteRetry(JobId id) {
  const JobRecord* job = Find(id);
  Write({{.id = id,
          .status = std::string(NameOf(job->status)),
          .pid = {},
          .output = {},
          .run = job->run,
          .now = parts_.clock.Wall()}},
        Store::Durability::Synced, [id](const Result<void>& result) {
          if (!result) log::Error(kJobs, "cannot record that job {} waits: {}", id, result.error().message);
        });
}

void MinderCore::WaitForNextTry(JobId id, std::chrono::milliseconds left, bool network_asked) {
  JobRecord* job = Find(id);
  parts_.table.With([&](JobTable::Jobs&) {
    job->run.retry.next = parts_.clock.Wall() + left;  // by the clock of today
    job->stage = Waiting{.again = true,
                         .trouble = job->run.reason,
                         .not_before = parts_.clock.Steady() + left,
                         .retry = job->run.retry.wait,
                         .network_asked = network_asked};
  });
  Wake();
}

/// The network is there after all: the wait is one like after any other failure.
void MinderCore::HostIsSilent(JobId id) {
  JobRecord* job = Find(id);
  auto* waiting = job == nullptr ? nullptr : std::get_if<Waiting>(&job->stage);
  if (waiting == nullptr || waiting->retry != RetryWait::Network) return;
  const auto counted = CountPause(job->run.retry, options_.retry);
  if (!counted) return GiveUp(id);
  parts_.table.With([&](JobTable::Jobs&) {
    job->run.retry = *counted;
    waiting->retry = RetryWait::Time;
  });
  WriteRetry(id);
  Wake();
}

void MinderCore::GiveUp(JobId id) {
  const JobRecord* job = Find(id);
  const bool tried_again = options_.retry.bound.count() > 0;
  EndOf end = EndOfIdle(*job, JobEvent::EndedBadly, tried_again ? reason::kRetry : reason::kExit,
                        GaveUpSentence(job->run.reason, options_.retry));
  if (!tried_again) end.output = OutputOf(*job, job->run.output_total, {});  // its last line is the reason
  end.exit = job->run.exit;
  End(id, end);
}

std::string MinderCore::LastLineOf(const JobRecord& job, std::uint64_t total) const {
  const auto raw = ReadOutputEnd(paths_.Output(job.id), total, kTailBytes);
  const std::string text = raw ? SplitProgress(CleanOutput(*raw)).text : std::string();
  const std::string_view line = Trim(LastLines(text, 1));
  return line.empty() ? "the step failed without saying why" : Shorten(line, kReasonBytes);
}

}  // namespace cmdsrv
