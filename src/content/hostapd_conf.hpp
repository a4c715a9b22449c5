#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/secret.hpp"

/// /etc/hostapd/hostapd.conf: lines `key=value`, comments from the first column. There are no quotes and no escapes,
/// so a value is everything up to the end of the line.
namespace cmdsrv {

/// All keys, in lower case, the last of equal ones.
json::object ReadHostapdConf(std::string_view text);

/// A password that hostapd, wpa_supplicant and NetworkManager take: 8 to 63 characters 0x20 to 0x7E.
bool IsWifiPassword(std::string_view text);

/// The text with the value of its last wpa_passphrase line replaced, every other byte as it was. Empty when there is no
/// such line: then the hotspot has no password. `password` is a Wi-Fi password.
std::optional<Secret> ReplaceHotspotPassword(std::string_view text, const Secret& password);

}  // namespace cmdsrv
