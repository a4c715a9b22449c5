#pragma once

#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace cmdsrv {

/// A netplan file with the access point `ssid` of wlan0 set, missing levels made. YAML is read and JSON written, which
/// is YAML too: no value can become anything else, comments are lost. `psk`: the key in hex; empty: an open network.
/// Corrupt when the text is no YAML, or one of the levels is no mapping.
Result<Secret> SetNetplanWifi(std::string_view text, std::string_view ssid, const Secret& psk);

}  // namespace cmdsrv
