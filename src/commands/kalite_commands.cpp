#include <algorithm>

#include "commands/handlers.hpp"
#include "content/kalite.hpp"

namespace cmdsrv {

Result<Outcome> InstallKalite(const Arguments& arguments, Services&) {
  const std::string language(*arguments.Text("lang_code"));
  if (!IsKaliteLanguage(language)) return Fail(ErrorCode::Malformed, "lang_code is none that KA Lite has packs for");
  const std::vector<std::string> topics = arguments.TextList("topics");
  if (topics.empty() || !std::ranges::all_of(topics, IsKaliteTopic))
    return Fail(ErrorCode::Malformed, "topics is empty, or one of them is no path of a topic");
  std::vector<std::string> videos{"kalite-videos", "--", language};
  videos.insert(videos.end(), topics.begin(), topics.end());
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep({"kalite-language", "--", language}, {"kalite"}));
  plan.steps.push_back(PlanOwnStep(std::move(videos), {"kalite"}));
  plan.steps.back().after = 0;
  for (StepPlan& step : plan.steps) step.retry = RetryPolicy::Temporary;
  plan.service =
      arguments.Service("service_required").value_or(std::pair<std::string, std::string>("kalite", "active"));
  return plan;
}

}  // namespace cmdsrv
