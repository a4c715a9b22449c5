#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/run.hpp"

/// The step program of this build, run by hand in a box.
namespace cmdsrv::test {

/// `iiab-cmdsrv-step --root ROOT ARGUMENTS`, to its end.
RunEnd RunStep(const std::string& root, std::vector<std::string> arguments, milliseconds deadline = seconds(60));

/// The same, but killed just before the `at`-th call (from 1) that changes the file system in a way that others can
/// see (src/steps/die_at_call.cpp). It ends by itself when it makes fewer of them.
RunEnd RunStepKilledAt(unsigned at, const std::string& root, std::vector<std::string> arguments);

/// What a round of kills is made of. The hint says where the step was killed; for failure messages.
struct KillRounds {
  std::function<void()> prepare;                             ///< the state before the step
  std::function<void(const std::string& hint)> after_kill;   ///< what holds before anybody runs it again; may be empty
  std::function<void(const std::string& hint)> after_retry;  ///< what holds in the end
};

/// Prepares, kills the step before its first such call, runs it again, looks; then before its second call, and so on
/// until it is through. Returns how often it was killed. Exception when the step fails by itself, at first or again.
unsigned KillStepEverywhere(const std::string& root, const std::vector<std::string>& arguments,
                            const KillRounds& rounds);

}  // namespace cmdsrv::test
