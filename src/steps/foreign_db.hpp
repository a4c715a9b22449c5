#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

/// SQLite databases of other programs (Kolibri, KA Lite): only read, never trusted. Loads iiab-cmdsrv-db.so at the
/// first use.
namespace cmdsrv {

using DbRow = std::vector<std::string>;  ///< NULL is an empty text

/// At most 500,000 rows of at most 8 columns. `values` are bound to ?1, ?2, … as texts. NotFound when there is no such
/// file, Corrupt when it cannot be read or is not what the query expects.
Result<std::vector<DbRow>> ReadForeignDb(const std::string& path, const char* sql,
                                         const std::vector<std::string>& values = {});

}  // namespace cmdsrv
