#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/handlers.hpp"

namespace cmdsrv {
namespace {

using std::chrono::seconds;

constexpr seconds kLongest{45};  // of the download; the step then tells how far it came
constexpr seconds kToTell{5};    // ... and has this long to do so
constexpr seconds kSpeedtestDeadline{55};

Answer Lines(const std::string& output) {
  json::array lines;
  const std::string clean = CleanOutput(output);
  for (const std::string_view line : Split(clean, '\n')) lines.emplace_back(line);
  return json::value(json::object{{"internet_speed", std::move(lines)}});
}

Failure Failed(const Result<RunOutcome>& outcome) {
  log::Warning({"commands"}, "cannot measure the speed: {}", WhyNot(outcome));
  return Fail(ErrorCode::Refused, "Speed test failed.");
}

}  // namespace

Result<Outcome> GetInetSpeed(const Arguments&, Services& services) {
  const seconds download = std::clamp(seconds(services.settings.handler_deadline_s) - kToTell, seconds(1), kLongest);
  const auto outcome = RunForHandler(
      services, OwnStep({"inet-speed", "--deadline", fmt::format("{}", download.count())}), download + kToTell);
  if (!Succeeded(outcome)) return Failed(outcome);
  return Lines(outcome->output);
}

Result<Outcome> GetInetSpeed2(const Arguments&, Services& services) {
  const auto outcome =
      services.network.programs.Run({"/usr/local/speedtest/bin/speedtest-cli", "--simple"}, kSpeedtestDeadline);
  if (!Succeeded(outcome)) return Failed(outcome);
  return Lines(outcome->output);
}

}  // namespace cmdsrv
