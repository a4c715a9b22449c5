#include "commands/services.hpp"

#include "base/text.hpp"

namespace cmdsrv {

ReadyJson RenderAdmConf(const Settings& settings) {
  json::object reply = settings.as_sent;
  reply["osm_version"] = "V3";
  return std::make_shared<const std::string>(PrintJson(reply));
}

Result<RunOutcome> RunForHandler(const Services& services, const std::vector<std::string>& argv,
                                 std::chrono::milliseconds deadline) {
  RunOptions options;
  options.deadline = deadline;
  options.environment = ChildEnvironment(services.root);
  options.directory = services.settings.cmdsrv_dir;
  options.cancel_fd = services.stop_fd;
  return RunProgram(argv, options);
}

bool Succeeded(const Result<RunOutcome>& outcome) { return outcome && outcome->exited && outcome->status == 0; }

std::string WhyNot(const Result<RunOutcome>& outcome) {
  if (!outcome) return outcome.error().message;
  return fmt::format("{}: {}{}", Describe(*outcome), outcome->output, outcome->errors);
}

std::vector<std::string> OwnStep(std::vector<std::string> name_and_arguments) {
  name_and_arguments.insert(name_and_arguments.begin(), Root::OwnProgram("iiab-cmdsrv-step"));
  return name_and_arguments;
}

StepPlan PlanOwnStep(std::vector<std::string> name_and_arguments, std::vector<std::string> locks) {
  StepPlan step;
  step.display = MaskUrlCredentials("iiab-cmdsrv-step " + QuoteForDisplay(name_and_arguments));
  step.argv = OwnStep(std::move(name_and_arguments));
  step.locks = std::move(locks);
  return step;
}

}  // namespace cmdsrv
