#pragma once

#include <cstdint>

namespace cmdsrv::shim {

/// The command line: `iiab-cmdsrv-shim --job N --attempt N --cwd DIR [--low] [--cancel-grace MS] -- ARGV…`
struct Arguments {
  std::int64_t job = 0;
  std::uint32_t attempt = 0;
  const char* directory = nullptr;
  bool low_priority = false;
  std::int64_t cancel_grace_ms = 5000;
  char** step = nullptr;  ///< the step's argument vector, ended by a null pointer; never empty
};

/// False when something is missing, unknown or no number.
bool ParseArguments(int count, char** values, Arguments& arguments);

}  // namespace cmdsrv::shim
