#pragma once

#include <string_view>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

/// The way from the server in the background to the program that was called (--daemon). In the foreground it leads
/// nowhere. Says at most one thing.
class StartReport {
 public:
  StartReport() = default;
  explicit StartReport(UniqueFd pipe) : pipe_(std::move(pipe)) {}

  /// The calling program ends with status 0.
  void Ready();
  /// The calling program prints `message` and ends with status 1; it also does so when this process just ends.
  void Failed(std::string_view message);

 private:
  UniqueFd pipe_;
};

/// Forks twice with a session of its own; returns in the grandchild only, with 0, 1, 2 at /dev/null and every other
/// inherited descriptor closed. The calling program waits for the report and ends. Call before there are threads.
Result<StartReport> GoToBackground();

}  // namespace cmdsrv
