#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"

/// The files that say which Wi-Fi the box joins. Whatever an SSID contains, it stays a value.
namespace cmdsrv {

/// 1 to 32 bytes of UTF-8 without control characters.
bool IsSsid(std::string_view text);

/// Six pairs of hexadecimal digits with colons.
bool IsBssid(std::string_view text);

enum class WifiKey {
  None,  ///< an open network
  Psk,   ///< WPA2: `secret` is the key in hex
  Sae,   ///< WPA3 alone: `secret` is the password itself
};

/// A keyfile of NetworkManager (its directory wants mode 0600) for a connection of ours.
Secret WriteNmKeyfile(std::string_view ssid, const std::string& uuid, WifiKey kind, const Secret& secret);

/// "iiab-wifi-<ssid in hex>.nmconnection"
std::string NmKeyfileName(std::string_view ssid);

/// wpa_supplicant.conf with the network of that SSID replaced (or added at the end), blocks of other networks byte for
/// byte as they were, without empty lines. An empty text begins as the file of a fresh Raspberry Pi does. `psk`: the
/// key in hex; empty: an open network.
Secret ReplaceWpaNetwork(std::string_view text, std::string_view ssid, const Secret& psk);

}  // namespace cmdsrv
