// Texts of the network: what nmcli prints about strangers' access points, files that host programs wrote, and the way
// back. The first byte says which, an SSID follows up to the first NUL where one is wanted.
#include "base/text.hpp"
#include "commands/way_back.hpp"
#include "content/hostapd_conf.hpp"
#include "content/netplan_wifi.hpp"
#include "content/nmcli_lists.hpp"
#include "content/wifi_files.hpp"
#include "content/yaml_reader.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

const Secret kPsk(std::string(64, 'a'));

void CheckNmcli(std::string_view text) {
  FUZZ_CHECK(ParseJson(PrintJson(DescribeAccessPoints(ParseAccessPoints(text), "own"))).has_value());
  FUZZ_CHECK(ParseJson(PrintJson(DescribeConnections(ParseConnections(text)))).has_value());
  FUZZ_CHECK(IsUtf8(ParseWifiProfile(text).ssid));
}

void CheckHostapd(std::string_view text) {
  json::object before = ReadHostapdConf(text);
  FUZZ_CHECK(ParseJson(PrintJson(before)).has_value());
  const auto changed = ReplaceHotspotPassword(text, Secret("a new one"));
  FUZZ_CHECK(changed.has_value() == before.contains("wpa_passphrase"));
  if (!changed) return;
  before["wpa_passphrase"] = "a new one";
  FUZZ_CHECK(ReadHostapdConf(changed->Expose()) == before);  // and nothing else has changed
}

/// Each block ends before the next one begins. What is left of a broken file may be read in another way the next time.
bool BlocksAreClosed(std::string_view text) {
  bool open = false;
  for (const std::string_view line : Split(text, '\n')) {
    const std::string_view trimmed = Trim(line);
    const bool begins = trimmed.starts_with("network") && trimmed.ends_with('{');
    if (begins && open) return false;
    open = begins || (open && !trimmed.starts_with('}'));
  }
  return !open;
}

void CheckWpa(std::string_view ssid, std::string_view text) {
  const Secret once = ReplaceWpaNetwork(text, ssid, kPsk);
  FUZZ_CHECK(!BlocksAreClosed(text) || ReplaceWpaNetwork(once.Expose(), ssid, kPsk).Expose() == once.Expose());
  FUZZ_CHECK(once.Expose().ends_with("\n\tpsk=" + std::string(kPsk.Expose()) + "\n}\n"));
}

void CheckNetplan(std::string_view ssid, std::string_view text) {
  const auto changed = SetNetplanWifi(text, ssid, kPsk);
  if (!changed) return;
  const auto read = ReadYaml(changed->Expose());
  FUZZ_CHECK(read.has_value());
  const json::object top = ValuesOf(*read);
  FUZZ_CHECK(top.at("network").at("wifis").at("wlan0").at("access-points").at(ssid).at("password") ==
             json::value(kPsk.Expose()));
}

void CheckKeyfile(std::string_view ssid) {
  const Secret file = WriteNmKeyfile(ssid, "0b5d1b2e-0000-5000-8000-000000000001", WifiKey::Psk, kPsk);
  const Secret other = WriteNmKeyfile("x", "0b5d1b2e-0000-5000-8000-000000000001", WifiKey::Psk, kPsk);
  FUZZ_CHECK(Split(file.Expose(), '\n').size() == Split(other.Expose(), '\n').size());
}

void CheckWayBack(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return;
  const Root root;
  const auto way = ReadWayBack(*document, root);
  if (!way) return;
  FUZZ_CHECK(ReadWayBack(json::value(DescribeWayBack(*way)), root) == *way);
  for (const WayBackAct& act : *way)
    FUZZ_CHECK(act.target.find("..") == std::string::npos || act.target.starts_with('/'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = AsText(data + 1, size - 1);
  const std::size_t end = std::min(text.find('\0'), text.size());
  const std::string_view ssid = text.substr(0, end);
  const std::string_view rest = text.substr(std::min(end + 1, text.size()));
  switch (data[0]) {
    case 'n': CheckNmcli(text); break;
    case 'h': CheckHostapd(text); break;
    case 'b': CheckWayBack(text); break;
    default:
      if (!IsSsid(ssid)) break;
      if (data[0] == 'w') CheckWpa(ssid, rest);
      if (data[0] == 'p') CheckNetplan(ssid, rest);
      CheckKeyfile(ssid);
  }
  return 0;
}
