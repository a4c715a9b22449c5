#pragma once

#include "ctl/session.hpp"

/// The sub-commands in lower case. Each asks, prints, and gives its exit status (exit_status.hpp).
namespace cmdsrv::ctl {

int ShowStatus(Session& session);  // status_command.cpp
int ShowHealth(Session& session);
int ListJobs(Session& session);  // jobs_command.cpp
int ShowJob(Session& session);
int WatchJobs(Session& session);    // watch_command.cpp
int ShowLog(Session& session);      // log_command.cpp
int WaitForJobs(Session& session);  // act_commands.cpp
int CancelJobs(Session& session);
int RetryJob(Session& session);
int StopServer(Session& session);
int ListCommands(Session& session);  // commands_command.cpp

/// Does what `session.options` says.
int Run(Session& session);

}  // namespace cmdsrv::ctl
