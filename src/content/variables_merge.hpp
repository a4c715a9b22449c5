#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace cmdsrv {

/// The first words of the block of comments below which the server puts variables of its own.
inline constexpr std::string_view kSeparatorHead = "# IIAB -- following variables";

/// The text of local_vars.yml with these variables set (spec config 4.3). Lines that define none of them stay
/// byte-identical, and so do those whose value is as wanted already; a comment behind a value stays where it is. New
/// variables are appended below the separator, which is made when there is none. Before it is returned the text is read
/// again: Corrupt when that does not give exactly the wanted values and all others as before, or when `text` cannot be
/// read. Names must be words ([A-Za-z_][A-Za-z0-9_]*), values null, bool, number or text. Pure.
Result<std::string> MergeVariables(std::string_view text, const json::object& changes);

/// The same in a file: under its lock, atomically, with the previous version kept as `path`.bak. A missing file is an
/// empty one. What changes nothing is not written. Errors: Corrupt as above; Busy when somebody holds the lock for 10
/// s; those of WriteFileAtomically. The file is the old or the new one, whatever happens.
Result<void> ChangeVariablesFile(const std::string& path, const json::object& changes);

}  // namespace cmdsrv
