#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv {

/// WriteFileAtomically, 0644, and the file belongs to `account`. Without the right to give it
/// away (a box of somebody who is not root) it stays ours. NotFound when there is no such account.
Result<void> WriteFileFor(const std::string& account, const std::string& path, std::string_view bytes);

}  // namespace cmdsrv
