#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "content/settings.hpp"
#include "platform/root.hpp"
#include "platform/timer_thread.hpp"

namespace cmdsrv {

/// Keeps the numbers of GET-STATS in a file for a monitor that reads files (the textfile collector of Prometheus'
/// node_exporter). Written soon after something happened, at most every kPause: a server that nothing happens to writes
/// nothing. Any thread.
class StatsFile {
 public:
  static constexpr std::chrono::seconds kPause{15};

  /// `path` empty: off, and nothing here costs anything. `text` is called in a thread of this object.
  StatsFile(std::string path, std::function<std::string()> text, std::chrono::milliseconds pause = kPause);
  ~StatsFile() { Stop(); }
  StatsFile(const StatsFile&) = delete;
  StatsFile& operator=(const StatsFile&) = delete;

  bool IsOn() const { return !path_.empty(); }

  /// Something happened. Does not block.
  void Touch();

  /// Removes the file: numbers of a server that does not run would be taken for those of one that does.
  void Stop();

 private:
  void Write();

  const std::string path_;
  const std::function<std::string()> text_;
  const std::chrono::milliseconds pause_;
  std::atomic<bool> wanted_{false};  ///< a write will come
  std::atomic<bool> stopped_{false};
  bool failed_ = false;  ///< said already; timer's thread
  TimerThread timer_;
};

/// The key `stats_file` of cmdsrv.conf, inside the root; empty when it is not there, or no absolute path, which is
/// logged.
std::string StatsPath(const Settings& settings, const Root& root);

}  // namespace cmdsrv
