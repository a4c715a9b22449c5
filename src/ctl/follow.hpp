#pragma once

#include <cstdint>
#include <vector>

#include "ctl/session.hpp"

namespace cmdsrv::ctl {

enum class Until {
  Succeeded,  ///< status 0 when every job SUCCEEDED, otherwise 1
  Ended,      ///< status 0 when every job has ended, however (after a cancel)
};

/// Shows the groups (the Commands) that the jobs `ids` belong to until none of their jobs is left to run, and prints
/// why steps failed. Status: see Until; 4 when --timeout passed; 3 when the server was away for 30 s, because jobs
/// outlive it and a restart is no reason to give up.
int FollowJobs(Session& session, const std::vector<std::int64_t>& ids, Until until);

}  // namespace cmdsrv::ctl
