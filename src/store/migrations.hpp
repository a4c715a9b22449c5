#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace cmdsrv {

/// The version of the file that this program writes (PRAGMA user_version). 0: empty, or of the Python program.
std::int64_t StoreVersion();

/// Brings a file of version `from` (not above StoreVersion) to the present one: each step is one transaction, so that a
/// power cut leaves the old or the new version. Errors: Corrupt when the tables have not the columns that they must
/// have.
Result<void> Migrate(sqlite::Database& database, std::int64_t from);

/// The two tables of the Python program, in every version of the file. Corrupt when they have not the columns that they
/// must have: a file of somebody else can have tables of these names.
Result<void> CheckOldTables(sqlite::Database& database);

}  // namespace cmdsrv
