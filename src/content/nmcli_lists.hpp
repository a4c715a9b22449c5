#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

/// What `nmcli -t` prints. SSIDs and names of connections are hostile: anybody near the box chooses them.
namespace cmdsrv {

/// One line of terse output: fields between colons, "\:" and "\\" un-escaped, made valid UTF-8.
std::vector<std::string> SplitNmcliLine(std::string_view line);

/// Of `-f ssid,in-use,chan,signal,bars,security,bssid dev wifi`.
struct AccessPoint {
  std::string ssid;  ///< empty: hidden
  bool in_use = false;
  std::string channel;
  std::string signal;  ///< 0 to 100
  std::string bars;
  std::string security;  ///< "WPA2", "WPA1 WPA2", "WPA3"; empty: open
  std::string bssid;

  friend bool operator==(const AccessPoint&, const AccessPoint&) = default;
};

inline constexpr std::string_view kAccessPointFields = "ssid,in-use,chan,signal,bars,security,bssid";

/// Lines that are none are left out.
std::vector<AccessPoint> ParseAccessPoints(std::string_view output);

/// The object `nmcli_devices` of spec commands 5.1, by SSID: without hidden ones, `own_ssid`, and channels that the Pi
/// cannot use; of several with one SSID the one in use, else the strongest.
json::object DescribeAccessPoints(const std::vector<AccessPoint>& points, std::string_view own_ssid);

/// Of `-f name,uuid,type,device con show`.
struct NmConnection {
  std::string name;
  std::string uuid;
  std::string type;
  std::string device;  ///< empty: not active

  bool IsWifi() const { return type == "802-11-wireless" || type == "wifi"; }
  friend bool operator==(const NmConnection&, const NmConnection&) = default;
};

inline constexpr std::string_view kConnectionFields = "name,uuid,type,device";

std::vector<NmConnection> ParseConnections(std::string_view output);

/// The object `nmcli_connections`, by name. Of several with one name the active one is shown.
json::object DescribeConnections(const std::vector<NmConnection>& connections);

/// Of `-g 802-11-wireless.ssid,802-11-wireless.mode con show UUID`: a value a line.
struct WifiProfile {
  std::string ssid;
  std::string mode;  ///< "infrastructure", "ap", "adhoc", "mesh"; empty counts as infrastructure
  bool IsInfrastructure() const { return mode.empty() || mode == "infrastructure"; }
};

inline constexpr std::string_view kProfileFields = "802-11-wireless.ssid,802-11-wireless.mode";

WifiProfile ParseWifiProfile(std::string_view output);

}  // namespace cmdsrv
