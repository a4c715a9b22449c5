#pragma once

#include <chrono>

namespace cmdsrv {

using WallTime = std::chrono::system_clock::time_point;    ///< for people and rows; may jump by years on a Raspberry Pi
using SteadyTime = std::chrono::steady_clock::time_point;  ///< for every timer and every duration

/// Where time comes from, so that rules about time are tested without waiting. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Wall() const { return std::chrono::system_clock::now(); }
  virtual SteadyTime Steady() const { return std::chrono::steady_clock::now(); }
};

/// A clock that stands still until it is told otherwise. For tests.
class ManualClock final : public Clock {
 public:
  WallTime wall{std::chrono::seconds{1'777'777'777}};
  SteadyTime steady{std::chrono::seconds{1000}};

  WallTime Wall() const override { return wall; }
  SteadyTime Steady() const override { return steady; }
  void Advance(std::chrono::nanoseconds by) {
    wall += std::chrono::duration_cast<WallTime::duration>(by);
    steady += std::chrono::duration_cast<SteadyTime::duration>(by);
  }
};

}  // namespace cmdsrv
