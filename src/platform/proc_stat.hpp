#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace cmdsrv {

/// The part of /proc/<pid>/stat that matters here.
struct ProcStat {
  pid_t pid = 0;
  char state = '?';  ///< R S D T Z X …
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  std::uint64_t start_ticks = 0;
  /// The size of its memory in bytes. 0 in a process that is not dead means that it is ending: the kernel has taken its
  /// memory, and with it the environment, while its files and locks may still be held. (Kernel threads have 0 as well.)
  std::uint64_t memory = 0;

  bool IsDead() const { return state == 'Z' || state == 'X'; }
};

/// Empty when there is no such process.
std::optional<ProcStat> ReadProcStat(pid_t pid);

/// Pids of all processes, in no order.
std::vector<pid_t> AllPids();

}  // namespace cmdsrv
