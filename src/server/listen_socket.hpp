#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"
#include "platform/unique_fd.hpp"

namespace cmdsrv {

struct SocketOwner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// The account and the group named `account`; Refused when either is missing, with the remedy.
Result<SocketOwner> FindOwner(const std::string& account);

/// Listens on a unix socket at `path`, mode 0770, given to `owner` if there is one. What was at `path` before is
/// removed, so hold the instance lock. Nobody can connect before owner and mode are right. Errors name the path.
Result<UniqueFd> ListenAt(const std::string& path, const std::optional<SocketOwner>& owner);

}  // namespace cmdsrv
