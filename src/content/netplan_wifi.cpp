#include "content/netplan_wifi.hpp"

#include "base/json.hpp"
#include "content/yaml_reader.hpp"

namespace cmdsrv {
namespace {

/// The object under this key, made when missing; null when something else is there.
json::object* Level(json::object& above, std::string_view key) {
  json::value& value = above[key];
  if (value.is_null()) value.emplace_object();
  return value.if_object();
}

}  // namespace

Result<Secret> SetNetplanWifi(std::string_view text, std::string_view ssid, const Secret& psk) {
  const auto entries = ReadYaml(text);
  if (!entries)
    return Fail(ErrorCode::Corrupt, "cannot read line {} of it: {}", entries.error().line, entries.error().what);
  json::object top = ValuesOf(*entries);
  json::object* level = &top;
  for (const char* key : {"network", "wifis", "wlan0", "access-points"}) {
    level = Level(*level, key);
    if (level == nullptr) return Fail(ErrorCode::Corrupt, "cannot change the network: {} is no mapping", key);
    if (std::string_view(key) == "network" && !level->contains("version")) (*level)["version"] = 2;
    if (std::string_view(key) == "wlan0" && !level->contains("dhcp4")) (*level)["dhcp4"] = true;
  }
  json::object& point = (*level)[ssid].emplace_object();
  if (!psk.Empty()) point["password"] = psk.Expose();
  return Secret(PrintJsonIndented(top));
}

}  // namespace cmdsrv
