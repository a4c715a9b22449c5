#include <algorithm>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "commands/handlers.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::chrono::seconds kStatusDeadline{10};

Failure Refuse(std::string_view text) { return Failure(Error{ErrorCode::Refused, std::string(text)}); }

bool IsAlnum(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool AreAll(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) { return IsAlnum(c) || others.find(c) != std::string_view::npos; });
}

bool IsVpnHandle(std::string_view text) { return !text.empty() && text.size() <= 64 && AreAll(text, " ._-"); }

bool IsAuthKey(std::string_view text) { return !text.empty() && text.size() <= 200 && AreAll(text, "_-"); }

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && text.size() <= 63 && AreAll(text, "-") && text.front() != '-' && text.back() != '-';
}

bool IsLoginServer(std::string_view url, bool allow_http) {
  return IsFetchUrl(url) && (url.starts_with("https://") || (allow_http && url.starts_with("http://")));
}

/// "iiab-2026-05-01-1234"
std::string NameOfNow(const Clock& clock) {
  const std::string now = ToDownloadDate(clock.Wall());  // 2026-05-01.12:34:56
  return fmt::format("iiab-{}-{}{}", now.substr(0, 10), now.substr(11, 2), now.substr(14, 2));
}

/// What CTL-TAILSCALE is asked to do when it switches on.
struct TailscaleWish {
  std::string server;
  Secret key;
  std::string host_name;
};

Result<std::string> LoginServer(const Arguments& arguments, const Settings& settings) {
  const std::string_view login = *arguments.Text("tailscale_login");
  if (login == "tailscale") return "https://controlplane.tailscale.com";
  if (login == "iiab") return "https://iiab.net";
  if (login != "custom") return Refuse("Unknown Tailscale login.");
  const std::string_view url = *arguments.Text("tailscale_custom_login");
  if (!IsLoginServer(url, settings.tailscale_allow_http))
    return Fail(ErrorCode::Malformed, "argument tailscale_custom_login is no address that begins with https://");
  return std::string(url);
}

Result<TailscaleWish> ReadWish(const Arguments& arguments, const Services& services) {
  auto server = LoginServer(arguments, services.settings);
  if (!server) return Failure(server.error());
  TailscaleWish wish{std::move(*server), Secret(std::string(*arguments.Text("tailscale_authkey"))),
                     std::string(*arguments.Text("tailscale_hostname"))};
  if (!IsAuthKey(wish.key.Expose()))
    return Fail(ErrorCode::Malformed, "argument tailscale_authkey is no key of Tailscale");
  if (wish.host_name.empty()) wish.host_name = NameOfNow(services.clock);
  if (!IsDnsLabel(wish.host_name))
    return Fail(ErrorCode::Malformed, "argument tailscale_hostname must be letters, digits and dashes");
  return wish;
}

/// Whether it went well, or the text of the error.
Result<void> RunTailscale(const Services& services, std::vector<std::string> argv, std::string_view input,
                          const HandlerDeadline& deadline, std::string_view error) {
  argv.insert(argv.begin(), "tailscale");
  const std::string name = argv[1];
  const auto outcome = services.network.programs.Run(std::move(argv), deadline.Left(std::chrono::minutes(5)), input);
  if (outcome && outcome->exited && outcome->status == 0) return {};
  log::Warning(
      kCommands, "tailscale {} failed: {}", name,
      outcome ? Describe(*outcome) + ": " + Shorten(Trim(ToUtf8(outcome->errors)), 500) : outcome.error().message);
  return Refuse(outcome && outcome->timed_out ? "Tailscale did not answer in time." : error);
}

Result<void> SwitchTailscaleOn(const Services& services, const TailscaleWish& wish, const HandlerDeadline& deadline) {
  constexpr std::string_view kError = "Some errors occurred.";
  // The key is read from standard input: it is in no argument vector and on no disk.
  return RunTailscale(
             services,
             {"up", "--login-server=" + wish.server, "--auth-key=file:/dev/stdin", "--hostname=" + wish.host_name},
             wish.key.Expose(), deadline, kError)
      .and_then([&]() -> Result<void> {
        // Once more, so that the name is taken over. When it does not even go down it is simply up.
        if (!RunTailscale(services, {"down"}, {}, deadline, kError)) return {};
        return RunTailscale(services, {"up"}, {}, deadline, kError);
      });
}

