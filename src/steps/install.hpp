#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

/// "x.zim" from the working directory into the content directory, in one act; nothing to do when it is there already.
/// NotFound when it is in neither, Corrupt when it is no ZIM.
Result<void> MoveIntoLibrary(const Context& context, const std::string& zim);

/// make-kiwix-lib without the host project's program, which begins a library of hundreds of ZIMs from nothing each
/// time: library.xml and zim_version_idx.json say what is in the content directory. `when_listed` is called in between,
/// when library.xml lists all that is there: what it removes is taken out again, and nobody else indexes meanwhile.
/// Returns the number of files there that are no usable ZIMs; each is named in the output.
Result<std::size_t> IndexLibrary(const Context& context, bool from_nothing = false,
                                 const std::function<Result<void>()>& when_listed = {});

/// In `library.xml` under its id. NotFound or Corrupt when it is not in the content directory as a ZIM.
Result<void> CheckListed(const Settings& settings, const std::string& zim);

/// What every installation of ZIMs ends with, once they are in the content directory: the library is indexed again and
/// must list each of them, then the home menu gets its items; a menu that cannot be updated is a warning only. `zims`:
/// "x.zim", split ones too.
Result<void> PutIntoUse(const Context& context, const std::vector<std::string>& zims);

}  // namespace cmdsrv
