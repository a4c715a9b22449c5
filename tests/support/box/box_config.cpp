#include <pwd.h>
#include <unistd.h>

#include "support/box/box.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

/// The port of a box that no server serves yet: nothing listens there, so a fetch fails at once.
constexpr const char* kNowhere = "http://127.0.0.1:9";

/// apache_user must exist: in a box it is whoever runs the box.
std::string AccountName() {
  const passwd* account = ::getpwuid(::geteuid());
  return account != nullptr ? account->pw_name : "root";
}

/// Absolute paths without the root: the server puts its --root before them.
json::object HostKeys() {
  return {
      {"iiab_base", "/opt/iiab"},
      {"iiab_repo", "/opt/iiab/iiab"},
      {"iiab_config_dir", "/etc/iiab"},
      {"iiab_config_file", "/etc/iiab/iiab.env"},
      {"iiab_ini_file", "/etc/iiab/iiab.ini"},
      {"iiab_local_vars_file", "/etc/iiab/local_vars.yml"},
      {"doc_root", "/library/www/html"},
      {"content_base", "/library"},
      {"zim_dir", "/library/zims/"},
      {"zim_downloads_dir", "/library/downloads/zims/"},
      {"zim_working_dir", "/library/working/zims/"},
      {"zim_download_prefix", "kiwix-0.9+"},
      {"kiwix_catalog_file", "/etc/iiab/kiwix_catalog.json"},
      {"oer2go_catalog_file", "/etc/iiab/oer2go_catalog.json"},
      {"rachel_downloads_dir", "/library/downloads/rachel/"},
      {"rachel_working_dir", "/library/working/rachel/"},
      {"oer2go_cat_url", ""},
      {"rachel_mods_url", ""},
      {"oer2go_mods_url", ""},
      {"modules_dir", "/library/www/html/modules/"},
      {"maps_downloads_dir", "/library/downloads/maps/"},
      {"maps_working_dir", "/library/working/maps/"},
      {"adm_maps_catalog_file", "adm-map-catalog.json"},
      {"adm_maps_catalog_url", "/common/assets/adm-map-catalog.json"},
      {"adm_maps_catalog_path", "/library/www/html/common/assets/adm-map-catalog.json"},
      {"vector_map_path", "/library/www/osm-vector-maps"},
      {"vector_map_tiles_path", "/library/www/osm-vector-maps/viewer/tiles/"},
      {"maps_tiles_base", "osm-planet_z0-z10_2020.mbtiles"},
      {"maps_sat_base", "satellite_z0-z9_2020.mbtiles"},
      {"maps_download_src", "archive"},
      {"js_menu_dir", "/library/www/html/js-menu/"},
  };
}

json::object ServerKeys() {
  return {
      {"cmdsrv_no_workers", 5},
      {"cmdsrv_job_poll_sleep_interval", 1},
      {"cmdsrv_max_concurrent_jobs", 7},
      {"cmdsrv_max_rpi_jobs", 4},
      {"cmdsrv_pid_file", "/run/iiab-cmdsrv.pid"},
      {"cmdsrv_ready_file", "/run/iiab-cmdsrv-ready"},
      {"cmdsrv_lower_job_priority_flag", true},
      {"cmdsrv_lower_job_priority_str", "/usr/bin/nice -n19 /usr/bin/ionice -c2 -n7 "},
      {"cmdsrv_dbname", "cmdsrv.0.3.db"},
      {"ansible_playbook_program", "/usr/bin/ansible-playbook"},
      {"ansible_program", "/usr/bin/ansible"},
      {"apache_user", AccountName()},
      {"squid_service", "squid"},
      {"df_program", "/bin/df"},
  };
}

json::object AddressKeys(const std::string& base, unsigned port) {
  return {
      {"kiwix_opds_url", base + "/catalog/v2/entries?count=-1"},
      {"iiab_zim_cat_url", base + "/iiab-zim-cat.json"},
      {"iiab_module_cat_url", base + "/iiab-module-cat.json"},
      {"menu_def_base_url", base + "/js-menu-files/"},
      {"inet_check_host", "127.0.0.1"},
      {"inet_check_port", port},
      {"inet_speed_url", base + "/10mb.test"},
      {"map_archive_url", base + "/maps/archive/"},
      {"map_iiab_url", base + "/maps/iiab/"},
      {"kalite_url", base + "/kalite"},
  };
}

void Merge(json::object& into, const json::object& from) {
  for (const auto& [key, value] : from) into[key] = value;
}

/// Every "http://127.0.0.1:<digits>" gets the new port. The catalogs may be older copies of what the server gave, so a
/// plain exchange keeps whatever else a test put into them.
std::string WithPort(std::string_view text, unsigned port) {
  static constexpr std::string_view kHead = "http://127.0.0.1:";
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(kHead, at);
    if (found == std::string_view::npos) return out.append(text.substr(at));
    out.append(text.substr(at, found - at)).append(kHead).append(fmt::format("{}", port));
    at = text.find_first_not_of("0123456789", found + kHead.size());
    if (at == std::string_view::npos) return out;
  }
}

Result<void> ExchangePort(const std::string& path, unsigned port) {
  const auto text = ReadText(path);
  if (!text) return text.error().code == ErrorCode::NotFound ? Result<void>{} : Failure(text.error());
  return WriteText(path, WithPort(*text, port));
}

}  // namespace

Result<void> box::WriteConfiguration(const std::string& root) {
  json::object keys = HostKeys();
  Merge(keys, ServerKeys());
  Merge(keys, AddressKeys(kNowhere, 9));
  const json::object document = {{"_comments", "made by iiab-box; paths are below the folder of the box"},
                                 {"cmdsrv_conf", keys}};
  return WriteTextIfMissing(root + kConfigFile, PrintJsonIndented(document));
}

Result<void> SetConfiguration(const std::string& root, const json::object& keys) {
  const std::string path = root + box::kConfigFile;
  const auto text = ReadText(path);
  if (!text) return Failure(text.error());
  auto document = ParseJson(*text);
  if (!document) return Failure(document.error());
  json::object* conf = document->is_object() ? document->as_object()["cmdsrv_conf"].if_object() : nullptr;
  if (conf == nullptr) return Fail(ErrorCode::Corrupt, "{} has no object cmdsrv_conf", path);
  Merge(*conf, keys);
  return WriteText(path, PrintJsonIndented(*document));
}

Result<void> PointToPort(const std::string& root, unsigned port) {
  const std::string base = fmt::format("http://127.0.0.1:{}", port);
  return SetConfiguration(root, AddressKeys(base, port))
      .and_then([&] { return ExchangePort(root + box::kCatalogFile, port); })
      .and_then([&] { return ExchangePort(root + "/etc/iiab/oer2go_catalog.json", port); })
      .and_then([&] { return ExchangePort(root + "/internet/iiab-module-cat.json", port); })
      .and_then([&] { return ExchangePort(root + "/library/www/html/common/assets/adm-map-catalog.json", port); });
}

}  // namespace cmdsrv::test
