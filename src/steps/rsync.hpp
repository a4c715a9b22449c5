#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

struct RsyncJob {
  std::vector<std::string> options;   ///< beside those that every run gets: times, partial files, progress
  std::vector<std::string> operands;  ///< sources, then the target
  std::string what;                   ///< "copy en-wells": for the message "cannot copy en-wells: …"
  std::string_view phase;
  std::uint64_t total = 0;  ///< bytes to come; 0: unknown
  std::string directory =
      {};  ///< that gets the bytes: what jobs leave free on the system's disk stays free; empty: any
};

/// Runs rsync to its end and prints progress lines. A file appears under its name when it is whole; one that broke off
/// waits in a hidden directory to be gone on with. Ended by a signal, the step ends as well. Errors: NoNetwork,
/// TryLater (the line broke, the server has too many guests), NoSpace, NotFound (the server has no such thing), Io.
Result<void> RunRsync(const Context& context, const RsyncJob& job);

/// NoSpace when less than `root_reserve_mb` is free on the file system of the system, and `directory` lies there.
Result<void> CheckReserve(const Context& context, const std::string& directory);

}  // namespace cmdsrv
