#include "base/log.hpp"
#include "commands/handlers.hpp"

namespace cmdsrv {

Result<Outcome> GetRolesStat(const Arguments&, Services& services) {
  const auto statuses = services.box.roles.Look({}, services.stop_fd);
  if (!statuses.trouble.empty()) {
    log::Warning({"commands"}, "{}", statuses.trouble);
    return Fail(ErrorCode::Refused, "Unable to read Roles Status");
  }
  json::object reply;
  for (const auto& [role, status] : statuses.of) {
    reply[role] = json::object{{"installed", status.installed}, {"enabled", status.enabled}, {"active", status.active}};
  }
  return Answer(json::value(std::move(reply)));
}

}  // namespace cmdsrv
