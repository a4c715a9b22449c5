#include "support/box/box.hpp"
#include "support/files.hpp"

/// Programs of the host that a box must not run for real. They record each call, one line, in
/// <root>/var/lib/box/calls/<program>. They find the root by their own place, because nothing but PATH reaches a job.
namespace cmdsrv::test::box {
namespace {

/// Units are "active" while <root>/var/lib/box/active/<unit> exists, "enabled" while <root>/var/lib/box/enabled/<unit>
/// does; a test makes or removes these files.
constexpr std::string_view kSystemctl = R"(#!/bin/sh
root=${0%/usr/bin/systemctl}
state=$root/var/lib/box
echo "$*" >> "$state/calls/systemctl"
verb=
for word in "$@"; do
  case $word in
    -*) continue ;;
  esac
  if [ -z "$verb" ]; then verb=$word; continue; fi
  case $word in
    */* | .*) exit 1 ;;
    *.*) unit=$word ;;
    *) unit=$word.service ;;
  esac
  case $verb in
    is-active) [ -e "$state/active/$unit" ] && echo active || { echo inactive; exit 3; } ;;
    is-enabled) [ -e "$state/enabled/$unit" ] && echo enabled || { echo disabled; exit 1; } ;;
    start | restart | reload) : > "$state/active/$unit" ;;
    stop) rm -f "$state/active/$unit" ;;
    enable) : > "$state/enabled/$unit" ;;
    disable) rm -f "$state/enabled/$unit" ;;
    show)
      [ -e "$state/active/$unit" ] && echo ActiveState=active || echo ActiveState=inactive
      [ -e "$state/enabled/$unit" ] && echo UnitFileState=enabled || echo UnitFileState=
      echo
      ;;
  esac
done
exit 0
)";

/// The facts of a small box, at once. The real program takes seconds, which a test that is not about it need not wait
/// for.
constexpr std::string_view kAnsible = R"(#!/bin/sh
root=${0%/usr/bin/ansible}
echo "$*" >> "$root/var/lib/box/calls/ansible"
printf '%s' 'localhost | SUCCESS => {"ansible_facts": {"ansible_machine": "x86_64", "ansible_distribution": "Debian",'
printf '%s' ' "ansible_default_ipv4": {"address": "192.168.1.10", "netmask": "255.255.255.0", "gateway": "192.168.1.1",'
printf '%s' ' "alias": "eth0"}, "ansible_local": {"local_facts": {"rpi_model": "none", "os": "debian"}}},'
printf '%s\n' ' "changed": false}'
)";

/// Records the call and succeeds.
std::string Recorder(std::string_view name) {
  return fmt::format("#!/bin/sh\nroot=${{0%/usr/bin/{0}}}\necho \"$*\" >> \"$root/var/lib/box/calls/{0}\"\n", name);
}

}  // namespace

Result<void> WriteStandIns(const std::string& root) {
  for (const char* directory : {"calls", "active", "enabled"}) {
    if (auto made = MakeDirs(root + "/var/lib/box/" + directory); !made) return made;
  }
  for (const char* unit : {"kiwix-serve.service"}) {
    for (const char* kind : {"active", "enabled"}) {
      if (auto made = WriteTextIfMissing(fmt::format("{}/var/lib/box/{}/{}", root, kind, unit), ""); !made) return made;
    }
  }
  if (auto made = WriteTextIfMissing(root + "/usr/bin/systemctl", kSystemctl, 0755); !made) return made;
  if (auto made = WriteTextIfMissing(root + "/usr/bin/ansible", kAnsible, 0755); !made) return made;
  for (const char* name : {"reboot", "shutdown", "poweroff", "umount", "nmcli", "chpasswd", "iiab-hotspot-on",
                           "iiab-hotspot-off", "iiab-network"}) {
    const std::string path = root + "/usr/bin/" + name;
    if (auto made = WriteTextIfMissing(path, Recorder(name), 0755); !made) return made;
  }
  return {};
}

}  // namespace cmdsrv::test::box
