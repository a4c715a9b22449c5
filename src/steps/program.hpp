#pragma once

#include <signal.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/process.hpp"
#include "platform/unique_fd.hpp"
#include "steps/context.hpp"

/// Long programs under the eyes of a step: their lines as they come, a look once a second, and no survivor.
namespace cmdsrv {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the step but are noticed here, so that a program it started in
/// a group of its own can be ended first. One at a time, main thread.
class EndRequests {
 public:
  EndRequests();
  ~EndRequests();
  EndRequests(const EndRequests&) = delete;
  EndRequests& operator=(const EndRequests&) = delete;

  int Descriptor() const { return fd_.Get(); }

  /// Waits; true when the step is asked to end before the time is over.
  bool WaitFor(std::chrono::milliseconds time);

  /// Ends the step as the noticed signal would have, after what had to be tidied up. Returns only if there was none.
  void EndIfAsked();

 private:
  sigset_t before_{};
  UniqueFd fd_;
  int signal_ = 0;
};

struct Watch {
  std::function<void(std::string_view line)> on_line;  ///< of both outputs; a carriage return ends a line too
  std::function<bool()> on_second;                     ///< false: end the program
  std::vector<int> descriptors;                        ///< the program's 3, 4, …
  std::string directory = "/";
  bool own_output = false;  ///< it prints as itself, to where the step prints; there are no lines then
  std::function<void(pid_t)> on_start;
};

struct ProgramEnd {
  bool exited = false;  ///< otherwise ended by `signal`
  int status = 0;
  int signal = 0;
  bool stopped = false;  ///< `on_second` or the requester wanted it
  bool asked = false;    ///< the step itself is to end: call EndIfAsked when all is tidy
};

/// Runs a program to its end, in its own group, without a shell, its input empty. To end it: TERM to the group, 3 s
/// later KILL. Whatever is left of the group is killed when its leader has ended.
Result<ProgramEnd> RunWatched(const Context& context, const std::vector<std::string>& argv, const Watch& watch,
                              EndRequests& requests);

std::string Describe(const ProgramEnd& end);

}  // namespace cmdsrv
