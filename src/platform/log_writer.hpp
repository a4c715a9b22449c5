#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"

namespace cmdsrv {

/// A finished line on its way to the journal or to standard error.
struct LogLine {
  log::Level level;
  std::string_view room;  ///< a literal
  std::string text;
  std::vector<std::string> fields = {};  ///< what it is about, as the journal takes it: "JOB_ID=41"
};

/// The fields of log::CurrentSubject().
std::vector<std::string> FieldsOfSubject();

/// While it lives, log lines are written by a thread of its own, in the order in which they came, as many together as
/// have come meanwhile: a worker that answers a Command does not wait for the journal. An error waits until it has been
/// written, and so have all before it; so nothing that explains a crash is lost. Other lines may be lost with the
/// process, those of the last moment. One per process; lines before and after its life are written by their callers.
class LogWriter {
 public:
  LogWriter();   ///< where no thread is to be had, everything stays as it was
  ~LogWriter();  ///< when all is written
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// A disk that hangs must not let the queue grow for ever: above this many waiting lines callers wait.
  static constexpr std::size_t kMostWaiting = 20'000;

  /// How long lines wait for others to be written with them: under load one write and one wake serve hundreds.
  static constexpr std::chrono::milliseconds kGathering{2};

 private:
  void Add(log::Level level, std::string_view room, std::string&& text);
  void Run();

  std::mutex mutex_;
  std::condition_variable came_;
  std::condition_variable written_;
  std::vector<LogLine> waiting_;
  std::uint64_t added_ = 0;
  std::uint64_t done_ = 0;
  bool urgent_ = false;  ///< somebody waits for what he has added
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace cmdsrv
