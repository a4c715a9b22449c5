#pragma once

#include <string>

#include "base/json.hpp"
#include "commands/services.hpp"

namespace cmdsrv {

/// The reply of GET-STATS. Any thread; looks at /proc and at free space.
json::object DescribeStats(Services& services);

/// The same numbers as metrics in the text format of Prometheus; names begin with iiab_cmdsrv_, units are seconds and
/// bytes. Pure: numbers that the reply does not have are left out.
std::string StatsForPrometheus(const json::object& stats);

}  // namespace cmdsrv
