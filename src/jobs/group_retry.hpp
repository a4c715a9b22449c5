#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "jobs/job_plan.hpp"
#include "store/rows.hpp"

namespace cmdsrv {

struct GroupRetry {
  JobPlan plan;
  std::string canonical;  ///< of the Command
};

/// The steps of an ended group that did not succeed, as a plan of their own. What depended on a step that succeeded
/// depends on nothing any more. `group` by id ascending. Pure. Errors: Stated with the sentence why there is nothing to
/// retry.
Result<GroupRetry> PlanGroupRetry(std::span<const JobRow> group);

}  // namespace cmdsrv
