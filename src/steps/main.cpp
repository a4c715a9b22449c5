// iiab-cmdsrv-step: every job step and utility in one program that starts in about a millisecond.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/step_exit.hpp"
#include "steps/say.hpp"
#include "steps/step.hpp"

namespace {

using namespace cmdsrv;

void PrintUsage(std::FILE* out) {
  fmt::print(out, "usage: iiab-cmdsrv-step [--root DIR] NAME ARGUMENTS\n\n");
  for (const Step& step : Steps()) fmt::print(out, "  {} {}\n      {}\n", step.name, step.usage, step.summary);
}

/// The old names under which a package links to this program.
void PrintLinks() {
  for (const Step& step : Steps())
    if (!step.link_name.empty()) fmt::print("{}\n", step.link_name);
}

/// Takes `--root DIR` and `--root=DIR` out of the arguments, wherever they stand before `--`.
Result<std::string> TakeRoot(std::vector<std::string>& arguments) {
  std::string root;
  for (auto at = arguments.begin(); at != arguments.end() && *at != "--";) {
    if (at->starts_with("--root=")) {
      root = at->substr(7);
      at = arguments.erase(at);
    } else if (*at == "--root") {
      if (at + 1 == arguments.end()) return Fail(ErrorCode::Malformed, "the option --root needs a directory");
      root = at[1];
      at = arguments.erase(at, at + 2);
    } else {
      ++at;
    }
  }
  return root;
}

/// The step of the link's name, else of the first argument, which is taken away.
const Step* ChooseStep(std::string_view program, std::vector<std::string>& arguments) {
  if (const Step* step = FindStepByLink(program.substr(program.rfind('/') + 1))) {
    if (!step->link_option.empty()) arguments.emplace(arguments.begin(), step->link_option);
    return step;
  }
  if (arguments.empty()) return nullptr;
  const Step* step = FindStep(arguments.front());
  if (step != nullptr) arguments.erase(arguments.begin());
  return step;
}

int StatusOf(const Step& step, const Error& error) {
  SayLine(error.message);
  if (step.status_of != nullptr) return step.status_of(error.code);
  switch (error.code) {
    case ErrorCode::Malformed: fmt::print(stderr, "usage: {} {}\n", step.name, step.usage); return StepExit::kUsage;
    case ErrorCode::Stated: return StepExit::kNothingDone;
    case ErrorCode::Busy: return StepExit::kBusy;
    case ErrorCode::NoNetwork: return StepExit::kNoNetwork;
    case ErrorCode::TryLater: return StepExit::kTryLater;
    default: return StepExit::kFailed;
  }
}

int Run(const Step& step, const std::string& root, const std::vector<std::string>& arguments) {
  const auto context = step.needs == Needs::Settings ? MakeContext(root) : Result<Context>(Context{});
  if (!context) {
    SayLine(context.error().message);
    return StepExit::kFailed;
  }
  const StepEnd end = step.run(*context, arguments);
  if (!end) return StatusOf(step, end.error());
  if (!end->empty()) SayLine(*end);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const auto root = TakeRoot(arguments);
  const Step* step = ChooseStep(argc > 0 ? argv[0] : "", arguments);
  const bool asks = !arguments.empty() && (arguments.back() == "--help" || arguments.back() == "-h") &&
                    std::ranges::find(arguments, "--") == arguments.end();
  if (asks && step != nullptr) {
    fmt::print("usage: {} {}\n{}\n", step->name, step->usage, step->summary);
    return 0;
  }
  if (asks) {
    PrintUsage(stdout);
    return 0;
  }
  if (step == nullptr && arguments == std::vector<std::string>{"--links"}) {
    PrintLinks();
    return 0;
  }
  if (!root || step == nullptr) {
    if (!root) fmt::print(stderr, "{}\n", root.error().message);
    if (root && !arguments.empty()) fmt::print(stderr, "there is no step \"{}\"\n", arguments[0]);
    PrintUsage(stderr);
    return StepExit::kUsage;
  }
  return Run(*step, *root, arguments);
}
