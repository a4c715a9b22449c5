#include "base/names.hpp"
#include "commands/handlers.hpp"

namespace cmdsrv {
namespace {

/// `import-kolibri CHANNEL [--node NODE]`, or Malformed.
Result<std::vector<std::string>> StepOf(const json::value& channel) {
  const json::object* fields = channel.if_object();
  const std::string_view id = fields != nullptr ? TextMember(*fields, "channel_id") : std::string_view();
  if (!IsHex32(id)) return Fail(ErrorCode::Malformed, "channels: a channel_id is no 32 hexadecimal digits");
  std::vector<std::string> step{"import-kolibri", std::string(id)};
  const json::value* node = fields->if_contains("node_id");
  if (node == nullptr || node->is_null()) return step;
  if (!node->is_string() || !IsHex32(node->get_string()))
    return Fail(ErrorCode::Malformed, "channels: a node_id is no 32 hexadecimal digits");
  step.insert(step.end(), {"--node", std::string(node->get_string())});
  return step;
}

}  // namespace

Result<Outcome> InstallKolibri(const Arguments& arguments, Services&) {
  const json::array& channels = *arguments.List("channels");
  if (channels.empty()) return Fail(ErrorCode::Malformed, "channels is empty");
  JobPlan plan;
  for (const json::value& channel : channels) {
    auto step = StepOf(channel);
    if (!step) return tl::unexpected(std::move(step.error()));
    plan.steps.push_back(PlanOwnStep(*std::move(step), {"kolibri"}));
    plan.steps.back().retry = RetryPolicy::Temporary;
  }
  plan.service =
      arguments.Service("service_required").value_or(std::pair<std::string, std::string>("kolibri", "active"));
  return plan;
}

}  // namespace cmdsrv
