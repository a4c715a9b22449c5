#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"
#include "jobs/job_events.hpp"
#include "jobs/progress.hpp"

/// How jobs look in replies: the same words in GET-JOB-STAT and WAIT-EVENTS.
namespace cmdsrv {

/// {"code", "text"}; null when there is nothing to say.
json::value DescribeReason(const std::string& code, const std::string& sentence);

/// {"phase", "bytes", "total", "percent", "rate", "eta"}; unknown numbers are null. Null without progress.
json::value DescribeProgress(const std::optional<Progress>& progress);

/// The reply of WAIT-EVENTS: {"seq", "snapshot", "events": [...]}.
json::value DescribeChanges(const JobChanges& changes);

}  // namespace cmdsrv
