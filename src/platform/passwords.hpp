#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

/// Password hashes of the system's library, in this process: nothing reaches an argument vector. Any thread.
namespace cmdsrv {

/// True when `password` has this hash, of whatever kind the library knows. Takes its time on purpose; the comparison
/// takes the same for every wrong password. An empty, locked or unknown hash matches nothing.
bool PasswordMatches(const Secret& password, const std::string& hash);

/// With a fresh salt and the method that the system prefers (yescrypt today).
Result<std::string> HashPassword(const Secret& password);

/// cracklib's words about a password that is too easy to guess ("it is based on a dictionary word"); empty when it is
/// good. Unavailable when its dictionary is not there, with the remedy.
Result<std::string> WhyPasswordIsWeak(const Secret& password);

}  // namespace cmdsrv
