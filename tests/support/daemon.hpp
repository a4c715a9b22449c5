#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"
#include "support/wait.hpp"

namespace cmdsrv::test {

/// Where the programs of this build are: "<build>/bin/iiab-cmdsrv".
std::string BuiltProgram(const std::string& name);

/// How a process ended.
struct ProcessEnd {
  bool exited = false;  ///< otherwise ended by `signal`
  int status = 0;
  int signal = 0;
};

/// A running `iiab-cmdsrv --root <root> --foreground`. Killed, if it still runs, when the object ends; steps that it
/// started outlive it by design and are the box's to clean up. It dies with the test program too.
class Daemon {
 public:
  /// Starts it and waits until it is ready: the ready file has appeared, by inotify. Timeout or Unavailable (ended
  /// before it was ready) with its standard error in the message. What it prints is in <root>/var/log/daemon-<n>.txt.
  static Result<Daemon> Start(const std::string& root, const std::vector<std::string>& more_arguments = {},
                              milliseconds deadline = seconds(10),
                              const std::string& program = BuiltProgram("bin/iiab-cmdsrv"));

  Daemon(Daemon&& other) noexcept;
  Daemon& operator=(Daemon&& other) noexcept;
  ~Daemon();

  pid_t Pid() const { return pid_; }
  const std::string& Socket() const { return socket_; }

  /// KILL, and waits for the end: like a power cut for this process alone.
  void Kill9();

  /// TERM, and waits for the end. Timeout when it goes on.
  Result<ProcessEnd> Terminate(milliseconds deadline = seconds(10));

  /// Waits for the end without asking for it.
  Result<ProcessEnd> WaitForEnd(milliseconds deadline);

  /// Kills it if it runs, and starts a new one in its place.
  Result<void> Restart(milliseconds deadline = seconds(10));

  bool IsRunning();

  /// What it has printed since its start.
  std::string Printed() const;

  /// Waits until it has printed `text`: lines come from a thread of their own, soon after what they tell of.
  bool Prints(std::string_view text, milliseconds deadline = seconds(10)) const;

 private:
  Daemon() = default;
  void End();

  std::string root_, socket_, output_file_;
  std::vector<std::string> arguments_;
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  std::optional<ProcessEnd> end_;
};

}  // namespace cmdsrv::test
