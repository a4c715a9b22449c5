#include "support/steps.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <stdexcept>

#include "support/daemon.hpp"

namespace cmdsrv::test {
namespace {

constexpr unsigned kEveryWrite = 12;
constexpr unsigned kMostCalls = 500;  ///< a step that makes more of them is not for this kind of test

std::vector<std::string> StepCall(const std::string& root, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {BuiltProgram("libexec/iiab-cmdsrv-step"), "--root", root});
  return arguments;
}

}  // namespace

RunEnd RunStep(const std::string& root, std::vector<std::string> arguments, milliseconds deadline) {
  return RunTool(StepCall(root, std::move(arguments)), deadline);
}

namespace {

enum class KillAt { Call, Write };

/// It ends by itself when there are fewer of them.
RunEnd RunStepKilledAt(KillAt kind, unsigned at, const std::string& root, std::vector<std::string> arguments) {
  const char* variable = kind == KillAt::Call ? "DIE_AT_CALL" : "DIE_AT_WRITE";
  std::vector<std::string> all = StepCall(root, std::move(arguments));
  all.insert(all.begin(),
             {"env", "LD_PRELOAD=" + BuiltProgram("tests/die-at-call.so"), fmt::format("{}={}", variable, at)});
  return RunTool(all, seconds(60));
}

/// False when the step came through.
bool KillStepOnce(KillAt kind, unsigned at, const std::string& root, const std::vector<std::string>& arguments,
                  const KillRounds& rounds) {
  const std::string hint = fmt::format("killed {} {} of {}", kind == KillAt::Call ? "before call" : "in write", at,
                                       fmt::join(arguments, " "));
  rounds.prepare();
  const RunEnd killed = RunStepKilledAt(kind, at, root, arguments);
  if (killed.status == 0) return false;
  if (killed.status != 128 + SIGKILL) throw std::runtime_error(hint + ": it failed by itself: " + killed.output);
  if (rounds.after_kill) rounds.after_kill(hint);
  const RunEnd again = RunStep(root, arguments);
  if (again.status != 0) throw std::runtime_error(hint + ": it failed when it was run again: " + again.output);
  rounds.after_retry(hint);
  return true;
}

}  // namespace

RunEnd RunStepFailing(const std::string& call, int error, const std::string& path, const std::string& root,
                      std::vector<std::string> arguments) {
  std::vector<std::string> all = StepCall(root, std::move(arguments));
  const auto environment = FailingCall(call, error, path);
  all.insert(all.begin(), environment.begin(), environment.end());
  all.insert(all.begin(), "env");
  return RunTool(all, seconds(60));
}

unsigned KillStepEverywhere(const std::string& root, const std::vector<std::string>& arguments,
                            const KillRounds& rounds) {
  unsigned calls = 1;
  while (KillStepOnce(KillAt::Call, calls, root, arguments, rounds)) {
    if (++calls > kMostCalls)
      throw std::runtime_error(fmt::format("{} makes more than {} calls", fmt::join(arguments, " "), kMostCalls));
  }
  // From some on the distances grow: a step that unpacks an archive makes thousands of writes.
  for (unsigned at = 1; KillStepOnce(KillAt::Write, at, root, arguments, rounds);) at += at < kEveryWrite ? 1 : at / 2;
  return calls - 1;
}

}  // namespace cmdsrv::test
