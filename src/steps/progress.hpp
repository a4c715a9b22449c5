#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace cmdsrv {

/// Lines that the Minder reads: "@progress phase=download bytes=1 total=2 rate=3 eta=4", at most one a second; unknown
/// numbers are left out. rate in bytes a second, eta in seconds.
class Progress {
 public:
  explicit Progress(std::string_view phase, std::uint64_t total = 0) : phase_(phase), total_(total) {}

  void SetTotal(std::uint64_t total) { total_ = total; }
  void Report(std::uint64_t bytes);
  /// The last line of the phase, even if the second is not over.
  void Finish(std::uint64_t bytes);

 private:
  using Steady = std::chrono::steady_clock;
  void Print(std::uint64_t bytes) const;
  void Measure(std::uint64_t bytes, Steady::time_point now);

  std::string_view phase_;
  std::uint64_t total_;
  std::uint64_t last_bytes_ = 0;
  double rate_ = 0;
  Steady::time_point last_{};
  bool begun_ = false;
};

}  // namespace cmdsrv
