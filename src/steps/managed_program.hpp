#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

struct ManagedProgram {
  std::string_view shown;       ///< "kolibri manage importchannel"
  std::string directory = "/";  ///< where it runs
  std::string grows = {};  ///< the directory that gets the bytes; NoSpace when they would take what jobs leave free
                           ///< on the system's disk; empty: any
  ErrorCode failure = ErrorCode::Io;  ///< of a program that fails; TryLater for one that needs the network and does not
                                      ///< say why it failed
};

/// Runs a program to its end; its lines become the step's. When it fails: `failure` with its last line. Ended by a
/// signal, the step ends as well.
Result<void> RunManaged(const Context& context, const std::vector<std::string>& argv, const ManagedProgram& program);

}  // namespace cmdsrv
