#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// Names one process for ever: a pid comes back, a pid with its start time in one boot does not.
struct ProcessIdentity {
  std::string boot_id;  ///< /proc/sys/kernel/random/boot_id
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< field 22 of /proc/<pid>/stat

  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// The identity of this boot, read once.
const std::string& BootId();

/// Empty when there is no such process (a zombie counts as one that is there).
std::optional<ProcessIdentity> Identify(pid_t pid);

/// True while exactly this process exists and is no zombie.
bool IsAlive(const ProcessIdentity& identity);

/// A pidfd of exactly this process, checked after opening; NotFound when it is gone or the pid belongs to another.
Result<UniqueFd> OpenProcess(const ProcessIdentity& identity);

struct RunOptions {
  std::chrono::milliseconds deadline{50'000};
  std::vector<std::string> environment;  ///< complete; see ChildEnvironment
  std::string directory = "/";
  std::string_view input = {};           ///< written to standard input; otherwise /dev/null
  std::size_t output_limit = 8U << 20U;  ///< bytes kept of standard output and error together; the end is dropped
  int cancel_fd = -1;                    ///< readable: end the program as at the deadline (used when the server stops)
};

struct RunOutcome {
  bool exited = false;  ///< otherwise ended by `signal`
  int status = 0;
  int signal = 0;
  bool timed_out = false;
  std::string output;               ///< standard output
  std::string errors;               ///< standard error
  std::chrono::milliseconds ran{};  ///< from start to end
};

/// Runs a program to its end in its own process group, without a shell, with all other descriptors closed. At the
/// deadline the group gets TERM, 2 s later KILL, and `timed_out` is set. Blocks the calling thread; needs no SIGCHLD.
/// Errors: NotFound or Io when it could not be started, with the program's name.
Result<RunOutcome> RunProgram(const std::vector<std::string>& argv, const RunOptions& options);

/// "exit status 3", "ended by signal 9 (Killed)", "not finished after 50 s".
std::string Describe(const RunOutcome& outcome);

/// "ended by signal 15 (Terminated)".
std::string DescribeSignal(int signal);

}  // namespace cmdsrv
