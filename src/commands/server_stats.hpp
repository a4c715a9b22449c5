#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "commands/table.hpp"

namespace cmdsrv {

/// How long things took, in classes of which each is a fifth wider than the one before, from 1 µs to an hour. Any
/// thread.
class Durations {
 public:
  void Add(std::chrono::nanoseconds duration);
  /// {"count", "median", "p95", "p99", "most"} in milliseconds; a part is the upper end of its class.
  json::object Describe() const;

 private:
  static constexpr std::size_t kClasses = 122;
  static constexpr double kStep = 1.2;
  static std::size_t ClassOf(double micros);
  double Part(double part, std::uint64_t count) const;

  std::array<std::atomic<std::uint32_t>, kClasses> counts_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> most_us_{0};
};

/// What the server counts since its start, for GET-STATS. Any thread; counting takes a few nanoseconds.
class ServerStats {
 public:
  enum class End { Answered, Refused, Waits };

  ServerStats();

  /// `row` is null for what is no Command. The time is that from the socket to the reply.
  void Note(const CommandRowInfo* row, End end, std::chrono::nanoseconds took);

  /// Who waits where at the moment; told by the server, which owns the queues.
  struct Queues {
    std::size_t quick = 0;
    std::size_t slow = 0;
  };
  std::function<Queues()> queues;               ///< set before the first Command
  std::atomic<std::size_t> waiting_clients{0};  ///< in WAIT-EVENTS

  /// {"commands", "latency_ms", "queues"}
  json::object Describe() const;

 private:
  std::unique_ptr<std::atomic<std::uint64_t>[]> verbs_;  ///< beside the rows of AllCommands
  std::atomic<std::uint64_t> unknown_{0};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> waits_{0};
  Durations quick_;
  Durations slow_;
};

}  // namespace cmdsrv
