#include "commands/server_stats.hpp"

#include <algorithm>
#include <cmath>

namespace cmdsrv {

std::size_t Durations::ClassOf(double micros) {
  if (!(micros > 1)) return 0;
  return std::min(kClasses - 1, static_cast<std::size_t>(std::ceil(std::log(micros) / std::log(kStep))));
}

void Durations::Add(std::chrono::nanoseconds duration) {
  const double micros = std::max(0.0, static_cast<double>(duration.count()) / 1000);
  counts_[ClassOf(micros)].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  const auto whole = static_cast<std::uint64_t>(micros);
  std::uint64_t most = most_us_.load(std::memory_order_relaxed);
  while (whole > most && !most_us_.compare_exchange_weak(most, whole, std::memory_order_relaxed)) continue;
}

double Durations::Part(double part, std::uint64_t count) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kClasses; ++i) {
    seen += counts_[i].load(std::memory_order_relaxed);
    if (seen >= wanted) return std::round(std::pow(kStep, static_cast<double>(i))) / 1000;
  }
  return static_cast<double>(most_us_.load(std::memory_order_relaxed)) / 1000;
}

json::object Durations::Describe() const {
  const std::uint64_t count = count_.load(std::memory_order_relaxed);
  if (count == 0) return {{"count", 0}, {"median", nullptr}, {"p95", nullptr}, {"p99", nullptr}, {"most", nullptr}};
  return {{"count", count},
          {"median", Part(0.5, count)},
          {"p95", Part(0.95, count)},
          {"p99", Part(0.99, count)},
          {"most", static_cast<double>(most_us_.load(std::memory_order_relaxed)) / 1000}};
}

ServerStats::ServerStats() : verbs_(std::make_unique<std::atomic<std::uint64_t>[]>(AllCommands().size())) {}

void ServerStats::Note(const CommandRowInfo* row, End end, std::chrono::nanoseconds took) {
  const auto rows = AllCommands();
  const bool known = row >= rows.data() && row < rows.data() + rows.size();
  if (known) verbs_[static_cast<std::size_t>(row - rows.data())].fetch_add(1, std::memory_order_relaxed);
  if (row == nullptr) unknown_.fetch_add(1, std::memory_order_relaxed);
  auto& ends = end == End::Answered ? answered_ : end == End::Refused ? refused_ : waits_;
  ends.fetch_add(1, std::memory_order_relaxed);
  (row != nullptr && !IsQuick(row->lane) ? slow_ : quick_).Add(took);
}

json::object ServerStats::Describe() const {
  json::object verbs;
  const auto rows = AllCommands();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const std::uint64_t count = verbs_[i].load(std::memory_order_relaxed)) verbs[rows[i].verb] = count;
  }
  const Queues waiting = queues ? queues() : Queues{};
  return {
      {"commands", json::object{{"answered", answered_.load()},
                                {"refused", refused_.load()},
                                {"waited", waits_.load()},
                                {"unknown", unknown_.load()},
                                {"verbs", std::move(verbs)}}},
      {"latency_ms", json::object{{"quick", quick_.Describe()}, {"slow", slow_.Describe()}}},
      {"queues",
       json::object{{"quick", waiting.quick}, {"slow", waiting.slow}, {"waiting_clients", waiting_clients.load()}}}};
}

}  // namespace cmdsrv
