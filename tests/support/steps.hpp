#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/run.hpp"

/// The step program of this build, run by hand in a box.
namespace cmdsrv::test {

/// `iiab-cmdsrv-step --root ROOT ARGUMENTS`, to its end.
RunEnd RunStep(const std::string& root, std::vector<std::string> arguments, milliseconds deadline = seconds(60));

/// The same, while the system call `call` fails with `error` for whatever has `path` in its path ("": for everything).
RunEnd RunStepFailing(const std::string& call, int error, const std::string& path, const std::string& root,
                      std::vector<std::string> arguments);

/// What a round of kills is made of. The hint says where the step was killed; for failure messages.
struct KillRounds {
  std::function<void()> prepare;                             ///< the state before the step
  std::function<void(const std::string& hint)> after_kill;   ///< what holds before anybody runs it again; may be empty
  std::function<void(const std::string& hint)> after_retry;  ///< what holds in the end
};

/// Prepares, kills the step before its first call that changes the file system in a way that others can see
/// (src/steps/die_at_call.cpp), runs it again, looks; then before its second such call, and so on until it is through;
/// then the same in the middle of its writes to files, of many only of some. Returns how often it was
/// killed before a call. Exception when the step fails by itself, at first or again.
unsigned KillStepEverywhere(const std::string& root, const std::vector<std::string>& arguments,
                            const KillRounds& rounds);

}  // namespace cmdsrv::test
