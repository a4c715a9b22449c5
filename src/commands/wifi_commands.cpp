#include <algorithm>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "commands/confirm_within.hpp"
#include "commands/handlers.hpp"
#include "commands/network_info.hpp"
#include "commands/network_manager.hpp"
#include "content/hostapd_conf.hpp"
#include "content/netplan_wifi.hpp"
#include "content/wifi_files.hpp"
#include "content/wifi_psk.hpp"
#include "platform/files.hpp"
#include "platform/systemd_units.hpp"

namespace cmdsrv {
namespace {

using Kind = WayBackAct::Kind;

constexpr log::Domain kCommands{"commands"};
constexpr std::size_t kFileLimit = 1U << 20U;
constexpr std::string_view kWifiDevice = "wlan0";
constexpr mode_t kSecretFile = 0600;

Failure Refuse(std::string_view text) { return Failure(Error{ErrorCode::Refused, std::string(text)}); }

Failure Logged(const Error& error, std::string_view text) {
  log::Warning(kCommands, "{}", error.message);
  return Refuse(text);
}

/// What the client wants to join.
struct Wish {
  std::string ssid;
  std::string bssid;  ///< empty: any
  Secret password;    ///< empty: an open network; a password or a key in hex

  /// The key of WPA2 in hex, or empty.
  Secret Psk() const {
    if (password.Empty() || IsWifiPsk(password.Expose())) return Secret(std::string(password.Expose()));
    return WifiPsk(password, ssid);
  }
};

Result<Wish> ReadWish(const Arguments& arguments) {
  Wish wish{std::string(*arguments.Text("connect_wifi_ssid")),
            std::string(arguments.Text("connect_wifi_bssid").value_or("")),
            Secret(std::string(*arguments.Text("connect_wifi_password")))};
  const std::string_view password = wish.password.Expose();
  if (!IsSsid(wish.ssid)) return Fail(ErrorCode::Malformed, "argument connect_wifi_ssid is no SSID");
  if (!wish.bssid.empty() && !IsBssid(wish.bssid))
    return Fail(ErrorCode::Malformed, "argument connect_wifi_bssid is no BSSID");
  if (!password.empty() && !IsWifiPassword(password) && !IsWifiPsk(password))
    return Fail(ErrorCode::Malformed, "argument connect_wifi_password is no password of a Wi-Fi");
  return wish;
}

bool HotspotIsEnabled(Services& services) { return services.config.variables.Get()->Flag("hostapd_enabled"); }

const NmConnection* ActiveWifi(const std::vector<NmConnection>& connections) {
  const auto active = std::ranges::find_if(
      connections, [](const NmConnection& one) { return one.IsWifi() && one.device == kWifiDevice; });
  return active == connections.end() ? nullptr : &*active;
}

/// Joins by NetworkManager.
class Join {
 public:
  Join(Services& services, const Wish& wish, std::optional<std::chrono::seconds> confirm_within)
      : services_(services),
        wish_(wish),
        confirm_within_(confirm_within),
        manager_(services.network.programs, std::chrono::seconds(services.settings.handler_deadline_s)),
        uuid_(UuidForName(wish.ssid)),
        keyfile_(KeyfileDirectory(services.root) + NmKeyfileName(wish.ssid)) {}

  Result<void> Run(NetworkGuard::Change change) {
    const auto connections = manager_.Connections();
    if (!connections) return Logged(connections.error(), "Error Connecting to Router.");
    if (const NmConnection* active = ActiveWifi(*connections)) active_ = *active;
    if (IsThereAlready()) return Fail(ErrorCode::Refused, "Already connected to {}.", wish_.ssid);
    if (auto armed = change.Arm(Back(), confirm_within_); !armed) return armed;
    auto joined = Change();
    if (joined) return change.Keep();
    const auto failed = change.GoBack();
    const bool hotspot_failed = std::ranges::find(failed, Kind::RestartHotspot) != failed.end();
    return hotspot_failed ? Refuse("Error Restarting Hotspot.") : joined;
  }

 private:
  bool IsThereAlready() const {
    if (!active_) return false;
    const auto profile = manager_.Profile(active_->uuid);
    return (profile && !profile->ssid.empty() ? profile->ssid : active_->name) == wish_.ssid;
  }

