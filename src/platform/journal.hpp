#pragma once

#include <span>
#include <string_view>

#include "base/log.hpp"
#include "platform/log_writer.hpp"

namespace cmdsrv {

/// Log lines to the systemd journal, identifier IIAB-CMDSRV, message "IIAB-CMDSRV : <text>", field CMDSRV_ROOM, and
/// what the line is about: COMMAND (the verb), JOB_ID, GROUP_ID, JOB_STATUS, PEER_UID, PEER_PID. Without a journal they
/// go to standard error as plain text. `echo`: to standard error as well (foreground mode).
void LogToJournal(bool echo);

/// Writes the lines to where they go; to standard error in one piece.
void WriteLog(std::span<const LogLine> lines);
void WriteLogLine(log::Level level, std::string_view room, std::string&& text);

/// sd_notify: "READY=1", "STATUS=…", "STOPPING=1"; nothing when systemd did not start us.
void NotifySystemd(std::string_view state);

}  // namespace cmdsrv