/// Unavailable when it matters that nothing is known of units.
Result<RoleStatus> TailscaleRole(Services& services) {
  const std::vector<std::string> role{"tailscale"};
  const auto statuses = services.box.roles.Look(role, services.stop_fd);
  const auto found = statuses.of.find("tailscale");
  const RoleStatus status = found == statuses.of.end() ? RoleStatus{} : found->second;
  if (status.installed && !statuses.trouble.empty()) return Fail(ErrorCode::Unavailable, "{}", statuses.trouble);
  return status;
}

}  // namespace

Result<Outcome> CtlVpn(const Arguments& arguments, Services& services) {
  const std::string_view handle = *arguments.Text("vpn_handle");
  if (!IsVpnHandle(handle))
    return Fail(ErrorCode::Malformed, "argument vpn_handle has other characters than A-Z a-z 0-9 blank . _ -");
  const bool on = *arguments.Text("vpn_on_off") == "on";
  const auto written = WriteFileAtomically(services.root.Path("/etc/iiab/openvpn_handle"), std::string(handle) + '\n');
  if (!written) {
    log::Error(kCommands, "{}", written.error().message);
    return Refuse("Unable to write VPN handle.");
  }
  const HandlerDeadline deadline(std::chrono::seconds(services.settings.handler_deadline_s));
  const auto systemctl = [&](const char* verb) {
    return services.network.programs.Succeeds({"systemctl", verb, "openvpn.service"},
                                              deadline.Left(std::chrono::minutes(5)));
  };
  bool good = systemctl(on ? "start" : "stop");
  if (*arguments.Text("make_permanent") == "True") good = systemctl(on ? "enable" : "disable") && good;
  if (!good) return Refuse("Some errors occurred.");
  return Answer(Success{});
}

Result<Outcome> GetTailscaleStatus(const Arguments&, Services& services) {
  json::object reply = services.network.known_passwords.Describe(services);
  const auto deadline = std::min(kStatusDeadline, std::chrono::seconds(services.settings.handler_deadline_s));
  const auto outcome = services.network.programs.Run({"tailscale", "status"}, deadline);
  if (!outcome) {
    reply["status"] = "not_installed";
  } else if (!outcome->exited || outcome->status != 0) {
    reply["status"] = "not_active";
  } else {
    reply["status"] = "active";
    std::string lines;  // the console puts it into its page
    for (const char c : EscapeHtml(CleanOutput(outcome->output))) c == '\n' ? lines += "<BR>" : lines += c;
    reply["connections"] = std::move(lines);
  }
  return Answer(json::value(std::move(reply)));
}

Result<Outcome> CtlTailscale(const Arguments& arguments, Services& services) {
  const std::string_view wanted = *arguments.Text("tailscale_on_off");
  if (wanted != "ON" && wanted != "OFF")
    return Fail(ErrorCode::Malformed, "argument tailscale_on_off is neither ON nor OFF");
  const auto role = TailscaleRole(services);
  if (!role) {
    log::Warning(kCommands, "{}", role.error().message);
    return Refuse("Some errors occurred.");
  }
  if (!role->installed) return Refuse("Tailscale not installed.");
  const HandlerDeadline deadline(std::chrono::seconds(services.settings.handler_deadline_s));
  Result<void> done;
  if (wanted == "OFF") {
    if (!role->active) return Refuse("Tailscale already OFF.");
    done = RunTailscale(services, {"logout"}, {}, deadline, "Some errors occurred while stopping.");
  } else {
    const auto wish = ReadWish(arguments, services);
    if (!wish) return Failure(wish.error());
    done = SwitchTailscaleOn(services, *wish, deadline);
  }
  if (!done) return Failure(done.error());
  return Answer(Success{});
}

}  // namespace cmdsrv
