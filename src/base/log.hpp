#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

/// One line per event, "cannot X: why" for failures. Control characters are escaped here, so that no client text can
/// forge a line. Any thread.
namespace cmdsrv::log {

enum class Level { Error = 3, Warning = 4, Info = 6 };  ///< syslog priorities

/// The room that speaks; shown in front of the text.
struct Domain {
  std::string_view name;
};

/// Called with finished lines, from any thread, possibly at the same time. The default writes "room: text" to stderr.
using Sink = void (*)(Level level, std::string_view domain, std::string&& text);

/// Set once at start, before threads exist.
void SetSink(Sink sink);

void Write(Level level, Domain domain, std::string text);

template <class... Args>
void Info(Domain domain, fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::Info, domain, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void Warning(Domain domain, fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::Warning, domain, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void Error(Domain domain, fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::Error, domain, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cmdsrv::log
