#include "content/wifi_files.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kFreshConf =
    "ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\n"
    "update_config=1\n"
    "country=US\n";

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// GKeyFile drops blanks around a value and knows escapes.
std::string KeyfileText(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == ' ' && (i == 0 || i + 1 == text.size())) {
      escaped += "\\s";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// As numbers: no byte of an SSID can mean anything else then.
std::string KeyfileBytes(std::string_view bytes) {
  std::string numbers;
  for (const char c : bytes) numbers += fmt::format("{};", static_cast<unsigned char>(c));
  return numbers;
}

/// wpa_supplicant knows no escapes between quotes, but takes hex digits without quotes.
std::string WpaText(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E && c != '"' && c != '\\'; });
  return plain ? fmt::format("\"{}\"", text) : ToHex(text);
}

/// True when one of the block's lines gives it this SSID, in quotes or in hex.
bool IsNetworkOf(const std::vector<std::string_view>& block, std::string_view ssid) {
  const std::string quoted = fmt::format("\"{}\"", ssid);
  const std::string hex = ToHex(ssid);
  return std::ranges::any_of(block, [&](std::string_view line) {
    line = Trim(line);
    if (!line.starts_with("ssid=")) return false;
    const std::string_view value = Trim(line.substr(5));
    return value == quoted || std::ranges::equal(value, hex, [](char one, char other) {
             return (one >= 'A' && one <= 'F' ? static_cast<char>(one - 'A' + 'a') : one) == other;
           });
  });
}

void Append(std::string& text, std::string_view line) {
  text += line;
  text += '\n';
}

void Append(std::string& text, const std::vector<std::string_view>& lines) {
  for (const std::string_view line : lines) Append(text, line);
}

/// The lines of `text` but empty ones and the blocks of this SSID. A block that never ends is not ours to judge.
void AppendOthers(std::string& result, std::string_view text, std::string_view ssid) {
  std::vector<std::string_view> block;
  for (const std::string_view line : Split(text, '\n')) {
    const std::string_view trimmed = Trim(line);
    if (trimmed.empty()) continue;
    const bool begins = trimmed.starts_with("network") && trimmed.ends_with('{');
    if (begins) Append(result, std::exchange(block, {}));
    if (!begins && block.empty()) {
      Append(result, line);
      continue;
    }
    block.push_back(line);
    if (!trimmed.starts_with('}')) continue;
    if (!IsNetworkOf(block, ssid)) Append(result, block);
    block.clear();
  }
  Append(result, block);
}

}  // namespace

bool IsSsid(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::ranges::none_of(text, IsControl) && IsUtf8(text);
}

bool IsBssid(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !IsHex(text[i])) return false;
  }
  return true;
}

std::string NmKeyfileName(std::string_view ssid) { return fmt::format("iiab-wifi-{}.nmconnection", ToHex(ssid)); }

Secret WriteNmKeyfile(std::string_view ssid, const std::string& uuid, WifiKey kind, const Secret& secret) {
  std::string text;
  text.reserve(2048);  // never moved in memory, so that no copy of the secret stays behind
  text += "[connection]\nid=";
  text += KeyfileText(ssid);
  text += "\nuuid=" + uuid + "\ntype=wifi\nautoconnect-priority=10\ninterface-name=wlan0\n\n";
  text += "[wifi]\nmode=infrastructure\nssid=" + KeyfileBytes(ssid) + "\n\n";
  if (kind != WifiKey::None) {
    text += kind == WifiKey::Psk ? "[wifi-security]\nkey-mgmt=wpa-psk\npsk=" : "[wifi-security]\nkey-mgmt=sae\npsk=";
    text += kind == WifiKey::Psk ? std::string(secret.Expose()) : KeyfileText(secret.Expose());
    text += "\n\n";
  }
  text += "[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n";
  return Secret(std::move(text));
}

Secret ReplaceWpaNetwork(std::string_view text, std::string_view ssid, const Secret& psk) {
  std::string result;
  result.reserve(text.size() + kFreshConf.size() + 512);  // never moved in memory, as above
  AppendOthers(result, text.empty() ? kFreshConf : text, ssid);
  result += "network={\n\tssid=" + WpaText(ssid) + "\n";
  result += psk.Empty() ? "\tkey_mgmt=NONE" : "\tpsk=";
  result += psk.Expose();
  result += "\n}\n";
  return Secret(std::move(result));
}

}  // namespace cmdsrv