  WayBack Back() const {
    WayBack way;
    if (auto old = ReadFile(keyfile_, kFileLimit)) {
      way.push_back({Kind::RestoreFile, keyfile_, std::move(*old)});
      way.push_back({Kind::Load, keyfile_});
    } else {
      way.push_back({Kind::Forget, uuid_});
      way.push_back({Kind::RemoveFile, keyfile_});
    }
    if (active_ && IsUuid(active_->uuid)) way.push_back({Kind::Connect, active_->uuid});
    if (!active_) way.push_back({Kind::Disconnect});
    if (HotspotIsEnabled(services_)) way.push_back({Kind::RestartHotspot});
    return way;
  }

  /// WPA3 alone wants the password itself; everything else takes the key that WPA2 makes of it.
  WifiKey KindOfKey() const {
    if (wish_.password.Empty()) return WifiKey::None;
    if (IsWifiPsk(wish_.password.Expose())) return WifiKey::Psk;
    const auto points = manager_.AccessPoints(NetworkManager::Rescan::No);
    if (!points) return WifiKey::Psk;
    const auto point = std::ranges::find_if(*points, [this](const AccessPoint& one) {
      return wish_.bssid.empty() ? one.ssid == wish_.ssid : one.bssid == wish_.bssid;
    });
    return point != points->end() && point->security == "WPA3" ? WifiKey::Sae : WifiKey::Psk;
  }

  Result<void> Change() const {
    const WifiKey kind = KindOfKey();
    if (active_ && !manager_.Disconnect())
      return Fail(ErrorCode::Refused, "Error disconnecting from {}.", active_->name);
    const Secret key = kind == WifiKey::Psk ? wish_.Psk() : Secret(std::string(wish_.password.Expose()));
    const Secret text = WriteNmKeyfile(wish_.ssid, uuid_, kind, key);
    if (auto made = MakeDirectories(KeyfileDirectory(services_.root), 0700); !made)
      return Logged(made.error(), "Error Connecting to Router.");
    if (auto written = WriteFileAtomically(keyfile_, text.Expose(), {.mode = kSecretFile}); !written)
      return Logged(written.error(), "Error Connecting to Router.");
    if (!manager_.Load(keyfile_)) return Refuse("Error Connecting to Router.");
    const auto status = manager_.Connect(uuid_, wish_.bssid);
    if (!status) return Refuse("Error Connecting to Router.");
    switch (*status) {
      case 0: return {};
      case 4: return Refuse("Unable to Connect. Check credentials.");
      case 10: return Refuse("Unable to Find Router.");
      default: return Refuse("Unable to Connect.");
    }
  }

