#pragma once

#include "base/result.hpp"
#include "content/settings.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

/// The run lock of the menus (spec tools 9.1), waited for 10 s at most; Busy then. Whoever changes a menu.json holds
/// it.
Result<FileLock> LockMenus(const Settings& settings);

}  // namespace cmdsrv
