#pragma once

#include <string>
#include <string_view>

#include "ctl/options.hpp"

/// Where the server leaves its traces. Clients test for the files before they talk (spec protocol 13).
namespace cmdsrv::ctl {

struct ServerFiles {
  std::string pid;
  std::string ready;
  std::string socket;  ///< a path, without "ipc://"
};

/// `options.root` before the usual paths; `options.socket` wins for the socket.
ServerFiles FindServerFiles(const Options& options);

enum class Presence {
  NotRunning,  ///< no pid file
  NotReady,    ///< pid file, no ready file
  Ready,
};

/// With an explicit --socket and no --root the files of the usual place say nothing about that server: Ready.
Presence LookForServer(const Options& options, const ServerFiles& files);

/// "iiab-cmdsrv is not running. Perhaps has not started yet." and its like; empty for Ready.
std::string_view Sentence(Presence presence);

/// The pid in the pid file; 0: in the foreground, or unreadable.
long long ReadPid(const std::string& path);

/// How a person says "ctl for this server": the program's name with the --root or --socket it was given.
std::string ProgramForHints(const Options& options);

}  // namespace cmdsrv::ctl
