#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace cmdsrv {

struct DatabaseFacts {
  std::int64_t version = 0;  ///< 0: of the Python program, which gives none
  std::int64_t commands = 0;
  std::int64_t jobs = 0;
  std::int64_t waiting = 0;  ///< SCHEDULED
  std::int64_t running = 0;  ///< STARTED and RESTARTED
};

/// What Store::Open would find in the file, without changing a byte of it; another program may use it meanwhile. Reads
/// all of it, so it takes seconds for a long history. NotFound; Newer and Corrupt as in Store::Open; Busy, Io.
Result<DatabaseFacts> LookAtDatabase(const std::string& path);

}  // namespace cmdsrv