  Services& services_;
  const Wish& wish_;
  const std::optional<std::chrono::seconds> confirm_within_;
  const NetworkManager manager_;
  const std::string uuid_;
  const std::string keyfile_;
  std::optional<NmConnection> active_;
};

/// A file with networks, read by dhcpcd's world at the next boot.
Result<void> ChangeWifiFile(NetworkGuard::Change change, const std::string& path, const Wish& wish,
                            std::optional<std::chrono::seconds> confirm_within, bool netplan) {
  auto old = ReadFile(path, kFileLimit);
  if (!old && old.error().code != ErrorCode::NotFound) return Logged(old.error(), "Error Connecting to Router.");
  const std::string text = old ? *old : std::string();
  auto changed = netplan ? SetNetplanWifi(text, wish.ssid, wish.Psk())
                         : Result<Secret>(ReplaceWpaNetwork(text, wish.ssid, wish.Psk()));
  if (!changed) return Logged(changed.error(), "Error Connecting to Router.");
  WayBack way{old ? WayBackAct{Kind::RestoreFile, path, std::move(*old)} : WayBackAct{Kind::RemoveFile, path}};
  if (auto armed = change.Arm(std::move(way), confirm_within); !armed) return armed;
  const auto written = MakeDirectories(path.substr(0, path.rfind('/'))).and_then([&] {
    return WriteFileAtomically(path, changed->Expose(), {.mode = kSecretFile});
  });
  if (!written) return Logged(written.error(), "Error Connecting to Router.");
  return change.Keep();
}

enum class Manager { NetworkManager, Dhcpcd, None };

Manager WhoManages(const Services& services) {
  const auto units = LookAtUnits(services.root, {.units = {"NetworkManager.service", "dhcpcd.service"},
                                                 .deadline = std::chrono::seconds(5),
                                                 .stop_fd = services.stop_fd});
  if (!units) {
    log::Warning(kCommands, "{}", units.error().message);
    return Manager::None;
  }
  return (*units)[0].IsActive() ? Manager::NetworkManager : (*units)[1].IsActive() ? Manager::Dhcpcd : Manager::None;
}

bool IsUbuntu(const Root& root) {
  const auto text = ReadFile(root.Path("/etc/os-release"), kFileLimit);
  if (!text) return false;
  const auto lines = Split(*text, '\n');
  return std::ranges::any_of(lines,
                             [](std::string_view line) { return line == "ID=ubuntu" || line == "ID=\"ubuntu\""; });
}

/// The connections that this verb removes: Wi-Fi of others, never a hotspot of our own.
Result<std::vector<NmConnection>> Removable(const NetworkManager& manager) {
  const auto connections = manager.Connections();
  if (!connections) return Failure(connections.error());
  std::vector<NmConnection> removable;
  for (const NmConnection& one : *connections) {
    if (!one.IsWifi() || !IsUuid(one.uuid)) continue;
    const auto profile = manager.Profile(one.uuid);
    if (!profile) return Failure(profile.error());
    if (profile->IsInfrastructure()) removable.push_back(one);
  }
  return removable;
}

/// Their keyfiles as they are; Refused when one cannot be put back.
Result<WayBack> BackToConnections(Services& services, const NetworkManager& manager,
                                  const std::vector<NmConnection>& connections) {
  WayBack way;
  for (const NmConnection& one : connections) {
    const std::string file = manager.KeyfileOf(one.uuid);
    const std::string path =
        services.root.IsBox() && !file.starts_with(services.root.Directory()) ? services.root.Path(file) : file;
    const bool known =
        path.starts_with(KeyfileDirectory(services.root)) || path.starts_with(RuntimeKeyfileDirectory(services.root));
    auto text = known ? ReadFile(path, kFileLimit) : Fail(ErrorCode::NotFound, "{} has no keyfile", one.name);
    if (!text) return Logged(text.error(), "Router Connections could not be put back, so nothing was changed.");
    way.push_back({Kind::RestoreFile, path, std::move(*text)});
    way.push_back({Kind::Load, path});
  }
  if (const NmConnection* active = ActiveWifi(connections)) way.push_back({Kind::Connect, active->uuid});
  if (HotspotIsEnabled(services)) way.push_back({Kind::RestartHotspot});
  return way;
}

Answer Done() { return Success{}; }

}  // namespace

Result<Outcome> SetWifiConnectionParams(const Arguments& arguments, Services& services) {
  const auto wish = ReadWish(arguments);
  if (!wish) return Failure(wish.error());
  if (!IsRaspberryPi(services.root)) return Refuse("Only supported on Raspberry Pi.");
  const Manager manager = WhoManages(services);
  if (manager == Manager::None) return Refuse("Neither NetworkManager nor dhcpcd service is active.");
  auto change = services.network.guard.Begin("SET-WIFI-CONNECTION-PARAMS");
  if (!change) return Failure(change.error());
  const auto confirm_within = ConfirmWithin(arguments);
  if (manager == Manager::NetworkManager)
    return Join(services, *wish, confirm_within).Run(std::move(*change)).map([] { return Outcome(Done()); });
  const bool netplan = IsUbuntu(services.root);
  const std::string path = netplan ? NetplanPath(services.root) : WpaSupplicantConfPath(services.root);
  return ChangeWifiFile(std::move(*change), path, *wish, confirm_within, netplan).map([] { return Outcome(Done()); });
}

Result<Outcome> RemoveWifiConnectionParams(const Arguments& arguments, Services& services) {
  auto change = services.network.guard.Begin("REMOVE-WIFI-CONNECTION-PARAMS");
  if (!change) return Failure(change.error());
  const NetworkManager manager(services.network.programs, std::chrono::seconds(services.settings.handler_deadline_s));
  const auto removable = Removable(manager);
  if (!removable) return Logged(removable.error(), "Error Removing Router Connections.");
  const auto confirm_within = ConfirmWithin(arguments);
  if (confirm_within) {
    auto way = BackToConnections(services, manager, *removable);
    if (!way) return Failure(way.error());
    if (auto armed = change->Arm(std::move(*way), confirm_within); !armed) return Failure(armed.error());
  }
  for (const NmConnection& one : *removable) {
    if (!manager.Delete(one.uuid)) return Fail(ErrorCode::Refused, "Error removing Router Connection {}.", one.name);
  }
  const bool restarted = !HotspotIsEnabled(services) ||
                         services.network.programs.Succeeds({"systemctl", "restart", "hostapd.service"},
                                                            std::chrono::seconds(services.settings.handler_deadline_s));
  if (!restarted) return Refuse("Error Restarting Hotspot.");
  if (auto kept = change->Keep(); !kept) return Failure(kept.error());
  return Answer(Done());
}

}  // namespace cmdsrv
