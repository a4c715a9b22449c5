#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "ctl/session.hpp"

namespace cmdsrv::ctl {

/// Waits for news of jobs (WAIT-EVENTS), so that nothing is asked as long as nothing happens. Begin comes before the
/// first look at what is waited for: so no change is lost between a look and the waiting.
class News {
 public:
  explicit News(Session& session) : session_(session) {}

  /// True when the next Wait goes on where the last one stopped.
  bool Begun() const { return seq_.has_value(); }

  /// From now on every change counts. Nothing when it has begun, or when the server is too old for it.
  void Begin();

  enum class Came {
    Change,   ///< a job has another status or reason, or changes were missed: look at everything
    Output,   ///< a job printed something, or got further
    Nothing,  ///< `most` passed; the waiting goes on with the next call
    Away,     ///< nobody who can tell: look again after a pause
  };

  /// The first thing that `concerns` accepts by (job, group).
  Came Wait(std::chrono::milliseconds most, const std::function<bool(std::int64_t job, std::int64_t group)>& concerns);

  /// The reply of the last Change or Output, as it came.
  const std::string& Raw() const { return raw_; }

 private:
  Came Take(const Result<Reply>& reply, const std::function<bool(std::int64_t, std::int64_t)>& concerns);
  Result<Reply> Ask(std::chrono::milliseconds deadline);

  Session& session_;
  std::optional<std::uint64_t> seq_;
  bool asked_ = false;        ///< a reply is owed
  bool unsupported_ = false;  ///< an older server
  std::string raw_;
};

}  // namespace cmdsrv::ctl
