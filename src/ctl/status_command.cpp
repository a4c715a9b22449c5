#include <fmt/format.h>

#include "ctl/shown_text.hpp"
#include "ctl/status_text.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {

int ShowStatus(Session& session) {
  auto health = AskServer(session, "GET-HEALTH");
  if (!health) return Complain(session, health.error());
  auto active = AskServer(session, "GET-JOB-ACTIVE-SUM");
  if (!active) return Complain(session, active.error());
  if (session.options.json) {
    PrintRaw(session, health->raw);
    PrintRaw(session, active->raw);
    return kDone;
  }
  const long long pid = ReadPid(session.files.pid);
  Screen& screen = session.screen;
  screen.Out(fmt::format("server   ready{}\n", pid > 0 ? fmt::format(", pid {}", pid) : ""));
  screen.Out("version  " + VersionText(health->value) + "\n");
  screen.Out("jobs     " + ActiveText(active->value) + "\n");
  screen.Out("health   " + HealthState(health->value) + "\n");
  const std::size_t width = TableWidth(screen);
  const std::string parts = HealthTable(health->value, false, width > 2 ? width - 2 : 0, screen.Colors());
  if (!parts.empty()) screen.Out(Indent(parts, "  "));
  return kDone;
}

int ShowHealth(Session& session) {
  auto health = AskServer(session, "GET-HEALTH");
  if (!health) return Complain(session, health.error());
  const std::string state = HealthState(health->value);
  if (session.options.json) {
    PrintRaw(session, health->raw);
  } else {
    session.screen.Out(fmt::format("{} ({})\n", state, VersionText(health->value)));
    session.screen.Out(HealthTable(health->value, true, TableWidth(session.screen), session.screen.Colors()));
  }
  if (session.options.strict) return state == "good" ? kDone : kRefused;
  return state == "broken" || state == "unknown" ? kRefused : kDone;
}

}  // namespace cmdsrv::ctl
