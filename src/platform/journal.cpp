#define SD_JOURNAL_SUPPRESS_LOCATION
#include "platform/journal.hpp"

#include <fmt/format.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <iterator>
#include <string>

namespace cmdsrv {
namespace {

std::atomic<bool> g_journal{false};
std::atomic<bool> g_echo{true};

/// libsystemd is silent where there is no journal; a line that nobody sees helps nobody.
bool HasJournal() { return ::access("/run/systemd/journal/socket", F_OK) == 0; }

bool SendToJournal(const LogLine& line) {
  std::string message = fmt::format("MESSAGE=IIAB-CMDSRV : {}", line.text);
  std::string priority = fmt::format("PRIORITY={}", static_cast<int>(line.level));
  std::string identifier = "SYSLOG_IDENTIFIER=IIAB-CMDSRV";
  std::string field = fmt::format("CMDSRV_ROOM={}", line.room);
  const auto vector = [](std::string& entry) { return iovec{entry.data(), entry.size()}; };
  const std::array entries{vector(message), vector(priority), vector(identifier), vector(field)};
  return sd_journal_sendv(entries.data(), static_cast<int>(entries.size())) == 0;
}

}  // namespace

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

void WriteLogLine(log::Level level, std::string_view room, std::string_view text) {
  const LogLine line{level, room, std::string(text)};
  WriteLog({&line, 1});
}

void LogToJournal(bool echo) {
  g_journal = true;
  g_echo = echo;
  log::SetSink(WriteLogLine);
}

void NotifySystemd(std::string_view state) { sd_notify(0, std::string(state).c_str()); }

}  // namespace cmdsrv
