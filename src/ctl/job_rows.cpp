#include "ctl/job_rows.hpp"

#include <time.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "ctl/shown_text.hpp"

namespace cmdsrv::ctl {
namespace {

std::int64_t Number(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return otherwise;
  boost::system::error_code error;
  const auto whole = value->to_number<std::int64_t>(error);
  if (!error) return whole;
  const auto real = value->to_number<double>(error);
  constexpr double kMost = 9.0e15;  // larger ones are nonsense, and the cast would be undefined
  return error || real < -kMost || real > kMost ? otherwise : static_cast<std::int64_t>(real);
}

std::string Line(const json::object& object, std::string_view key) { return CleanLine(TextMember(object, key)); }

struct Reason {
  std::string text, code;
};

/// {"code": "slot", "text": "a sentence"}, or the sentence alone.
Reason ReadReason(const json::object& row) {
  const json::value* reason = row.if_contains("reason");
  if (reason == nullptr || !reason->is_object()) return {Line(row, "reason"), {}};
  return {Line(reason->get_object(), "text"), Line(reason->get_object(), "code")};
}

std::optional<JobProgress> ReadProgress(const json::object& row) {
  const json::value* value = row.if_contains("progress");
  if (value == nullptr || !value->is_object()) return std::nullopt;
  const json::object& object = value->get_object();
  return JobProgress{.phase = Line(object, "phase"),
                     .bytes = Number(object, "bytes", -1),
                     .total = Number(object, "total", -1),
                     .rate = Number(object, "rate", -1),
                     .eta = Number(object, "eta", -1),
                     .percent = static_cast<int>(std::clamp<std::int64_t>(Number(object, "percent", -1), -1, 100))};
}

std::optional<int> Digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// "Z", "+02:00", "-05:30" → seconds east of Greenwich.
std::optional<int> ReadZone(std::string_view text) {
  if (text == "Z") return 0;
  const auto hours = Digits(text, 1, 2);
  const auto minutes = Digits(text, 4, 2);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !hours || !minutes) {
    return std::nullopt;
  }
  const int seconds = (*hours * 60 + *minutes) * 60;
  return text[0] == '-' ? -seconds : seconds;
}

/// Both texts are JSON lists that were parsed before, so their last and first bracket can be cut.
void AppendList(std::string& all, std::string_view list, std::size_t pages_before) {
  const std::string_view inside = Trim(list).substr(1);
  if (pages_before == 0) {
    all = list;
  } else if (!Trim(inside).starts_with(']')) {
    all.erase(all.rfind(']'));
    all += ", ";
    all += inside;
  }
}

}  // namespace

std::optional<WallTime> ReadIso8601(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00";
  if (text.size() < kPattern.size()) return std::nullopt;
  for (const std::size_t at : {4U, 7U, 10U, 13U, 16U}) {
    if (text[at] != kPattern[at]) return std::nullopt;
  }
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  std::size_t at = kPattern.size();
  if (at < text.size() && text[at] == '.') at = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
  const auto zone = ReadZone(text.substr(at));
  if (!zone) return std::nullopt;
  tm parts{};
  parts.tm_year = *year - 1900, parts.tm_mon = *month - 1, parts.tm_mday = *day;
  parts.tm_hour = *hour, parts.tm_min = *minute, parts.tm_sec = *second;
  return WallTime{std::chrono::seconds{timegm(&parts) - *zone}};
}

bool IsRunning(const JobRow& row) { return row.status == "STARTED" || row.status == "RESTARTED"; }

bool IsFinished(const JobRow& row) { return row.status != "SCHEDULED" && !IsRunning(row); }

JobRow ReadJobRow(const json::object& row) {
  Reason reason = ReadReason(row);
  return {.id = Number(row, "job_id", 0),
          .group = Number(row, "group_id", 0),
          .step_no = Number(row, "step_no", 1),
          .step_count = Number(row, "step_count", 1),
          .status = Line(row, "job_status"),
          .command = CleanLine(UnescapeHtml(TextMember(row, "job_command"))),
          .output = CleanLines(UnescapeHtml(TextMember(row, "job_output"))),
          .message = CleanLine(UnescapeHtml(TextMember(row, "cmd_msg"))),
          .reason = std::move(reason.text),
          .reason_code = std::move(reason.code),
          .exit = Line(row, "exit"),
          .created = Line(row, "create_datetime"),
          .elapsed_sec = Number(row, "elapsed_sec", 0),
          .started = ReadIso8601(TextMember(row, "started_at")),
          .ended = ReadIso8601(TextMember(row, "ended_at")),
          .progress = ReadProgress(row)};
}

std::optional<std::int64_t> RunningSeconds(const JobRow& row, WallTime now) {
  if (!row.started && (row.status == "SCHEDULED" || row.status == "CANCELLED")) return std::nullopt;
  if (!row.started) return std::max<std::int64_t>(row.elapsed_sec, 0);
  const auto running = row.ended.value_or(now) - *row.started;
  return std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(running).count(), 0);
}

Result<JobPage> AskPage(Session& session, const JobQuery& query) {
  json::object arguments;
  if (query.below > 0) arguments["last_rowid"] = query.below;
  if (query.group > 0) arguments["group_id"] = query.group;
  if (query.since_days > 0) arguments["since_days"] = query.since_days;
  auto reply = AskServer(session, MakeCommand("GET-JOB-STAT", arguments));
  if (!reply) return Failure(std::move(reply.error()));
  if (!reply->value.is_array()) {
    return Fail(ErrorCode::Corrupt, "cannot read the list of jobs: the reply to GET-JOB-STAT is no list");
  }
  JobPage page{.rows = {}, .raw = std::move(reply->raw)};
  for (const json::value& row : reply->value.get_array()) {
    if (row.is_object()) page.rows.push_back(ReadJobRow(row.get_object()));
  }
  // A server that does not know group_id lists the jobs of all groups.
  if (query.group > 0) std::erase_if(page.rows, [&](const JobRow& row) { return row.group != query.group; });
  return page;
}

Result<JobPage> AskAllPages(Session& session, JobQuery query) {
  JobPage all;
  std::size_t pages = 0;
  for (;;) {
    auto page = AskPage(session, query);
    if (!page) return Failure(std::move(page.error()));
    const bool more = page->rows.size() >= kPageRows;
    AppendList(all.raw, page->raw, pages++);
    std::move(page->rows.begin(), page->rows.end(), std::back_inserter(all.rows));
    if (!more) return all;
    const std::int64_t smallest = all.rows.back().id;
    if (smallest <= 1 || (query.below > 0 && smallest >= query.below)) return all;  // 1 would mean "no bound"
    query.below = smallest;
  }
}

Result<JobRow> AskJob(Session& session, std::int64_t id) {
  auto page = AskPage(session, {.below = id + 1});
  if (!page) return Failure(std::move(page.error()));
  for (JobRow& row : page->rows) {
    if (row.id == id) return std::move(row);
  }
  return Fail(ErrorCode::NotFound, "cannot find job {}; `iiab-cmdsrv-ctl jobs --all` lists all of them", id);
}

}  // namespace cmdsrv::ctl
