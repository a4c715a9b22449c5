#include "support/box/control.hpp"

#include "base/text.hpp"
#include "support/box/session.hpp"

namespace cmdsrv::test {
namespace {

ControlReply Good(const json::value& value) { return {200, PrintJson(value) + "\n"}; }
ControlReply Bad(const std::string& message) { return {400, PrintJson(json::object{{"error", message}}) + "\n"}; }

int IdOf(const json::object& object) {
  const json::value* id = object.if_contains("id");
  if (id == nullptr) return 0;
  if (id->is_int64()) return static_cast<int>(id->get_int64());
  return id->is_string() ? static_cast<int>(ToInteger(id->get_string()).value_or(0)) : 0;
}

ControlReply Act(const json::object& order, const ServerParts& parts) {
  const std::string_view action = TextMember(order, "action", "set");
  if (action == "clear") {
    const int id = IdOf(order);
    if (id != 0 && !parts.rules.Remove(id)) return Bad(fmt::format("there is no rule {}", id));
    if (id == 0) parts.rules.Clear();
  } else if (action == "release") {
    parts.stalls.ReleaseAll();
  } else if (action == "reset_stats") {
    parts.traffic.Reset();
  } else if (action == "set") {
    const auto rule = ParseMisbehaviour(order);
    return rule ? Good(json::object{{"id", parts.rules.Add(*rule)}}) : Bad(rule.error().message);
  } else {
    return Bad(fmt::format("action '{}' is not known", action));
  }
  return Good(json::object{{"done", action}});
}

}  // namespace

ControlReply Control(const HttpRequest& request, const ServerParts& parts) {
  if (request.path == "/control/stats") {
    return Good(json::object{{"paths", parts.traffic.Describe()}, {"stalled", parts.stalls.Count()}});
  }
  if (request.path != "/control") return {404, "{}\n"};
  if (request.method == "POST") {
    const auto order = ParseJson(request.body);
    if (!order || !order->is_object()) return Bad("the body must be a JSON object");
    return Act(order->get_object(), parts);
  }
  if (request.query.empty()) return Good(json::object{{"rules", parts.rules.Describe()}});
  return Act(ParseQuery(request.query), parts);
}

}  // namespace cmdsrv::test
