#include <cmath>

#include "base/version.hpp"
#include "commands/handlers.hpp"

namespace cmdsrv {

Result<Outcome> Test(const Arguments&, Services&) {
  return Answer(json::value(json::object{{"TEST", json::array{"outcome : success", ""}}}));
}

Result<Outcome> TestJob(const Arguments& arguments, Services&) {
  const auto steps = arguments.NumberList("steps");
  if (steps.empty()) return Fail(ErrorCode::Malformed, "argument steps is empty");
  JobPlan plan;
  for (const double seconds : steps) {
    if (seconds < 0 && seconds != std::trunc(seconds)) {
      return Fail(ErrorCode::Malformed, "argument steps: a negative step is a whole exit status, -1 to -125");
    }
    StepPlan step = PlanOwnStep({"test-job", fmt::format("{}", seconds)}, {});
    if (!plan.steps.empty()) step.after = plan.steps.size() - 1;
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

Result<Outcome> Wget(const Arguments&, Services&) { return Answer(Sentence{"WGET done."}); }

Result<Outcome> GetAdmConf(const Arguments&, Services& services) { return Answer(services.adm_conf); }

Result<Outcome> ListCommands(const Arguments&, Services&) {
  static const ReadyJson reply = std::make_shared<const std::string>(PrintJson(DescribeCommands()));
  return Answer(reply);
}

Result<Outcome> GetHealth(const Arguments&, Services& services) {
  json::object reply = services.health.Describe();
  reply["version"] = kVersion;
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(services.clock.Steady() - services.started);
  reply["uptime_s"] = uptime.count();
  return Answer(json::value(std::move(reply)));
}

}  // namespace cmdsrv
