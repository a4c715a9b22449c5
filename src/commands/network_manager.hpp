#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "commands/host_programs.hpp"
#include "content/nmcli_lists.hpp"

namespace cmdsrv {

/// NetworkManager by its own program. Everything together takes at most the time given at the beginning. Values of
/// clients go to it as a UUID or a checked BSSID only; names and passwords travel in keyfiles.
class NetworkManager {
 public:
  NetworkManager(const HostPrograms& programs, std::chrono::milliseconds time) : programs_(programs), deadline_(time) {}

  enum class Rescan { Auto, No };
  Result<std::vector<AccessPoint>> AccessPoints(Rescan rescan) const;
  Result<std::vector<NmConnection>> Connections() const;
  Result<WifiProfile> Profile(const std::string& uuid) const;

  /// Empty when the keyfile of the connection is none that we could put back.
  std::string KeyfileOf(const std::string& uuid) const;

  bool Disconnect() const;  ///< wlan0
  bool Load(const std::string& keyfile) const;
  bool Delete(const std::string& uuid) const;

  /// The exit status of nmcli, or empty when it did not end in time or could not be run. `bssid` may be empty.
  std::optional<int> Connect(const std::string& uuid, const std::string& bssid) const;

 private:
  Result<std::string> Ask(std::vector<std::string> argv) const;

  const HostPrograms& programs_;
  const HandlerDeadline deadline_;
};

}  // namespace cmdsrv
