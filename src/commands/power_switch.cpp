#include "commands/power_switch.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"
#include "platform/process.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::chrono::seconds kDeadline{30};

std::string_view NameOf(PowerAct act) { return act == PowerAct::Reboot ? "restart" : "power off"; }

/// The ways to do it, in the order in which they are tried.
std::vector<std::vector<std::string>> WaysTo(PowerAct act) {
  if (act == PowerAct::Reboot) return {{"systemctl", "reboot"}, {"reboot"}};
  return {{"systemctl", "poweroff"}, {"shutdown", "-P", "now"}};
}

/// Empty when it was done, else why not.
std::string Try(const Root& root, std::vector<std::string> argv) {
  const auto program = root.FindActingProgram(argv.front());
  if (!program) return program.error().message;
  argv.front() = *program;
  RunOptions options;
  options.deadline = kDeadline;
  options.environment = ChildEnvironment(root);
  const auto outcome = RunProgram(argv, options);
  if (!outcome) return outcome.error().message;
  if (outcome->exited && outcome->status == 0) return {};
  return fmt::format("{}: {}", Describe(*outcome), Shorten(Trim(outcome->errors), 300));
}

}  // namespace

PowerSwitch::PowerSwitch(const Settings& settings, const Root& root, std::chrono::milliseconds delay)
    : root_(root), dry_run_(settings.dry_run || std::getenv("CMDSRV_DRY_RUN") != nullptr), delay_(delay) {}

void PowerSwitch::Ask(PowerAct act) {
  const std::scoped_lock lock(mutex_);
  if (waiting_ != 0) {
    log::Info(kCommands, "a {} is ignored: a {} is under way", NameOf(act), NameOf(wanted_));
    return;
  }
  log::Warning(kCommands, "{} of the machine in {} ms", NameOf(act), delay_.count());
  wanted_ = act;
  waiting_ = timer_.After(delay_, [this, act] {
    Act(act);
    const std::scoped_lock again(mutex_);
    waiting_ = 0;
  });
}

void PowerSwitch::Stop() {
  PowerAct act = PowerAct::Reboot;
  TimerThread::Id waiting = 0;
  {
    const std::scoped_lock lock(mutex_);
    act = wanted_;
    waiting = waiting_;
  }
  if (waiting != 0 && timer_.Drop(waiting)) Act(act);
  timer_.Stop();
}

void PowerSwitch::Act(PowerAct act) const {
  if (dry_run_) {
    log::Warning(kCommands, "no {} of the machine, because of dry_run", NameOf(act));
    return;
  }
  for (const std::vector<std::string>& way : WaysTo(act)) {
    const std::string command = fmt::format("{}", fmt::join(way, " "));
    const std::string why_not = Try(root_, way);
    if (why_not.empty()) return;
    log::Error(kCommands, "cannot {} the machine by \"{}\": {}", NameOf(act), command, why_not);
  }
}

}  // namespace cmdsrv
