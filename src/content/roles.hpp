#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/files.hpp"

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
  std::string_view unit_or_file;        ///< empty for Install
  std::string_view unit_variable = {};  ///< the variable that names the unit where it is set
};

/// The roles as they come with the program, sorted by name; RoleTable has those of this box.
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
    {"samba", RoleSource::Service, "smbd.service", "smb_service"},
    {"sugarizer", RoleSource::Service, "sugarizer.service"},
    {"tailscale", RoleSource::Service, "tailscaled.service"},
    {"transmission", RoleSource::Service, "transmission-daemon.service"},
    {"usb_lib", RoleSource::Service, "usbmount@.service"},
    {"vnstat", RoleSource::Service, "vnstat.service"},
    {"wordpress", RoleSource::NginxConf, "wordpress-nginx.conf"},
}};

/// Null when the program brings no such role.
const Role* FindRole(std::string_view name);

/// A role of this box.
struct RoleRow {
  std::string name;
  RoleSource source = RoleSource::Service;
  std::string unit_or_file;
  std::string unit_variable;
};

/// The effective value of a variable, when it has one that is a text.
using VariableOf = std::function<std::optional<std::string>(std::string_view name)>;

/// The unit or file of a role as it is on this box: "smbd" in the variable means smbd.service. What is no unit's name
/// is not taken from a variable.
std::string UnitOrFileOf(const RoleRow& role, const VariableOf& variable);

/// The roles of the program, and what a JSON file says differently:
///   {"roles": {"samba": {"source": "service", "unit": "smb.service", "unit_variable": "smb_service"},
///              "wiki": {"source": "nginx-conf", "file": "wiki.conf"}}}
class RoleTable {
 public:
  RoleTable();
  /// A row that cannot be understood is left out and described in Complaints(); Corrupt when the text is no such file.
  static Result<RoleTable> Parse(std::string_view text);

  const RoleRow* Find(std::string_view name) const;
  const std::vector<RoleRow>& Rows() const { return rows_; }  ///< sorted by name
  const std::vector<std::string>& Complaints() const { return complaints_; }

 private:
  friend class RoleTableCache;
  void Put(RoleRow row);

  std::vector<RoleRow> rows_;
  std::vector<std::string> complaints_;
};

/// The table with a file of the box, read again when it has changed. Any thread.
class RoleTableCache {
 public:
  explicit RoleTableCache(std::string path) : path_(std::move(path)) {}
  /// A missing file says nothing; neither does a broken one, but for a complaint. Each complaint is logged once.
  std::shared_ptr<const RoleTable> Get();

 private:
  const std::string path_;
  std::mutex mutex_;
  std::optional<FileFacts> facts_;
  std::shared_ptr<const RoleTable> current_;
};

/// Roles that iiab_state.yml calls installed: flat lines like "kiwix_installed: True", of duplicates the last one.
std::set<std::string, std::less<>> InstalledRoles(std::string_view state);

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
