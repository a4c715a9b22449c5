#pragma once

#include <sys/types.h>

#include "base/run_record.hpp"
#include "shim/arguments.hpp"

namespace cmdsrv::shim {

/// What a child that could not become the step writes into the report pipe.
struct StartFailure {
  StartStage stage;
  int error_number;
};

struct Step {
  pid_t pid = 0;
  int output = -1;  ///< read end of what the step prints, non-blocking
  int report = -1;  ///< read end, non-blocking: a StartFailure, or the end of file once the step runs
};

/// Forks the step into its own process group. On failure `failure` says why and nothing was started.
bool StartStep(const Arguments& arguments, Step& step, StartFailure& failure);

}  // namespace cmdsrv::shim
