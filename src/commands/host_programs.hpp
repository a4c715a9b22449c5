#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "content/settings.hpp"
#include "platform/process.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// Programs that act on the machine (nmcli, systemctl, tailscale …). In a box only those that the box brings along are
/// run: the machine's would act on the machine. Any thread.
class HostPrograms {
 public:
  HostPrograms(const Settings& settings, const Root& root, int stop_fd)
      : settings_(settings), root_(root), stop_fd_(stop_fd) {}

  /// argv[0] is the name of the program (Unavailable when it cannot be run here), `input` its standard input. Clean
  /// environment; ended at the deadline and when the server stops.
  Result<RunOutcome> Run(std::vector<std::string> argv, std::chrono::milliseconds deadline,
                         std::string_view input = {}) const;

  /// Run, and true for exit status 0. What it printed otherwise goes to the log, the arguments do not.
  bool Succeeds(std::vector<std::string> argv, std::chrono::milliseconds deadline) const;

 private:
  const Settings& settings_;
  const Root& root_;
  const int stop_fd_;
};

/// A point in time by which a handler must be done with all of its programs.
class HandlerDeadline {
 public:
  explicit HandlerDeadline(std::chrono::milliseconds from_now) : end_(std::chrono::steady_clock::now() + from_now) {}

  /// What is left of it, at most `most`, at least 1 s: what is begun shall have a chance.
  std::chrono::milliseconds Left(std::chrono::milliseconds most) const;

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace cmdsrv
