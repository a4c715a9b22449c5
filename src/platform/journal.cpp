#define SD_JOURNAL_SUPPRESS_LOCATION
#include "platform/journal.hpp"

#include <fmt/format.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/log_subject.hpp"

namespace cmdsrv {
namespace {

std::atomic<bool> g_journal{false};
std::atomic<bool> g_echo{true};

/// libsystemd is silent where there is no journal; a line that nobody sees helps nobody.
bool HasJournal() { return ::access("/run/systemd/journal/socket", F_OK) == 0; }

bool SendToJournal(const LogLine& line) {
  const std::string message = fmt::format("MESSAGE=IIAB-CMDSRV : {}", line.text);
  const std::string priority = fmt::format("PRIORITY={}", static_cast<int>(line.level));
  const std::string identifier = "SYSLOG_IDENTIFIER=IIAB-CMDSRV";
  const std::string room = fmt::format("CMDSRV_ROOM={}", line.room);
  // iovec knows no const; nothing is written there.
  const auto vector = [](const std::string& entry) { return iovec{const_cast<char*>(entry.data()), entry.size()}; };
  std::vector<iovec> entries{vector(message), vector(priority), vector(identifier), vector(room)};
  for (const std::string& field : line.fields) entries.push_back(vector(field));
  return sd_journal_sendv(entries.data(), static_cast<int>(entries.size())) == 0;
}

}  // namespace

std::vector<std::string> FieldsOfSubject() {
  const log::Subject& subject = log::CurrentSubject();
  std::vector<std::string> fields;
  if (!g_journal) return fields;
  if (!subject.command.empty()) fields.push_back(fmt::format("COMMAND={}", subject.command));
  if (subject.job != 0) fields.push_back(fmt::format("JOB_ID={}", subject.job));
  if (subject.group != 0) fields.push_back(fmt::format("GROUP_ID={}", subject.group));
  if (!subject.status.empty()) fields.push_back(fmt::format("JOB_STATUS={}", subject.status));
  if (subject.peer_uid) fields.push_back(fmt::format("PEER_UID={}", *subject.peer_uid));
  if (subject.peer_pid != 0) fields.push_back(fmt::format("PEER_PID={}", subject.peer_pid));
  return fields;
}

void WriteLog(std::span<const LogLine> lines) {
  const bool journal = g_journal && HasJournal();
  std::string echo;
  for (const LogLine& line : lines) {
    const bool sent = journal && SendToJournal(line);
    if (!sent || g_echo) fmt::format_to(std::back_inserter(echo), "{}: {}\n", line.room, line.text);
  }
  // One call, so that lines of two threads do not mix.
  if (!echo.empty()) std::fwrite(echo.data(), 1, echo.size(), stderr);
}

void WriteLogLine(log::Level level, std::string_view room, std::string&& text) {
  const LogLine line{level, room, std::move(text), FieldsOfSubject()};
  WriteLog({&line, 1});
}

void LogToJournal(bool echo) {
  g_journal = true;
  g_echo = echo;
  log::SetSink(WriteLogLine);
}

void NotifySystemd(std::string_view state) { sd_notify(0, std::string(state).c_str()); }

}  // namespace cmdsrv
