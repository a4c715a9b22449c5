#include <algorithm>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "commands/handlers.hpp"
#include "commands/job_json.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kRowsPerReply = 50;
constexpr std::size_t kReplyBytes = 32U << 10U;

json::value ToIso(const std::optional<WallTime>& time) { return time ? json::value(ToIso8601(*time)) : json::value(); }

/// Whole seconds since creation: until the last change, or until now while it runs; 0 while it waits. The clock may
/// have been set back in between: never negative.
std::int64_t ElapsedSeconds(const JobView& job, WallTime now) {
  if (!job.created) return 0;
  const bool running = job.status == JobStatus::Started || job.status == JobStatus::Restarted;
  const WallTime end = running ? now : job.updated.value_or(*job.created);
  return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(end - *job.created).count());
}

json::object Describe(const JobView& job, WallTime now, const json::storage_ptr& memory) {
  json::object row(memory);
  row.reserve(16);
  row["job_id"] = job.id.value;
  row["job_command"] = EscapeHtml(job.command);
  row["job_output"] = EscapeHtml(job.output);
  row["job_status"] = NameOf(job.status);
  row["create_datetime"] = job.created ? ToMonthDayTime(*job.created) : std::string();
  row["elapsed_sec"] = ElapsedSeconds(job, now);
  row["cmd_msg"] = job.message;
  row["group_id"] = job.group.value;
  row["step_no"] = job.step_no;
  row["step_count"] = job.step_count;
  row["reason"] = DescribeReason(job.reason_code, job.reason);
  row["progress"] = DescribeProgress(job.progress);
  row["started_at"] = ToIso(job.started);
  row["ended_at"] = ToIso(job.ended);
  row["exit"] = job.exit.empty() ? json::value() : json::value(job.exit);
  return row;
}

/// How many bytes at the end of `text` are the beginning of a character that goes on in the next piece.
std::size_t UnfinishedTail(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto c = static_cast<unsigned char>(text[text.size() - back]);
    if ((c & 0xC0) == 0x80) continue;
    const std::size_t wanted = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    return wanted > back ? back : 0;
  }
  return 0;
}

}  // namespace

Result<Outcome> GetJobStat(const Arguments& arguments, Services& services) {
  const WallTime now = services.clock.Wall();
  Store::ListQuery query;
  query.limit = kRowsPerReply;
  // 1 means "from the newest on": there is nothing below the first job.
  if (const auto below = arguments.Integer("last_rowid"); below && *below > 1) query.below = JobId{*below};
  if (const auto days = arguments.Number("since_days"); days && *days > 0 && *days < 36500) {
    query.since = now - std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(*days * 86400));
  }
  if (const auto group = arguments.Integer("group_id")) query.group = CommandId{*group};
  const auto jobs = services.jobs.List(query);
  if (!jobs) return Fail(ErrorCode::Refused, "Unable to read Job Status");
  // All of it in a few large pieces, which go away together: the many small ones were a quarter of the work.
  const auto memory = json::make_shared_resource<json::monotonic_resource>(kReplyBytes);
  json::array rows(memory);
  rows.reserve(jobs->size());
  for (const JobView& job : *jobs) rows.push_back(Describe(job, now, memory));
  return Answer(json::value(std::move(rows)));
}

Result<Outcome> GetJobActiveSum(const Arguments&, Services& services) {
  const ActiveSummary active = services.jobs.Active();
  // The console asks every few seconds, from every page: no tree of values for four of them.
  std::string text;
  text.reserve(100);
  text += active.active ? R"({"active":true)" : R"({"active":false)";
  text += active.ansible ? R"(,"ansible_running_flag":true)" : R"(,"ansible_running_flag":false)";
  if (active.started > 0) text += fmt::format(R"(,"STARTED":{})", active.started);
  if (active.restarted > 0) text += fmt::format(R"(,"RESTARTED":{})", active.restarted);
  text += '}';
  return Answer(JsonText{std::move(text)});
}

Result<Outcome> GetJobLog(const Arguments& arguments, Services& services) {
  constexpr std::int64_t kDefaultLimit = 64 << 10;
  const JobId id{*arguments.Integer("job_id")};
  const auto offset = static_cast<std::uint64_t>(arguments.Integer("offset").value_or(0));
  const auto limit = static_cast<std::size_t>(arguments.Integer("limit").value_or(kDefaultLimit));
  auto log = services.jobs.ReadLog(id, offset, limit);
  if (!log) {
    if (log.error().code == ErrorCode::NotFound) return Fail(ErrorCode::Stated, "There is no log of Job  {}.", id);
    return tl::unexpected(log.error());
  }
  OutputPiece& piece = log->piece;
  if (const bool more = !log->ended || piece.next_offset < piece.total; more && piece.text.size() > 3) {
    const std::size_t cut = UnfinishedTail(piece.text);
    piece.text.resize(piece.text.size() - cut);
    piece.next_offset -= cut;
  }
  return Answer(json::value(json::object{{"job_id", id.value},
                                         {"offset", piece.offset},
                                         {"next_offset", piece.next_offset},
                                         {"size", piece.total},
                                         {"text", ToUtf8(piece.text)},
                                         {"ended", log->ended}}));
}

Result<Outcome> CancelJob(const Arguments& arguments, Services& services) {
  const JobId id{*arguments.Integer("job_id")};
  const auto cancelled = services.jobs.Cancel(id);
  if (!cancelled) {
    if (cancelled.error().code == ErrorCode::NotFound) {
      return Fail(ErrorCode::Stated, "Job  {} Not Running or Scheduled.", id);
    }
    return tl::unexpected(cancelled.error());
  }
  switch (*cancelled) {
    case CancelAnswer::WasScheduled: return Answer(Sentence{fmt::format("Scheduled Job  {} Cancelled.", id)});
    case CancelAnswer::WasRunning: break;
  }
  return Answer(Sentence{fmt::format("Running Job  {} Cancelled.", id)});
}

Result<Outcome> WaitEvents(const Arguments& arguments, Services& services) {
  constexpr double kDefaultSeconds = 25;  // less than what clients and proxies between usually allow
  const auto since = arguments.Integer("since");
  const std::chrono::duration<double> timeout(arguments.Number("timeout").value_or(kDefaultSeconds));
  JobChanges changes = services.jobs.Changes(since ? std::optional(static_cast<std::uint64_t>(*since)) : std::nullopt);
  if (changes.snapshot || !changes.changes.empty() || timeout.count() <= 0) return Answer(DescribeChanges(changes));
  return EventWait{changes.seq, std::chrono::duration_cast<std::chrono::milliseconds>(timeout)};
}

Result<Outcome> RetryJob(const Arguments& arguments, Services& services) {
  const JobId id{*arguments.Integer("job_id")};
  const auto jobs = services.jobs.Retry(id);
  if (jobs) return Answer(Sentence{fmt::format("Job  {} Scheduled.", jobs->back())});
  if (jobs.error().code == ErrorCode::NotFound) return Fail(ErrorCode::Stated, "There is no Job  {}.", id);
  return Failure(jobs.error());
}

}  // namespace cmdsrv
