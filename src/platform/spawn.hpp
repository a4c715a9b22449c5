#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// Both ends close on exec.
struct Pipe {
  UniqueFd read, write;
};
Result<Pipe> MakePipe();
/// The end that reads does not block; the program that writes sees a usual pipe.
Result<Pipe> MakePolledPipe();

/// /dev/null, to read and write.
Result<UniqueFd> OpenNothing();

/// How a child begins: default signal handlers, umask 022, only the named descriptors, its own process group.
struct SpawnPlan {
  const std::vector<std::string>& argv;         ///< argv[0] an absolute path; no search, no shell
  const std::vector<std::string>& environment;  ///< complete
  const std::string& directory;
  std::vector<int> descriptors;  ///< the child's 0, 1, 2, … ; they stay the caller's
  bool new_session = false;
  bool hold_signals = false;  ///< TERM and CHLD stay blocked until the program itself takes them
};

struct SpawnedProcess {
  pid_t pid = 0;
  UniqueFd pidfd;
};

/// Starts it and returns when the program runs. The child is the caller's to reap; until then its pid is safe to use.
/// Any thread. Errors: NotFound when there is no such program, otherwise Io, with the stage and the program's name.
Result<SpawnedProcess> Spawn(const SpawnPlan& plan);

/// A pidfd, or an empty one and errno.
UniqueFd OpenPidfd(pid_t pid);

/// Sends `signal` to the process behind a pidfd; nothing when it has ended.
void SignalPidfd(int pidfd, int signal);

}  // namespace cmdsrv
