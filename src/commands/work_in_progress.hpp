#pragma once

#include <vector>

#include "base/json.hpp"
#include "jobs/job_board.hpp"

namespace cmdsrv {

/// The table WIP of GET-ZIM-STAT (spec jobs 8), derived from the unfinished Commands and from nothing else, so that it is
/// right after every restart. Commands whose text cannot be read are left out.
json::object ZimsInProgress(const std::vector<UnfinishedCommand>& unfinished);

}  // namespace cmdsrv
