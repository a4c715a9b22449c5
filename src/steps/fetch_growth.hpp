#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "steps/fetch_part.hpp"
#include "steps/fetch_program.hpp"
#include "steps/progress.hpp"

namespace cmdsrv {

/// Watches the bytes of one run. Only new ones count as life: a mirror that sends the same wrong piece again and again
/// is as good as a silent one.
class Growth {
 public:
  Growth(const FetchPart& part, FetchTool tool, const FetchLines& lines, std::uint64_t total,
         std::chrono::seconds patience)
      : part_(part), tool_(tool), lines_(lines), patience_(patience), progress_("download", total) {}

  /// Once a second.
  bool GoesOn() {
    const auto now = Steady::now();
    const std::uint64_t bytes = Bytes();
    if (bytes > highest_ || lines_.IsChecking()) last_growth_ = now;
    highest_ = std::max(highest_, bytes);
    progress_.Report(highest_);
    stalled_ = now - last_growth_ >= patience_;
    return !stalled_;
  }

  std::uint64_t AtTheEnd() {
    highest_ = std::max(highest_, Bytes());
    progress_.Finish(highest_);
    return highest_;
  }

  bool Stalled() const { return stalled_; }
  /// Since the last new byte.
  std::chrono::seconds Silence() const {
    return std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - last_growth_);
  }

 private:
  using Steady = std::chrono::steady_clock;
  /// The part of aria2c has holes; it tells itself what is there.
  std::uint64_t Bytes() const { return tool_ == FetchTool::Wget ? part_.Bytes() : lines_.Bytes().value_or(0); }

  const FetchPart& part_;
  const FetchTool tool_;
  const FetchLines& lines_;
  const std::chrono::seconds patience_;
  Progress progress_;
  std::uint64_t highest_ = 0;
  Steady::time_point last_growth_ = Steady::now();
  bool stalled_ = false;
};

}  // namespace cmdsrv
