#include "commands/host_programs.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"

namespace cmdsrv {

using std::chrono::milliseconds;

Result<RunOutcome> HostPrograms::Run(std::vector<std::string> argv, milliseconds deadline,
                                     std::string_view input) const {
  auto program = root_.FindActingProgram(argv.front());
  if (!program) return Failure(std::move(program.error()));
  argv.front() = std::move(*program);
  RunOptions options;
  options.deadline = deadline;
  options.environment = ChildEnvironment(root_);
  options.directory = settings_.cmdsrv_dir;
  options.input = input;
  options.output_limit = 1U << 20U;
  options.cancel_fd = stop_fd_;
  return RunProgram(argv, options);
}

bool HostPrograms::Succeeds(std::vector<std::string> argv, milliseconds deadline) const {
  const std::string name = argv.size() > 1 ? argv[0] + " " + argv[1] : argv[0];
  const auto outcome = Run(std::move(argv), deadline);
  if (outcome && outcome->exited && outcome->status == 0) return true;
  if (!outcome) {
    log::Warning({"commands"}, "cannot run {}: {}", name, outcome.error().message);
  } else {
    log::Warning({"commands"}, "{} failed ({}): {}", name, Describe(*outcome),
                 Shorten(Trim(outcome->errors.empty() ? outcome->output : outcome->errors), 500));
  }
  return false;
}

milliseconds HandlerDeadline::Left(milliseconds most) const {
  const auto left = std::chrono::ceil<milliseconds>(end_ - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(1000), std::max(most, milliseconds(1000)));
}

}  // namespace cmdsrv
