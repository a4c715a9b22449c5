#include "content/hostapd_conf.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kPassphrase = "wpa_passphrase";

struct Line {
  std::string key;  ///< empty: a comment, or no setting
  std::string_view value;
};

Line ReadLine(std::string_view line) {
  const std::size_t equals = line.find('=');
  const std::string_view key = Trim(line.substr(0, equals));
  if (equals == std::string_view::npos || key.empty() || key.starts_with('#')) return {};
  Line read{std::string(key), line.substr(equals + 1)};
  std::ranges::transform(read.key, read.key.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (read.value.ends_with('\r')) read.value.remove_suffix(1);
  return read;
}

}  // namespace

json::object ReadHostapdConf(std::string_view text) {
  json::object conf;
  for (const std::string_view one : Split(text, '\n')) {
    const Line line = ReadLine(one);
    if (!line.key.empty()) conf[ToUtf8(line.key)] = ToUtf8(Trim(line.value));
  }
  return conf;
}

bool IsWifiPassword(std::string_view text) {
  return text.size() >= 8 && text.size() <= 63 &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

std::optional<Secret> ReplaceHotspotPassword(std::string_view text, const Secret& password) {
  std::string_view value;
  for (const std::string_view one : Split(text, '\n')) {
    const Line line = ReadLine(one);
    if (line.key == kPassphrase) value = line.value;
  }
  if (value.data() == nullptr) return std::nullopt;
  const auto at = static_cast<std::size_t>(value.data() - text.data());
  std::string replaced;
  replaced.reserve(text.size() + 64);  // never moved in memory, so that no copy of the secret stays behind
  replaced += text.substr(0, at);
  replaced += password.Expose();
  replaced += text.substr(at + value.size());
  return Secret(std::move(replaced));
}

}  // namespace cmdsrv
