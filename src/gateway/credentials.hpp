#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace cmdsrv::gateway {

inline constexpr std::size_t kLongestUser = 256;
inline constexpr std::size_t kLongestPassword = 1024;

struct Credentials {
  std::string user;  ///< empty: a console that nobody is signed in to
  Secret password;   ///< may hold colons
};

/// "user:password", split at the first colon (user names have none). Nothing when there is no colon, for anything but
/// UTF-8, a NUL, or a part that is too long.
std::optional<Credentials> SplitCredentials(const Secret& text);

/// The Command that asks the server whether they are right. It holds the password.
Secret AuthenticateCommand(const Credentials& credentials);

}  // namespace cmdsrv::gateway
