#pragma once

#include <string_view>

#include "base/result.hpp"

namespace cmdsrv {

/// What a STOP wants.
struct StopRequest {
  bool end_jobs = false;  ///< STOP {"jobs": "end"}; otherwise running jobs go on and are adopted by the next start
};

/// True for the verb STOP, with or without arguments; everything else goes the way of all Commands.
bool IsStop(std::string_view text);

/// Malformed for any other argument than {"jobs": "end"}.
Result<StopRequest> ParseStop(std::string_view text);

}  // namespace cmdsrv
