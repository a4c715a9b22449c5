#include "commands/job_json.hpp"

namespace cmdsrv {
namespace {

json::object Describe(const JobChange& change) {
  json::object row{{"seq", change.seq},
                   {"job_id", change.id.value},
                   {"group_id", change.group.value},
                   {"step_no", change.step_no},
                   {"step_count", change.step_count},
                   {"job_status", NameOf(change.status)},
                   {"reason", DescribeReason(change.reason_code, change.reason)}};
  if (change.output_bytes < 0) return row;
  row["size"] = change.output_bytes;
  row["progress"] = DescribeProgress(change.progress);
  return row;
}

}  // namespace

json::value DescribeReason(const std::string& code, const std::string& sentence) {
  if (sentence.empty()) return nullptr;
  return json::object{{"code", code}, {"text", sentence}};
}

json::value DescribeProgress(const std::optional<Progress>& progress) {
  if (!progress) return nullptr;
  const auto known = [](std::int64_t value) { return value < 0 ? json::value() : json::value(value); };
  return json::object{{"phase", progress->phase},        {"bytes", known(progress->bytes)},
                      {"total", known(progress->total)}, {"percent", known(progress->percent)},
                      {"rate", known(progress->rate)},   {"eta", known(progress->eta_seconds)}};
}

json::value DescribeChanges(const JobChanges& changes) {
  json::array events;
  events.reserve(changes.changes.size());
  for (const JobChange& change : changes.changes) events.push_back(Describe(change));
  return json::object{{"seq", changes.seq}, {"snapshot", changes.snapshot}, {"events", std::move(events)}};
}

}  // namespace cmdsrv
