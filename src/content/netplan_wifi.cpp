#include "content/netplan_wifi.hpp"

#include <algorithm>
#include <utility>

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

/// Characters that JSON may have as they are and YAML may not, as escapes that both know. All stand in texts.
std::string EscapeForYaml(std::string_view json_text) {
  static constexpr std::pair<std::string_view, std::string_view> kSpecial[] = {
      {"\x7f", "\\u007f"},         {"\xe2\x80\xa8", "\\u2028"}, {"\xe2\x80\xa9", "\\u2029"},
      {"\xef\xbb\xbf", "\\ufeff"}, {"\xef\xbf\xbe", "\\ufffe"}, {"\xef\xbf\xbf", "\\uffff"}};
  std::string yaml;
  yaml.reserve(json_text.size() + 64);
  while (!json_text.empty()) {
    const auto special =
        std::ranges::find_if(kSpecial, [&](const auto& one) { return json_text.starts_with(one.first); });
    const bool is_control = json_text.starts_with('\xc2') && json_text.size() > 1 &&
                            static_cast<unsigned char>(json_text[1]) < 0xA0;  // U+0080 to U+009F
    if (special != std::end(kSpecial)) {
      yaml += special->second;
      json_text.remove_prefix(special->first.size());
    } else if (is_control) {
      yaml += fmt::format("\\u00{:02x}", static_cast<unsigned char>(json_text[1]));
      json_text.remove_prefix(2);
    } else {
      yaml += json_text[0];
      json_text.remove_prefix(1);
    }
  }
  return yaml;
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
  std::string yaml = EscapeForYaml(PrintJsonIndented(top));
  // A network that nobody can read is no network, and this one may be the only way into the box.
  if (!ReadYaml(yaml))
    return Fail(ErrorCode::Corrupt, "cannot change the network: what would be written could not be read again");
  return Secret(std::move(yaml));
}

}  // namespace cmdsrv
