#include "steps/progress.hpp"

#include <algorithm>
#include <string>

#include "steps/say.hpp"

namespace cmdsrv {
namespace {

/// How much the last second counts: a line that comes in bursts still shows a steady rate.
constexpr double kWeight = 0.25;

}  // namespace

void Progress::Report(std::uint64_t bytes) {
  const auto now = Steady::now();
  if (begun_ && now - last_ < std::chrono::milliseconds(950)) return;
  Measure(bytes, now);
  Print(bytes);
}

void Progress::Finish(std::uint64_t bytes) {
  if (begun_ && bytes == last_bytes_) return;
  Measure(bytes, Steady::now());
  Print(bytes);
}

void Progress::Measure(std::uint64_t bytes, Steady::time_point now) {
  if (begun_) {
    const double seconds = std::max(std::chrono::duration<double>(now - last_).count(), 1e-3);
    const double rate = bytes > last_bytes_ ? static_cast<double>(bytes - last_bytes_) / seconds : 0.0;
    rate_ = rate_ > 0 ? rate_ + kWeight * (rate - rate_) : rate;
  }
  begun_ = true;
  last_bytes_ = bytes;
  last_ = now;
}

void Progress::Print(std::uint64_t bytes) const {
  std::string line = fmt::format("@progress phase={} bytes={}", phase_, bytes);
  if (total_ > 0) line += fmt::format(" total={}", total_);
  if (rate_ >= 1) line += fmt::format(" rate={:.0f}", rate_);
  if (rate_ >= 1 && total_ >= bytes) line += fmt::format(" eta={:.0f}", static_cast<double>(total_ - bytes) / rate_);
  SayLine(line);
}

}  // namespace cmdsrv
