#include "support/box/box.hpp"
#include "support/files.hpp"

namespace cmdsrv::test::box {
namespace {

constexpr std::string_view kIni = R"([runtime]
runtime_branch = master
runtime_commit = 0000box0
runtime_date = 2026-04-30T10:11:12Z

; what the host project installed
[kiwix]
name = Kiwix
description = Serves ZIM files
kiwix_install = True
kiwix_enabled = True

[calibreweb]
name = Calibre-Web
calibreweb_install = True
calibreweb_enabled = False

[computed_network]
iiab_lan_iface = br0
iiab_network_mode = Gateway
)";

constexpr std::string_view kDefaultVars =
    R"(# Variables of a small box. Those that an administrator changes belong into local_vars.yml.

# Where things are
content_base: /library
doc_root: "{{ content_base }}/www/html"
etc_path: /etc
iiab_ini_file: "{{ etc_path }}/iiab/iiab.ini"
iiab_zim_path: "{{ content_base }}/zims"
kiwix_library_xml: "{{ iiab_zim_path }}/library.xml"

# Network
iiab_hostname: box
iiab_domain: lan
gui_desired_network_role: Gateway   # Gateway, Appliance or LanController
gui_static_wan: False
gui_static_wan_ip: 192.168.1.5
gui_static_wan_netmask: 255.255.255.0
gui_static_wan_gateway:
gui_static_wan_nameserver:
iiab_gateway_enabled: True
ports_externally_visible: 3
wifi_up_down: True
host_ssid: "Internet in a Box"
host_wifi_mode: g
host_channel: 6
host_country_code: US
hostapd_enabled: True
hostapd_secure: False
hostapd_password: EXAMPLE-not-a-secret
lan_networks: [172.18.96.0/19, 10.10.10.0/24]
is_proot: no
web_port: "{{ 8085 if is_proot else 80 }}"

# Roles
kiwix_install: True
kiwix_enabled: True
kiwix_port: 3000
kolibri_install: False
kolibri_enabled: False
kalite_install: False
kalite_enabled: False
calibreweb_install: True
calibreweb_enabled: False
osm_vector_maps_install: True
osm_vector_maps_enabled: True
samba_install: False
samba_enabled: False
smb_service: smbd
squid_install: False
squid_enabled: False
proxy: squid
usb_lib_install: True
usb_lib_enabled: True

# Other kinds of value
default_language: en
exFAT_enabled: yes
python_version: 3.11
js_menu_install: True
some_mode: 0755
menu_langs:
  - en
  - fr
)";

constexpr std::string_view kLocalVars = R"(# Written by hand; comments and order must survive.

iiab_hostname: box   # the name of this box
kiwix_enabled: True   # True means on
my_kiwix_enabled: False   # a key that contains another one

host_ssid: "Village school"   # what the pupils see
)";

constexpr std::string_view kState = R"(# What was installed, written by the host project
kiwix_installed: True
calibreweb_installed: True
osm_vector_maps_installed: True
usb_lib_installed: True
)";

/// A playbook of the host project in small, which harms nothing.
constexpr std::string_view kPlaybook = R"(- hosts: all
  gather_facts: no
  vars_files:
    - vars/default_vars.yml
  tasks:
    - name: Look at the variables
      debug:
        msg: "{{ content_base }}"
      tags: [base]
    - name: Look at the network
      debug:
        msg: network
      tags: [network]
)";
constexpr std::string_view kRole = R"(- name: Look at the role
  debug:
    msg: "{{ role_name }}"
)";
constexpr std::string_view kNetwork = R"(#!/bin/sh
# Like the real one it insists on its own directory.
[ -f iiab-network ] || { echo "run me where I am"; exit 1; }
echo "the network is as it was"
)";

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "iiab-admin:x:1001:1001:Administrator of the box:/home/iiab-admin:/bin/bash\n";
constexpr std::string_view kGroup =
    "root:x:0:\n"
    "sudo:x:27:iiab-admin\n"
    "iiab-admin:x:1001:\n";
// The password of the demo account is that of every fresh Internet-in-a-Box: g0adm1n
constexpr std::string_view kShadow =
    "root:*:19000:0:99999:7:::\n"
    "iiab-admin:$6$iiabbox$o0HsBn.MyvDoAgzNk3KWoMAC735fqAoYEOID6fv9VtoNb8daEE2/OlumdNkTQIBBQ2Q6R7L2M0nRo6f96DGW00"
    ":19000:0:99999:7:::\n";

}  // namespace

Result<void> WriteHostFiles(const std::string& root) {
  struct File {
    const char* path;
    std::string_view text;
    unsigned mode = 0644;
  };
  const std::string uuid = UuidFor("the box") + "\n";
  const File files[] = {
      {"/etc/iiab/iiab.ini", kIni},
      {"/etc/iiab/iiab.env", "IIAB_BASE_PATH=/opt/iiab\n"},
      {"/etc/iiab/local_vars.yml", kLocalVars},
      {"/etc/iiab/iiab_state.yml", kState},
      {"/etc/iiab/uuid", uuid},
      {"/opt/iiab/iiab/vars/default_vars.yml", kDefaultVars},
      {"/opt/iiab/iiab/ansible_hosts", "127.0.0.1\n"},
      {"/opt/iiab/iiab/iiab-from-console.yml", kPlaybook},
      {"/opt/iiab/iiab/iiab-network", kNetwork, 0755},
      {"/opt/iiab/iiab/roles/0-init/tasks/main.yml", kRole},
      {"/opt/iiab/iiab/roles/network/tasks/main.yml", kRole},
      {"/opt/iiab/iiab/roles/kolibri/tasks/main.yml", kRole},
      {"/opt/iiab/iiab/roles/kiwix/tasks/main.yml", kRole},
      {"/opt/admin/cmdsrv/ansible.cfg",
       "[defaults]\ninterpreter_python = /usr/bin/python3\nlocal_tmp = /tmp/.iiab-box-ansible\n"
       "remote_tmp = /tmp/.iiab-box-ansible\n"},
      {"/etc/passwd", kPasswd},
      {"/etc/group", kGroup},
      {"/etc/shadow", kShadow, 0600},
  };
  for (const File& file : files) {
    if (auto written = WriteTextIfMissing(root + file.path, file.text, file.mode); !written) return written;
  }
  return {};
}

}  // namespace cmdsrv::test::box
