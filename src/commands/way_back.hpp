#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "commands/host_programs.hpp"

namespace cmdsrv {

/// One act on the way back. All can be repeated.
struct WayBackAct {
  enum class Kind {
    RestoreFile,     ///< `target` becomes `text`
    RemoveFile,      ///< `target`
    SetPassword,     ///< the variable hostapd_password becomes `text`
    RestartHotspot,  ///< the service hostapd
    SwitchHotspot,   ///< `target`: "on" or "off"
    Load,            ///< NetworkManager reads the keyfile `target`
    Connect,         ///< NetworkManager, the UUID `target`
    Disconnect,      ///< NetworkManager, wlan0
    Forget,          ///< NetworkManager, the UUID `target`
  };
  Kind kind;
  std::string target = {};
  std::string text = {};

  friend bool operator==(const WayBackAct&, const WayBackAct&) = default;
};

/// What undoes a change of the network, in this order.
using WayBack = std::vector<WayBackAct>;

/// For the state file and back. Corrupt when it is none, or an act touches what no change of ours touches.
json::array DescribeWayBack(const WayBack& way);
Result<WayBack> ReadWayBack(const json::value& described, const Root& root);

/// The kinds of the acts that failed; the others were done all the same. The log says why. Waits for programs, each at
/// most 30 s.
std::vector<WayBackAct::Kind> Walk(const WayBack& way, const HostPrograms& programs, const Settings& settings);

/// Files that changes of the network touch.
std::string HostapdConfPath(const Root& root);
std::string WpaSupplicantConfPath(const Root& root);
std::string NetplanPath(const Root& root);
std::string KeyfileDirectory(const Root& root);         ///< with a '/' at the end
std::string RuntimeKeyfileDirectory(const Root& root);  ///< with a '/' at the end

}  // namespace cmdsrv
