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

  bool IsDead() const { return state == 'Z' || state == 'X'; }
};

/// Empty when there is no such process.
std::optional<ProcStat> ReadProcStat(pid_t pid);

/// Pids of all processes, in no order.
std::vector<pid_t> AllPids();

}  // namespace cmdsrv
