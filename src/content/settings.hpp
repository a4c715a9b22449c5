#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// cmdsrv.conf (spec config 1) with every default filled in. Paths are already inside the root; directory paths end in
/// '/'.
struct Settings {
  json::object as_sent;  ///< for GET-ADM-CONF: the file's `cmdsrv_conf` with defaults, unknown keys kept, no secret
  std::vector<std::string> complaints;  ///< sentences about keys of wrong type or range; the default is used for them

  std::string cmdsrv_dir;
  std::string state_dir;       ///< /var/lib/iiab-cmdsrv/ (key state_dir): run records, job outputs
  std::string job_output_dir;  ///< key job_output_dir, default <state_dir>jobs/
  std::string socket_path;     ///< /run/cmdsrv_sock, no key
  std::string lock_path;       ///< /run/iiab-cmdsrv.lock, no key
  std::string pid_file;
  std::string ready_file;
  std::string database_path;
  std::string apache_user;
  std::string gateway_user;         ///< key: may connect too; no such account is no mistake
  std::string admin_console_group;  ///< key: its members may use the console, like those of sudo
  std::string iiab_admin_user;      ///< key: the administrator that the installer makes

  int workers = 5;
  int max_concurrent_jobs = 7;
  int max_rpi_jobs = 4;
  std::size_t max_unfinished_jobs = 10'000;  ///< key: more are not accepted
  bool lower_job_priority = true;
  std::size_t max_command_bytes = 1U << 20U;
  std::size_t max_queued = 256;  ///< key max_queued_requests
  int handler_deadline_s = 50;
  int fetch_stall_s = 60;               ///< key fetch_stall_s: a download without a byte for so long has failed
  int download_retry_days = 7;          ///< key, as the two below: how long a download is tried again; 0: not at all
  int download_retry_first_s = 5;       ///< the first pause; each is twice as long as the one before
  int download_retry_longest_s = 1800;  ///< ... up to this
  int db_keep_commands_days = 90;       ///< 0: for ever, as of jobs
  int db_keep_jobs_days = 365;
  int job_log_keep_days = 90;  ///< key job_log_keep_days: outputs of ended jobs
  int job_log_most_mb = 256;   ///< key job_log_most_mb: of all of them together, the oldest go first
  bool allow_stop_from_web = false;
  bool dry_run = false;

  std::string inet_check_host = "en.wikipedia.org";
  std::uint16_t inet_check_port = 80;
  std::string inet_speed_url = "http://cachefly.cachefly.net/10mb.test";
  std::string known_pi_password;      ///< key: the one that Raspberry Pi OS shipped with; never sent
  bool tailscale_allow_http = false;  ///< key: a login server without TLS, in a network of one's own

  std::string ansible_program;
  std::string ansible_playbook_program;
  std::vector<std::string> secret_variables;  ///< key: endings of variables that GET-VARS leaves out

  std::string iiab_repo;
  std::string iiab_ini_file;
  std::string iiab_local_vars_file;
  std::string kiwix_catalog_file;
  std::string doc_root;
  std::string content_base;
  std::string zim_dir;
  std::string zim_downloads_dir;
  std::string zim_working_dir;
  std::string zim_download_prefix;
  std::string js_menu_dir;
  std::string modules_dir;
  std::string uploads_dir;     ///< <content_base>working/uploads/
  std::string assets_dir;      ///< <doc_root>common/assets/
  std::string home_menu_file;  ///< <doc_root>home/menu.json
  std::string menu_defs_dir;   ///< <js_menu_dir>menu-files/menu-defs/
  std::string run_lock_dir;    ///< /run/lock/

  std::string kiwix_opds_url;  ///< outside addresses are keys, so that a box can play the internet
  std::string iiab_zim_cat_url;
  std::string iiab_module_cat_url;
  std::string menu_def_base_url;  ///< of a repository in the manner of GitHub: git/trees/BRANCH, contents/PATH below it
  std::string menu_def_branch;
  std::string map_archive_url;  ///< ends in '/': <it><id>/<id>
  std::string map_iiab_url;     ///< ends in '/': <it><id>
  std::string kalite_url;

  std::string module_catalog_file;   ///< key oer2go_catalog_file
  std::string module_downloads_dir;  ///< key rachel_downloads_dir
  std::string module_working_dir;    ///< key rachel_working_dir
  std::string map_catalog_file;      ///< key adm_maps_catalog_path
  std::string maps_working_dir;
  std::string map_viewer_dir;   ///< <vector_map_path>/viewer/
  std::string map_tiles_dir;    ///< key vector_map_tiles_path
  std::string maps_tiles_base;  ///< file names of the two base maps
  std::string maps_sat_base;
  std::string maps_download_src;    ///< contabo, archive, iiab.me, bittorrent
  std::string presets_dir;          ///< <cmdsrv_dir>presets/
  std::string menu_images_dir;      ///< <js_menu_dir>menu-files/images/
  std::string menu_def_token_file;  ///< key: readable by root alone; empty or missing: nothing is uploaded
  std::string rclone_config_file;   ///< key: /root/.config/rclone/rclone.conf
  std::string kalite_dir;           ///< key: /library/ka-lite/
  std::string kolibri_dir;          ///< key: /library/kolibri/
  std::string rachel_dir;           ///< key: /library/rachel/
  std::vector<std::string>
      rclone_remotes;         ///< key: names that catalogs may use; empty: those of rclone's configuration
  int root_reserve_mb = 500;  ///< key: what jobs leave free on the file system of the system
};

/// Reads <CMDSRV_DIR>/cmdsrv.conf (or `file` when not empty). `cmdsrv_dir` is inside the root already; empty:
/// /opt/admin/cmdsrv in it. Errors: NotFound, Corrupt with the byte, Malformed naming an F key of wrong type (spec
/// config 1).
Result<Settings> ReadSettings(const Root& root, const std::string& cmdsrv_dir, const std::string& file = {});

/// The same from a text; pure. For tests and fuzzing.
Result<Settings> ParseSettings(const Root& root, const std::string& cmdsrv_dir, std::string_view text);

}  // namespace cmdsrv
