#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

struct RcloneJob {
  std::string_view operation;  ///< "sync": the target becomes as the source; "copyto": one file
  std::string source;          ///< remote:path
  std::string target;
  std::string what;         ///< for messages: "fetch en-wells"
  std::uint64_t total = 0;  ///< bytes to come; 0: rclone tells
};

/// Runs rclone with the administrator's configuration (`rclone_config_file`) and prints progress lines. Errors:
/// Unavailable (no rclone, or the remote is not one that may be used), NoNetwork, TryLater, NoSpace, NotFound, Io.
Result<void> RunRclone(const Context& context, const RcloneJob& job);

}  // namespace cmdsrv
