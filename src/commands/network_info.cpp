#include "commands/network_info.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/network_manager.hpp"
#include "content/hostapd_conf.hpp"
#include "platform/files.hpp"
#include "platform/network_state.hpp"
#include "platform/systemd_units.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kFileLimit = 1U << 20U;

std::string Text(const std::string& path) { return ReadFile(path, kFileLimit).value_or(std::string()); }

void AddKernel(json::object& info) {
  json::array bridge_devices;
  const auto state = ReadNetworkState();
  if (!state) log::Warning({"commands"}, "{}", state.error().message);
  if (state) {
    for (const NetworkInterface& one : state->interfaces) {
      if (one.loopback) continue;
      json::object& shown = info[ToUtf8(one.name)].emplace_object();
      shown["state"] = one.state;
      shown["addr"] = one.address ? json::value(*one.address) : json::value();
      if (one.forwards) bridge_devices.emplace_back(ToUtf8(one.name));
    }
    if (!state->default_routes.empty()) {
      info["gateway_addr"] = state->default_routes.back().gateway;
      info["gateway_dev"] = ToUtf8(state->default_routes.back().device);
    }
  }
  info["bridge_devs"] = std::move(bridge_devices);
}

std::string_view Status(const UnitFacts& unit) {
  if (unit.IsActive()) return "ON";
  return unit.file == "not-found" || unit.file.empty() ? "UNAVAILABLE" : "OFF";
}

void AddServices(json::object& info, const Services& services) {
  const auto units = LookAtUnits(services.root, {.units = {"hostapd.service", "bt-pan.service"},
                                                 .deadline = std::chrono::seconds(5),
                                                 .stop_fd = services.stop_fd});
  if (!units) log::Warning({"commands"}, "{}", units.error().message);
  info["hostapd_status"] = units ? Status((*units)[0]) : "UNAVAILABLE";
  info["bt_pan_status"] = units ? Status((*units)[1]) : "UNAVAILABLE";
}

void AddNetworkManager(json::object& info, Services& services, std::string_view own_ssid) {
  const NetworkManager manager(services.network.programs, std::chrono::seconds(20));
  const auto points = manager.AccessPoints(NetworkManager::Rescan::Auto);
  const auto connections = manager.Connections();
  info["nmcli_devices"] = points ? DescribeAccessPoints(*points, own_ssid) : json::object();
  info["nmcli_connections"] = connections ? DescribeConnections(*connections) : json::object();
  // The console's screen for the Pi stops without this object.
  if (!info.contains("wlan0")) info["wlan0"] = {{"state", "DOWN"}, {"addr", nullptr}};
}

}  // namespace

bool IsRaspberryPi(const Root& root) {
  for (const char* path : {"/proc/device-tree/model", "/proc/cpuinfo"}) {
    if (Text(root.Path(path)).find("Raspberry") != std::string::npos) return true;
  }
  return false;
}

json::object DescribeNetwork(Services& services) {
  json::object info;
  AddKernel(info);
  info["internet_access"] = services.network.internet.Recent();
  AddServices(info, services);
  json::object hostapd = ReadHostapdConf(Text(HostapdConfPath(services.root)));
  const std::string own_ssid(TextMember(hostapd, "ssid"));
  const std::string_view password = TextMember(hostapd, "wpa_passphrase");
  info["hostapd_password"] = password.empty() ? services.config.variables.Get()->Text("hostapd_password") : password;
  info["hostapd_conf"] = std::move(hostapd);
  info["iiab_uuid"] = ToUtf8(Trim(Text(services.root.Path("/etc/iiab/uuid"))));
  if (IsRaspberryPi(services.root)) AddNetworkManager(info, services, own_ssid);
  if (const auto waiting = services.network.guard.Unconfirmed()) {
    info["unconfirmed_change"] = {{"verb", waiting->verb}, {"seconds_left", waiting->left.count()}};
  }
  return info;
}

}  // namespace cmdsrv
