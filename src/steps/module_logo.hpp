#pragma once

#include "base/result.hpp"
#include "content/module_catalog.hpp"
#include "steps/context.hpp"

namespace cmdsrv {

/// Writes the menu item definition of a module, unless there is one of its name, and gets it a logo: the catalog's,
/// else an image in the root of the installed module, else of the rsync server, else content.jpg. Only images by their
/// bytes, of at most 5 MiB; a logo that cannot be had is said and is no failure.
Result<void> DefineModule(const Context& context, const CatalogModule& module);

}  // namespace cmdsrv
