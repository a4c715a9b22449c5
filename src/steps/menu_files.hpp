#pragma once

#include <string>

#include "base/result.hpp"
#include "content/languages.hpp"
#include "content/settings.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

/// lang_codes.json of the assets directory; without it (said in the output) every code stands for itself.
Languages ReadLanguages(const std::string& assets_dir);

/// The run lock of the menus (spec tools 9.1), waited for 300 s at most; Busy then. Whoever changes a menu.json holds
/// it.
Result<FileLock> TakeMenuLock(const Settings& settings);

}  // namespace cmdsrv
