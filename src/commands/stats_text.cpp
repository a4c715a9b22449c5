#include "commands/stats_text.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/version.hpp"

namespace cmdsrv {
namespace {

/// No label of ours needs escaping: verbs, statuses and words that are written here.
class Metrics {
 public:
  /// Begins a metric; its samples follow at once, as the format wants it.
  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = fmt::format("iiab_cmdsrv_{}", name);
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
  }
  void Add(std::string_view labels, double value) {
    fmt::format_to(std::back_inserter(text_), "{}{}{}{} {:.17g}\n", name_, labels.empty() ? "" : "{", labels,
                   labels.empty() ? "" : "}", value);
  }
  void Add(std::string_view labels, const std::optional<double>& value, double unit = 1) {
    if (value) Add(labels, *value * unit);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

std::optional<double> NumberIn(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

/// Empty when there is none.
const json::object& ObjectIn(const json::object& object, std::string_view key) {
  static const json::object kNone;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

void AddCommands(Metrics& metrics, const json::object& commands) {
  metrics.Begin("commands_total", "counter", "Commands by how they ended.");
  for (const char* result : {"answered", "refused", "waited"})
    metrics.Add(fmt::format("result=\"{}\"", result), NumberIn(commands, result));
  metrics.Begin("unknown_commands_total", "counter", "Refused because there is no such verb.");
  metrics.Add("", NumberIn(commands, "unknown"));
  metrics.Begin("verb_commands_total", "counter", "Commands by verb.");
  const json::object& verbs = ObjectIn(commands, "verbs");
  for (const auto& [verb, count] : verbs)
    metrics.Add(fmt::format("verb=\"{}\"", std::string_view(verb)), NumberIn(verbs, verb));
}

void AddLatencies(Metrics& metrics, const json::object& latencies) {
  metrics.Begin("latency_seconds", "gauge", "From the socket to the reply, since the start; right to a fifth.");
  for (const char* lane : {"quick", "slow"}) {
    for (const char* part : {"median", "p95", "p99", "most"}) {
      metrics.Add(fmt::format("lane=\"{}\",part=\"{}\"", lane, part), NumberIn(ObjectIn(latencies, lane), part), 1e-3);
    }
  }
}

void AddQueues(Metrics& metrics, const json::object& queues) {
  metrics.Begin("queued_commands", "gauge", "Commands that wait for a worker.");
  for (const char* lane : {"quick", "slow"}) metrics.Add(fmt::format("lane=\"{}\"", lane), NumberIn(queues, lane));
  metrics.Begin("waiting_clients", "gauge", "Clients that wait for news of jobs.");
  metrics.Add("", NumberIn(queues, "waiting_clients"));
}

void AddJobs(Metrics& metrics, const json::object& jobs) {
  metrics.Begin("jobs", "gauge", "Unfinished jobs by status.");
  for (const char* status : {"SCHEDULED", "STARTED", "RESTARTED"})
    metrics.Add(fmt::format("status=\"{}\"", status), NumberIn(jobs, status));
  metrics.Begin("ended_jobs_total", "counter", "Jobs that ended, by status.");
  for (const char* status : {"SUCCEEDED", "FAILED", "CANCELLED"})
    metrics.Add(fmt::format("status=\"{}\"", status), NumberIn(jobs, status));
}

void AddMachine(Metrics& metrics, const json::object& memory, const json::object& disk) {
  constexpr double kKib = 1024;
  metrics.Begin("resident_bytes", "gauge", "Memory of the server.");
  metrics.Add("", NumberIn(memory, "resident_k"), kKib);
  metrics.Begin("threads", "gauge", "Threads of the server.");
  metrics.Add("", NumberIn(memory, "threads"));
  metrics.Begin("database_bytes", "gauge", "Size of the database.");
  metrics.Add("", NumberIn(disk, "database_k"), kKib);
  metrics.Begin("free_bytes", "gauge", "Free space beside the database, for the state of jobs, and for content.");
  for (const char* place : {"database", "state", "library"})
    metrics.Add(fmt::format("place=\"{}\"", place), NumberIn(disk, fmt::format("{}_free_k", place)), kKib);
}

}  // namespace

std::string StatsForPrometheus(const json::object& stats) {
  Metrics metrics;
  metrics.Begin("info", "gauge", "The version of the server.");
  metrics.Add(fmt::format("version=\"{}\"", kVersion), 1.0);
  metrics.Begin("uptime_seconds", "gauge", "Since the start of the server.");
  metrics.Add("", NumberIn(stats, "uptime_s"));
  AddCommands(metrics, ObjectIn(stats, "commands"));
  AddLatencies(metrics, ObjectIn(stats, "latency_ms"));
  AddQueues(metrics, ObjectIn(stats, "queues"));
  AddJobs(metrics, ObjectIn(stats, "jobs"));
  AddMachine(metrics, ObjectIn(stats, "memory"), ObjectIn(stats, "disk"));
  return metrics.Take();
}

}  // namespace cmdsrv
