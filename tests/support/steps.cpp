#include "support/steps.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <stdexcept>

#include "support/daemon.hpp"

namespace cmdsrv::test {
namespace {

constexpr unsigned kMostCalls = 500;  ///< a step that makes more of them is not for this kind of test

std::vector<std::string> StepCall(const std::string& root, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {BuiltProgram("libexec/iiab-cmdsrv-step"), "--root", root});
  return arguments;
}

}  // namespace

RunEnd RunStep(const std::string& root, std::vector<std::string> arguments, milliseconds deadline) {
  return RunTool(StepCall(root, std::move(arguments)), deadline);
}

RunEnd RunStepKilledAt(unsigned at, const std::string& root, std::vector<std::string> arguments) {
  std::vector<std::string> all = StepCall(root, std::move(arguments));
  all.insert(all.begin(),
             {"env", "LD_PRELOAD=" + BuiltProgram("tests/die-at-call.so"), fmt::format("DIE_AT_CALL={}", at)});
  return RunTool(all, seconds(60));
}

unsigned KillStepEverywhere(const std::string& root, const std::vector<std::string>& arguments,
                            const KillRounds& rounds) {
  for (unsigned at = 1; at < kMostCalls; ++at) {
    const std::string hint = fmt::format("killed before call {} of {}", at, fmt::join(arguments, " "));
    rounds.prepare();
    const RunEnd killed = RunStepKilledAt(at, root, arguments);
    if (killed.status == 0) return at - 1;
    if (killed.status != 128 + SIGKILL) throw std::runtime_error(hint + ": it failed by itself: " + killed.output);
    if (rounds.after_kill) rounds.after_kill(hint);
    const RunEnd again = RunStep(root, arguments);
    if (again.status != 0) throw std::runtime_error(hint + ": it failed when it was run again: " + again.output);
    rounds.after_retry(hint);
  }
  throw std::runtime_error(fmt::format("{} makes more than {} calls", fmt::join(arguments, " "), kMostCalls));
}

}  // namespace cmdsrv::test
