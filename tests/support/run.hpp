#pragma once

#include <string>
#include <vector>

#include "support/wait.hpp"

namespace cmdsrv::test {

struct RunEnd {
  int status = -1;     ///< exit status; 128 + signal when killed; -1 when it could not be started or was too slow
  std::string output;  ///< standard output and error together
};

/// Runs a real program (looked for in PATH) with these arguments to its end, killed at the deadline. Not the product's
/// own runner, so that a mistake there cannot hide itself.
RunEnd RunTool(const std::vector<std::string>& arguments, milliseconds deadline = seconds(30));

/// Entries of an environment, for `env` or a program that is started: the system call `call` fails with `error` for
/// whatever has `path` in its path ("": for everything; "x$": for what ends so). Which calls there are:
/// failing_call.cpp.
std::vector<std::string> FailingCall(const std::string& call, int error, const std::string& path = {});

}  // namespace cmdsrv::test
