#include "commands/network_manager.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace cmdsrv {
namespace {

using std::chrono::seconds;

constexpr seconds kAnswer{15};
constexpr seconds kConnect{35};  // what is left is for the way back

}  // namespace

Result<std::string> NetworkManager::Ask(std::vector<std::string> argv) const {
  auto outcome = programs_.Run(std::move(argv), deadline_.Left(kAnswer));
  if (!outcome) return Failure(std::move(outcome.error()));
  if (outcome->exited && outcome->status == 0) return std::move(outcome->output);
  return Fail(ErrorCode::Unavailable, "nmcli failed ({}): {}", Describe(*outcome),
              Shorten(Trim(ToUtf8(outcome->errors)), 500));
}

Result<std::vector<AccessPoint>> NetworkManager::AccessPoints(Rescan rescan) const {
  std::vector<std::string> argv{"nmcli", "-t", "-f", std::string(kAccessPointFields), "dev", "wifi"};
  if (rescan == Rescan::No) argv.insert(argv.end(), {"list", "--rescan", "no"});
  return Ask(std::move(argv)).map([](const std::string& output) { return ParseAccessPoints(output); });
}

Result<std::vector<NmConnection>> NetworkManager::Connections() const {
  return Ask({"nmcli", "-t", "-f", std::string(kConnectionFields), "con", "show"}).map([](const std::string& output) {
    return ParseConnections(output);
  });
}

Result<WifiProfile> NetworkManager::Profile(const std::string& uuid) const {
  return Ask({"nmcli", "-g", std::string(kProfileFields), "con", "show", "uuid", uuid})
      .map([](const std::string& output) { return ParseWifiProfile(output); });
}

std::string NetworkManager::KeyfileOf(const std::string& uuid) const {
  const auto output = Ask({"nmcli", "-t", "-f", "uuid,filename", "con", "show"});
  if (!output) return {};
  for (const std::string_view line : Split(*output, '\n')) {
    auto fields = SplitNmcliLine(line);
    if (fields.size() == 2 && fields[0] == uuid) return std::move(fields[1]);
  }
  return {};
}

bool NetworkManager::Disconnect() const {
  return programs_.Succeeds({"nmcli", "device", "disconnect", "wlan0"}, deadline_.Left(kAnswer));
}

bool NetworkManager::Load(const std::string& keyfile) const {
  return programs_.Succeeds({"nmcli", "connection", "load", keyfile}, deadline_.Left(kAnswer));
}

bool NetworkManager::Delete(const std::string& uuid) const {
  return programs_.Succeeds({"nmcli", "connection", "delete", "uuid", uuid}, deadline_.Left(kAnswer));
}

std::optional<int> NetworkManager::Connect(const std::string& uuid, const std::string& bssid) const {
  const auto time = deadline_.Left(kConnect);
  const auto own = std::chrono::duration_cast<seconds>(time).count() - 2;  // it gives up first, so that it says why
  std::vector<std::string> argv{"nmcli",      "--wait", fmt::format("{}", std::max<long long>(own, 1)),
                                "connection", "up",     "uuid",
                                uuid,         "ifname", "wlan0"};
  if (!bssid.empty()) argv.insert(argv.end(), {"ap", bssid});
  const auto outcome = programs_.Run(std::move(argv), time);
  if (!outcome) {
    log::Warning({"commands"}, "cannot run nmcli: {}", outcome.error().message);
    return std::nullopt;
  }
  if (!outcome->exited || outcome->status != 0) {
    log::Warning({"commands"}, "nmcli cannot connect ({}): {}", Describe(*outcome),
                 Shorten(Trim(ToUtf8(outcome->errors)), 500));
  }
  if (!outcome->exited || outcome->timed_out) return std::nullopt;
  return outcome->status;
}

}  // namespace cmdsrv
