#pragma once

#include <chrono>

#include "base/result.hpp"
#include "content/settings.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

inline constexpr std::chrono::seconds kMenuWaitOfHandlers{10};  ///< a client waits for the answer
inline constexpr std::chrono::seconds kMenuWaitOfSteps{300};    ///< where nobody says otherwise

/// The run lock of the menus (spec tools 9.1); Busy when another holds it for longer than `wait`. Whoever changes a
/// menu.json holds it.
Result<FileLock> TakeMenuLock(const Settings& settings, std::chrono::seconds wait);

/// Waits for the turn of an update; Busy at once when another one waits already. Whoever has it takes the run lock
/// next.
Result<FileLock> TakeMenuQueue(const Settings& settings);

}  // namespace cmdsrv
