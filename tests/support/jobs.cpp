#include "support/jobs.hpp"

#include <algorithm>

#include "support/ask.hpp"

namespace cmdsrv::test {
namespace {

long long NumberMember(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

/// `reason` may be a sentence or an object with one; shown as text either way.
std::string ReasonOf(const json::object& row) {
  const json::value* reason = row.if_contains("reason");
  if (reason == nullptr || reason->is_null()) return {};
  return reason->is_string() ? std::string(reason->get_string()) : PrintJson(*reason);
}

JobRow ToRow(const json::object& object) {
  JobRow row;
  row.id = NumberMember(object, "job_id");
  row.group = NumberMember(object, "group_id");
  row.command = TextMember(object, "job_command");
  row.output = TextMember(object, "job_output");
  row.status = TextMember(object, "job_status");
  row.reason = ReasonOf(object);
  row.message = TextMember(object, "cmd_msg");
  row.all = object;
  return row;
}

}  // namespace

Result<std::vector<JobRow>> ReadJobs(const std::string& socket) {
  const auto reply = Ask(socket, "GET-JOB-STAT");
  if (!reply) return Failure(reply.error());
  if (!reply->is_array()) return Fail(ErrorCode::Corrupt, "GET-JOB-STAT answered {}", PrintJson(*reply));
  std::vector<JobRow> rows;
  for (const json::value& row : reply->get_array()) {
    if (row.is_object()) rows.push_back(ToRow(row.get_object()));
  }
  std::ranges::sort(rows, {}, &JobRow::id);
  return rows;
}

bool IsFinal(const JobRow& job) {
  return job.status == "SUCCEEDED" || job.status == "FAILED" || job.status == "CANCELLED";
}

Result<std::vector<JobRow>> WaitForJobs(const std::string& socket, std::size_t count, milliseconds deadline) {
  Result<std::vector<JobRow>> rows;
  const bool done = WaitUntil(
      [&] {
        rows = ReadJobs(socket);
        return rows && rows->size() >= count && std::ranges::all_of(*rows, IsFinal);
      },
      deadline);
  if (done || !rows) return rows;
  return Fail(ErrorCode::Timeout, "the jobs are not final:\n{}", Describe(*rows));
}

Result<JobRow> WaitForStatus(const std::string& socket, std::string_view status, milliseconds deadline) {
  Result<std::vector<JobRow>> rows;
  JobRow found;
  const bool done = WaitUntil(
      [&] {
        rows = ReadJobs(socket);
        if (!rows) return false;
        const auto row = std::ranges::find(*rows, status, &JobRow::status);
        if (row != rows->end()) found = *row;
        return row != rows->end();
      },
      deadline);
  if (done) return found;
  if (!rows) return Failure(rows.error());
  return Fail(ErrorCode::Timeout, "no job is {}:\n{}", status, Describe(*rows));
}

std::string Describe(const std::vector<JobRow>& jobs) {
  std::string text;
  for (const JobRow& job : jobs) {
    text += fmt::format("  job {} {} {} {}\n    {}\n", job.id, job.status, job.command, job.reason, job.output);
  }
  return text.empty() ? "  no jobs\n" : text;
}

}  // namespace cmdsrv::test
