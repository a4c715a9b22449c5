#include <time.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "steps/say.hpp"
#include "steps/step.hpp"

namespace cmdsrv {
namespace {

constexpr double kLongest = 366.0 * 24 * 3600;

Result<double> ReadSeconds(const std::string& text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(seconds) || seconds > kLongest)
    return Fail(ErrorCode::Malformed, "\"{}\" is no number of seconds", text);
  return seconds;
}

void SleepFor(double seconds) {
  timespec left{static_cast<time_t>(seconds), static_cast<long>(std::fmod(seconds, 1.0) * 1e9)};
  while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) continue;
}

}  // namespace

StepEnd TestJob(const Context&, std::span<const std::string> arguments) {
  if (arguments.size() != 1) return Fail(ErrorCode::Malformed, "the number of seconds is missing");
  const auto seconds = ReadSeconds(arguments[0]);
  if (!seconds) return Failure(seconds.error());
  if (*seconds < 0) {
    const int status = static_cast<int>(std::fmod(-*seconds, 256.0));
    Say("ending with exit status {}, as asked", status);
    std::exit(status);
  }
  SleepFor(*seconds);
  return fmt::format("slept {} s", *seconds);
}

}  // namespace cmdsrv
