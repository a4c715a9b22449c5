#include "commands/way_back.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "content/hostapd_conf.hpp"
#include "content/variables_merge.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

using Kind = WayBackAct::Kind;

constexpr log::Domain kCommands{"commands"};
constexpr std::chrono::seconds kDeadline{30};
constexpr mode_t kSecretFile = 0600;

constexpr std::array<std::pair<Kind, std::string_view>, 9> kNames{{
    {Kind::RestoreFile, "restore-file"},
    {Kind::RemoveFile, "remove-file"},
    {Kind::SetPassword, "set-password"},
    {Kind::RestartHotspot, "restart-hotspot"},
    {Kind::SwitchHotspot, "switch-hotspot"},
    {Kind::Load, "load"},
    {Kind::Connect, "connect"},
    {Kind::Disconnect, "disconnect"},
    {Kind::Forget, "forget"},
}};

std::string_view NameOf(Kind kind) {
  return std::ranges::find(kNames, kind, &decltype(kNames)::value_type::first)->second;
}

std::optional<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t high = kDigits.find(hex[i]);
    const std::size_t low = kDigits.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high << 4U | low);
  }
  return bytes;
}

bool IsKeyfile(std::string_view path, const Root& root) {
  for (const std::string& directory : {KeyfileDirectory(root), RuntimeKeyfileDirectory(root)}) {
    if (path.starts_with(directory)) return IsPlainName(path.substr(directory.size()));
  }
  return false;
}

/// The file was ours and only root can write it; still nothing else than what we write there is done.
bool IsAllowed(const WayBackAct& act, const Root& root) {
  switch (act.kind) {
    case Kind::RestoreFile:
    case Kind::RemoveFile:
      return act.target == HostapdConfPath(root) || act.target == WpaSupplicantConfPath(root) ||
             act.target == NetplanPath(root) || IsKeyfile(act.target, root);
    case Kind::SetPassword: return IsWifiPassword(act.text);
    case Kind::SwitchHotspot: return act.target == "on" || act.target == "off";
    case Kind::Load: return IsKeyfile(act.target, root);
    case Kind::Connect:
    case Kind::Forget: return IsUuid(act.target);
    case Kind::RestartHotspot:
    case Kind::Disconnect: return true;
  }
  return false;
}

bool Done(const Result<void>& result) {
  if (!result) log::Error(kCommands, "on the way back: {}", result.error().message);
  return result.has_value();
}

bool EndsWith(const HostPrograms& programs, const std::vector<std::string>& argv, std::array<int, 2> good) {
  const auto outcome = programs.Run(argv, kDeadline);
  return outcome && outcome->exited && std::ranges::find(good, outcome->status) != good.end();
}

bool Do(const WayBackAct& act, const HostPrograms& programs, const Settings& settings) {
  switch (act.kind) {
    case Kind::RestoreFile: return Done(WriteFileAtomically(act.target, act.text, {.mode = kSecretFile}));
    case Kind::RemoveFile: return Done(RemoveFile(act.target).map([](bool) {}));
    case Kind::SetPassword:
      return Done(ChangeVariablesFile(settings.iiab_local_vars_file, {{"hostapd_password", act.text}}));
    case Kind::RestartHotspot: return programs.Succeeds({"systemctl", "restart", "hostapd.service"}, kDeadline);
    case Kind::SwitchHotspot: return programs.Succeeds({"iiab-hotspot-" + act.target}, kDeadline);
    case Kind::Load: return programs.Succeeds({"nmcli", "connection", "load", act.target}, kDeadline);
    case Kind::Connect:
      return programs.Succeeds({"nmcli", "--wait", "20", "connection", "up", "uuid", act.target}, kDeadline);
    // 6: it is not connected, which is what is wanted.
    case Kind::Disconnect: return EndsWith(programs, {"nmcli", "device", "disconnect", "wlan0"}, {0, 6});
    // 10: there is none.
    case Kind::Forget: return EndsWith(programs, {"nmcli", "connection", "delete", "uuid", act.target}, {0, 10});
  }
  return false;
}

}  // namespace

std::string HostapdConfPath(const Root& root) { return root.Path("/etc/hostapd/hostapd.conf"); }
std::string WpaSupplicantConfPath(const Root& root) { return root.Path("/etc/wpa_supplicant/wpa_supplicant.conf"); }
std::string NetplanPath(const Root& root) { return root.Path("/etc/netplan/02-iiab-config.yaml"); }
std::string KeyfileDirectory(const Root& root) { return root.Path("/etc/NetworkManager/system-connections/"); }
std::string RuntimeKeyfileDirectory(const Root& root) { return root.Path("/run/NetworkManager/system-connections/"); }

json::array DescribeWayBack(const WayBack& way) {
  json::array acts;
  for (const WayBackAct& act : way) {
    // Files are bytes, and JSON holds UTF-8 only.
    acts.push_back(json::object{{"act", NameOf(act.kind)}, {"target", act.target}, {"text", ToHex(act.text)}});
  }
  return acts;
}

Result<WayBack> ReadWayBack(const json::value& described, const Root& root) {
  const json::array* acts = described.if_array();
  if (acts == nullptr) return Fail(ErrorCode::Corrupt, "there is no list of acts");
  WayBack way;
  for (const json::value& one : *acts) {
    const json::object fields = one.is_object() ? one.get_object() : json::object();
    const auto name = std::ranges::find(kNames, TextMember(fields, "act"), &decltype(kNames)::value_type::second);
    auto text = FromHex(TextMember(fields, "text"));
    if (name == kNames.end() || !text) return Fail(ErrorCode::Corrupt, "act {} is none", way.size() + 1);
    WayBackAct act{name->first, std::string(TextMember(fields, "target")), std::move(*text)};
    if (!IsAllowed(act, root)) return Fail(ErrorCode::Corrupt, "act {} is not allowed", way.size() + 1);
    way.push_back(std::move(act));
  }
  return way;
}

std::vector<Kind> Walk(const WayBack& way, const HostPrograms& programs, const Settings& settings) {
  std::vector<Kind> failed;
  for (const WayBackAct& act : way) {
    if (Do(act, programs, settings)) continue;
    log::Error(kCommands, "a network change could not be taken back in full: {} failed", NameOf(act.kind));
    failed.push_back(act.kind);
  }
  return failed;
}

}  // namespace cmdsrv
