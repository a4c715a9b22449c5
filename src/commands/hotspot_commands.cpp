#include "base/log.hpp"
#include "commands/confirm_within.hpp"
#include "commands/handlers.hpp"
#include "commands/network_info.hpp"
#include "content/hostapd_conf.hpp"
#include "content/variables_merge.hpp"
#include "platform/files.hpp"
#include "platform/systemd_units.hpp"

namespace cmdsrv {
namespace {

using Kind = WayBackAct::Kind;

constexpr log::Domain kCommands{"commands"};
constexpr std::size_t kFileLimit = 1U << 20U;
constexpr std::chrono::seconds kReplyFirst{1};  // the one who asks may sit behind the hotspot that goes away

Failure Refuse(std::string_view text) { return Failure(Error{ErrorCode::Refused, std::string(text)}); }

std::chrono::milliseconds TimeOf(const Services& services) {
  return std::chrono::seconds(services.settings.handler_deadline_s);
}

/// The old password is put back with the old file; without one in the variables there is nothing to put back.
WayBack BackToHotspot(const std::string& path, std::string old_text, const Variables& variables) {
  WayBack way{{Kind::RestoreFile, path, std::move(old_text)}, {Kind::RestartHotspot}};
  const std::string old_password = variables.Text("hostapd_password");
  if (IsWifiPassword(old_password)) way.push_back({Kind::SetPassword, {}, old_password});
  return way;
}

bool RestartHostapd(const Services& services) {
  return services.network.programs.Succeeds({"systemctl", "restart", "hostapd.service"}, TimeOf(services));
}

/// Of the conf file that is written already.
Result<void> UseHotspotPassword(const Services& services, const Secret& password) {
  if (!RestartHostapd(services)) return Refuse("Unknown error restarting hostapd.");
  const auto set = ChangeVariablesFile(services.settings.iiab_local_vars_file,
                                       {{"hostapd_password", json::string_view(password.Expose())}});
  if (set) return {};
  log::Error(kCommands, "{}", set.error().message);
  return Refuse("Unable to write the Hotspot password to the local variables.");
}

bool SwitchHotspot(const Services& services, const std::string& program) {
  return services.network.programs.Succeeds({program}, TimeOf(services));
}

/// Nothing to undo when the hotspot is already as it shall be.
WayBack BackToSwitch(const Services& services, bool on) {
  const auto units = LookAtUnits(
      services.root, {.units = {"hostapd.service"}, .deadline = std::chrono::seconds(5), .stop_fd = services.stop_fd});
  const bool was_on = units ? units->front().IsActive() : !on;
  if (was_on == on) return {};
  return {{Kind::SwitchHotspot, on ? "off" : "on"}};
}

/// A little later, in a thread that has the time.
void SwitchOffSoon(Services& services, NetworkGuard::Change change, const std::string& program) {
  auto shared = std::make_shared<NetworkGuard::Change>(std::move(change));
  services.network.timer.After(kReplyFirst, [shared, &services, program] {
    if (!SwitchHotspot(services, program)) return;  // the change goes back when it is let go
    if (auto kept = shared->Keep(); !kept) log::Error(kCommands, "CTL-WIFI: {}", kept.error().message);
  });
}

}  // namespace

Result<Outcome> CtlHotspot(const Arguments& arguments, Services& services) {
  const Secret password(std::string(*arguments.Text("hotspot_password")));
  if (!IsWifiPassword(password.Expose())) return Refuse("Hotspot password must be 8 to 63 printable characters.");
  auto change = services.network.guard.Begin("CTL-HOTSPOT");
  if (!change) return Failure(change.error());
  const std::string path = HostapdConfPath(services.root);
  auto old = ReadFile(path, kFileLimit);
  if (!old) {
    log::Warning(kCommands, "{}", old.error().message);
    return Refuse("Hotspot conf file not found.");
  }
  const auto conf = ReplaceHotspotPassword(*old, password);
  if (!conf) return Refuse("Hotspot is not in secure mode.");
  auto armed =
      change->Arm(BackToHotspot(path, std::move(*old), *services.config.variables.Get()), ConfirmWithin(arguments));
  if (!armed) return Failure(armed.error());
  if (auto written = WriteFileAtomically(path, conf->Expose(), {.mode = 0600}); !written) {
    log::Error(kCommands, "{}", written.error().message);
    // Who uses the hotspot is left in peace when nothing was changed.
    if (ReadFile(path, kFileLimit).value_or(std::string()) != conf->Expose()) change->Drop();
    return Refuse("Unknown error writing to Hotspot conf file.");
  }
  if (auto used = UseHotspotPassword(services, password); !used) return Failure(used.error());
  if (auto kept = change->Keep(); !kept) return Failure(kept.error());
  return Answer(Success{});
}

Result<Outcome> CtlWifi(const Arguments& arguments, Services& services) {
  if (!IsRaspberryPi(services.root)) return Refuse("Only supported on Raspberry Pi.");
  const bool on = *arguments.Text("hotspot_on_off") == "on";
  const std::string program = on ? "iiab-hotspot-on" : "iiab-hotspot-off";
  if (const auto found = services.root.FindActingProgram(program); !found) {
    log::Warning(kCommands, "{}", found.error().message);
    return Refuse("Unable to switch Hotspot.");
  }
  auto change = services.network.guard.Begin("CTL-WIFI");
  if (!change) return Failure(change.error());
  if (auto armed = change->Arm(BackToSwitch(services, on), ConfirmWithin(arguments)); !armed)
    return Failure(armed.error());
  if (!on) {
    SwitchOffSoon(services, std::move(*change), program);
    return Answer(Success{});
  }
  if (!SwitchHotspot(services, program)) return Refuse("Unable to switch Hotspot.");
  if (auto kept = change->Keep(); !kept) return Failure(kept.error());
  return Answer(Success{});
}

Result<Outcome> CtlBluetooth(const Arguments& arguments, Services& services) {
  if (!IsRaspberryPi(services.root)) return Refuse("Only supported on Raspberry Pi.");
  const std::string program = "iiab-bt-pan-" + std::string(*arguments.Text("bluetooth_on_off"));
  if (!services.network.programs.Succeeds({program}, TimeOf(services))) return Refuse("Unable to switch Bluetooth.");
  return Answer(Success{});
}

}  // namespace cmdsrv
