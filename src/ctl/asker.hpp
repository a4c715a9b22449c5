#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv::ctl {

/// Somebody who answers Commands: the server, or a fake in tests.
class Asker {
 public:
  virtual ~Asker() = default;

  /// Sends one Command and waits for its one reply. Connects again by itself when the server went away in between.
  /// Errors: Timeout after `deadline` (the Command may have been carried out all the same), anything else: no server.
  virtual Result<std::string> Ask(std::string_view command, std::chrono::milliseconds deadline) = 0;

  /// Waits on for the reply of the last Ask, which ended in Timeout; nothing is sent again.
  virtual Result<std::string> WaitOn(std::chrono::milliseconds deadline) = 0;
};

}  // namespace cmdsrv::ctl
