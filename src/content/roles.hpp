#pragma once

#include <array>
#include <string_view>

namespace cmdsrv {

/// How one learns whether a role is enabled and active (spec config 8).
enum class RoleSource {
  Service,    ///< the systemd unit is enabled; is active
  NginxConf,  ///< the file exists in /etc/nginx/conf.d; active = enabled
  NginxSite,  ///< the file exists in /etc/nginx/sites-enabled; active = enabled
  Install,    ///< both are what iiab_state.yml says about installed
  Apache,     ///< a relic: never enabled, never active
};

struct Role {
  std::string_view name;
  RoleSource source;
  std::string_view unit_or_file;  ///< empty for Install
};

/// Sorted by name. The unit of `samba` is the default of the variable `smb_service`, which wins where it is set.
inline constexpr std::array<Role, 33> kRoles{{
    {"awstats", RoleSource::NginxConf, "awstats-nginx.conf"},
    {"azuracast", RoleSource::Install, ""},
    {"calibre", RoleSource::Service, "calibre-serve.service"},
    {"calibreweb", RoleSource::Service, "calibre-web.service"},
    {"captiveportal", RoleSource::NginxSite, "capture.conf"},
    {"cups", RoleSource::Service, "cups.service"},
    {"elgg", RoleSource::NginxConf, "elgg-nginx.conf"},
    {"gitea", RoleSource::Service, "gitea.service"},
    {"internetarchive", RoleSource::Service, "internetarchive.service"},
    {"jupyterhub", RoleSource::Service, "jupyterhub.service"},
    {"kalite", RoleSource::Service, "kalite-serve.service"},
    {"kiwix", RoleSource::Service, "kiwix-serve.service"},
    {"kolibri", RoleSource::Service, "kolibri.service"},
    {"lokole", RoleSource::Service, "lokole.service"},
    {"luanti", RoleSource::Service, "luanti-server.service"},
    {"mediawiki", RoleSource::NginxConf, "mediawiki-nginx.conf"},
    {"monit", RoleSource::Service, "monit.service"},
    {"moodle", RoleSource::NginxConf, "moodle-nginx.conf"},
    {"mosquitto", RoleSource::Service, "mosquitto.service"},
    {"munin", RoleSource::NginxConf, "munin24-nginx.conf"},
    {"nextcloud", RoleSource::NginxConf, "nextcloud-nginx.conf"},
    {"nodered", RoleSource::Service, "nodered.service"},
    {"openvpn", RoleSource::Service, "openvpn@xscenet.service"},
    {"osm_vector_maps", RoleSource::NginxConf, "maps-nginx.conf"},
    {"pbx", RoleSource::Service, "freepbx.service"},
    {"phpmyadmin", RoleSource::Apache, "phpmyadmin.conf"},
    {"samba", RoleSource::Service, "smbd"},
    {"sugarizer", RoleSource::Service, "sugarizer.service"},
    {"tailscale", RoleSource::Service, "tailscaled.service"},
    {"transmission", RoleSource::Service, "transmission-daemon.service"},
    {"usb_lib", RoleSource::Service, "usbmount@.service"},
    {"vnstat", RoleSource::Service, "vnstat.service"},
    {"wordpress", RoleSource::NginxConf, "wordpress-nginx.conf"},
}};

/// Null when there is no such role.
const Role* FindRole(std::string_view name);

/// installed, enabled or active.
bool IsState(std::string_view text);

/// The name that the playbooks know: "calibreweb" → "calibre-web".
std::string_view PlaybookName(std::string_view role);

struct MenuService {
  std::string_view role;  ///< option <role>_enabled of iiab.ini
  std::string_view item;  ///< menu item definition
};

/// The services that get an item on the home menu (spec tools 9.3); kiwix has its ZIM items instead.
inline constexpr std::array<MenuService, 14> kMenuServices{{
    {"calibre", "en-calibre"},
    {"calibreweb", "en-calibreweb"},
    {"cups", "en-cups"},
    {"elgg", "en-elgg"},
    {"kalite", "en-kalite"},
    {"kolibri", "en-kolibri"},
    {"lokole", "en-lokole"},
    {"mediawiki", "en-mediawiki"},
    {"moodle", "en-moodle"},
    {"nextcloud", "en-nextcloud"},
    {"nodered", "en-nodered"},
    {"internetarchive", "en-internetarchive"},
    {"sugarizer", "en-sugarizer"},
    {"wordpress", "en-wordpress"},
}};

}  // namespace cmdsrv
