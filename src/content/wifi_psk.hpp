#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace cmdsrv {

/// SHA-1, 20 bytes. For the formats that ask for it (WPA2, UUIDs of version 5), never for trust.
std::string Sha1(std::string_view bytes);

/// The key that WPA2 makes of a password: PBKDF2 with HMAC-SHA-1, the SSID as salt, 4096 rounds, 32 bytes, as 64 hex
/// digits. Takes some milliseconds on purpose.
Secret WifiPsk(const Secret& password, std::string_view ssid);

/// 64 hexadecimal digits: a key, and no password.
bool IsWifiPsk(std::string_view text);

/// The same UUID for the same name, in a name space of our own (version 5).
std::string UuidForName(std::string_view name);

}  // namespace cmdsrv
