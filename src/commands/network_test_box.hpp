#pragma once

// For the tests of this room: a box with stand-ins for the programs of the network, which print what the real ones
// print, write down how they were called, and fail on request.
#include <sys/stat.h>

#include <filesystem>
#include <mutex>

#include "base/log.hpp"
#include "commands/fake_box.hpp"

namespace cmdsrv {

class NetworkBox : public FakeBox {
 public:
  explicit NetworkBox(bool is_pi = true) {
    for (const char* directory : {"/usr/bin", "/etc/hostapd", "/proc/device-tree", "/box/active", "/box/fail"}) {
      std::filesystem::create_directories(root.Path(directory));
    }
    Put("/proc/device-tree/model", is_pi ? std::string("Raspberry Pi 4 Model B Rev 1.4\0", 31) : "PC");
    Put("/etc/iiab/local_vars.yml", "hostapd_enabled: True\n");
    StandIn("systemctl", kSystemctl);
    StandIn("nmcli", kNmcli);
    for (const char* name : {"iiab-hotspot-on", "iiab-hotspot-off", "iiab-bt-pan-on", "iiab-bt-pan-off"}) {
      StandIn(name, "");
    }
    log::SetSink([](log::Level, std::string_view, std::string&& text) {
      const std::scoped_lock lock(LogMutex());
      LogText() += std::string(text) + "\n";
    });
    const std::scoped_lock lock(LogMutex());
    LogText().clear();
  }

  void Put(const std::string& path, std::string_view text) { Write(root.Path(path), text); }
  std::string Get(const std::string& path) { return ReadFile(root.Path(path)).value_or("(missing)"); }
  bool Has(const std::string& path) { return Look(root.Path(path)).has_value(); }
  void Remove(const std::string& path) { std::filesystem::remove_all(root.Path(path)); }

  /// `body`: of a shell script that knows $root and $fail (the status to fail with, where the test wants it).
  void StandIn(const std::string& name, std::string_view body) {
    const std::string path = root.Path("/usr/bin/" + name);
    Write(path, fmt::format("#!/bin/sh\nroot=${{0%/usr/bin/*}}\necho \"{0} $*\" >> \"$root/box/calls\"\n"
                            "if [ -e \"$root/box/fail/{0}\" ]; then exit \"$(cat \"$root/box/fail/{0}\")\"; fi\n{1}",
                            name, body));
    ::chmod(path.c_str(), 0755);
  }

  /// "nmcli": each call of it ends with this status. "nmcli-up", "nmcli-delete", "systemctl-restart": only such calls.
  void Fail(const std::string& what, int status) { Put("/box/fail/" + what, fmt::format("{}", status)); }
  void Activate(const std::string& unit) { Put("/box/active/" + unit, ""); }

  /// How programs were called, a line each.
  std::string Calls() { return ReadFile(root.Path("/box/calls")).value_or(""); }
  bool Called(const std::string& line) { return ("\n" + Calls()).find("\n" + line + "\n") != std::string::npos; }
  std::string Log() {
    const std::scoped_lock lock(LogMutex());
    return LogText();
  }

  std::string Reply(std::string_view verb, std::string_view arguments = "{}") { return TextOf(Ask(verb, arguments)); }

  std::string StatePath() const { return settings.state_dir + "network-change.json"; }
  bool IsArmed() const { return Look(StatePath()).has_value(); }

 private:
  static constexpr std::string_view kSystemctl = R"sh(verb=$1
[ -e "$root/box/fail/systemctl-$verb" ] && exit "$(cat "$root/box/fail/systemctl-$verb")"
for unit in "$@"; do
  case $unit in *.service) ;; *) continue ;; esac
  case $verb in
    start | restart) : > "$root/box/active/$unit" ;;
    stop) rm -f "$root/box/active/$unit" ;;
    show)
      [ -e "$root/box/active/$unit" ] && echo ActiveState=active || echo ActiveState=inactive
      [ "$unit" = bt-pan.service ] && echo UnitFileState= || echo UnitFileState=enabled
      echo ;;
  esac
done
exit 0
)sh";
  static constexpr std::string_view kNmcli =
      R"sh(fails() { [ ! -e "$root/box/fail/nmcli-$1" ] || exit "$(cat "$root/box/fail/nmcli-$1")"; }
case "$*" in
  *"dev wifi"*) cat "$root/box/scan" ;;
  *"name,uuid,type,device con show") cat "$root/box/connections" ;;
  *"uuid,filename con show") cat "$root/box/filenames" ;;
  "-g "*"con show uuid "*) cat "$root/box/profile-$6" ;;
  *"connection up"*) fails up ;;
  "device disconnect"*) fails disconnect ;;
  "connection delete uuid "*) fails delete ;;
esac
)sh";
  static std::string& LogText() {
    static std::string text;
    return text;
  }
  static std::mutex& LogMutex() {
    static std::mutex mutex;
    return mutex;
  }
};

}  // namespace cmdsrv
