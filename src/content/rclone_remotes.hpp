#pragma once

#include <string>
#include <vector>

#include "content/settings.hpp"

namespace cmdsrv {

/// Names of the rclone remotes that catalogs may use: those of the key rclone_remotes, else all that the
/// administrator's configuration of rclone has. None when there is neither.
std::vector<std::string> RcloneRemotes(const Settings& settings);

}  // namespace cmdsrv
