#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

/// "x.zim" from the working directory into the content directory, in one act; nothing to do when it is there already.
/// NotFound when it is in neither, Corrupt when it is no ZIM.
Result<void> MoveIntoLibrary(const Context& context, const std::string& zim);

/// What every installation of ZIMs ends with, once they are in the content directory: the library is indexed again and
/// must list each of them, then the home menu gets its items; a menu that cannot be updated is a warning only. `zims`:
/// "x.zim", split ones too.
Result<void> PutIntoUse(const Context& context, const std::vector<std::string>& zims);

}  // namespace cmdsrv
