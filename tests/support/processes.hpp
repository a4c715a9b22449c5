#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace cmdsrv::test {

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  bool ours = false;    ///< a descendant of this program
  std::string command;  ///< the arguments, separated by blanks
};

/// Living processes whose arguments, working directory or environment (CMDSRV_ROOT) mention `text`, this one excepted.
/// Zombies have none of these and are not listed.
std::vector<ProcessFacts> ProcessesAbout(const std::string& text);

/// One line each, for a failure message.
std::string Describe(const std::vector<ProcessFacts>& processes);

/// KILL to each of them, by pid.
void KillAll(const std::vector<ProcessFacts>& processes);

}  // namespace cmdsrv::test
