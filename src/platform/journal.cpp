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
#include <string>

namespace cmdsrv {
namespace {

std::atomic<bool> g_echo{false};

void ToStandardError(std::string_view room, std::string_view text) {
  const std::string line = fmt::format("{}: {}\n", room, text);
  std::fwrite(line.data(), 1, line.size(), stderr);  // one call, so that lines of two threads do not mix
}

/// libsystemd is silent where there is no journal; a line that nobody sees helps nobody.
bool SendToJournal(log::Level level, std::string_view room, std::string_view text) {
  if (::access("/run/systemd/journal/socket", F_OK) != 0) return false;
  std::string message = fmt::format("MESSAGE=IIAB-CMDSRV : {}", text);
  std::string priority = fmt::format("PRIORITY={}", static_cast<int>(level));
  std::string identifier = "SYSLOG_IDENTIFIER=IIAB-CMDSRV";
  std::string field = fmt::format("CMDSRV_ROOM={}", room);
  const auto vector = [](std::string& entry) { return iovec{entry.data(), entry.size()}; };
  const std::array entries{vector(message), vector(priority), vector(identifier), vector(field)};
  return sd_journal_sendv(entries.data(), static_cast<int>(entries.size())) == 0;
}

void Write(log::Level level, std::string_view room, std::string_view text) {
  const bool sent = SendToJournal(level, room, text);
  if (!sent || g_echo) ToStandardError(room, text);
}

}  // namespace

void LogToJournal(bool echo) {
  g_echo = echo;
  log::SetSink(Write);
}

void NotifySystemd(std::string_view state) { sd_notify(0, std::string(state).c_str()); }

}  // namespace cmdsrv
