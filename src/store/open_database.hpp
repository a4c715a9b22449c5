#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace cmdsrv {

/// The highest ids that were ever given out, as far as a file tells.
struct HighestIds {
  std::int64_t command = 0;
  std::int64_t job = 0;
};

struct OpenedDatabase {
  sqlite::Database database;          ///< for the writer
  std::string path;                   ///< links resolved; the -wal and -shm files are beside it
  sqlite::Database::Locking locking;  ///< every further connection must use the same
  std::string set_aside;              ///< where a damaged file went; empty normally
  HighestIds ids;                     ///< also those of the damaged file, where they could still be read
};

/// The file at `path`, whatever was there before, as a database of the present version in WAL mode; see Store::Open.
Result<OpenedDatabase> OpenDatabase(const std::string& path, const Clock& clock);

}  // namespace cmdsrv
