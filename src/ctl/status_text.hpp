#pragma once

#include <string>

#include "base/json.hpp"

/// GET-HEALTH, GET-JOB-ACTIVE-SUM and LIST-COMMANDS as text. Pure. What is missing or of another type is left out.
namespace cmdsrv::ctl {

/// "good", "loading", "degraded", "broken"; "unknown" when the reply does not say.
std::string HealthState(const json::value& health);

/// "1.2.0, up 3d 04:05".
std::string VersionText(const json::value& health);

/// The parts that are not good, or all of them: one line each with the advice; empty when there is none.
std::string HealthTable(const json::value& health, bool all, std::size_t width, bool colors);

/// "2 running (1 of them started again), ansible runs", "none running".
std::string ActiveText(const json::value& summary);

/// One line a verb.
std::string CommandTable(const json::array& commands, std::size_t width);

/// Everything about one verb.
std::string CommandDetail(const json::object& command, std::size_t width);

}  // namespace cmdsrv::ctl
