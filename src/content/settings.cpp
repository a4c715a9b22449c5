#include "content/settings.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/names.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kConfigLimit = 4U << 20U;

/// Takes values out of the file's keys; what is missing or wrong gets its default, in the object too, so that the
/// console sees what the server uses.
class Reader {
 public:
  Reader(const Root& root, json::object& keys, std::vector<std::string>& complaints)
      : root_(root), keys_(keys), complaints_(complaints) {}

  std::string Text(const char* key, std::string_view otherwise) {
    const json::value* value = keys_.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    if (value != nullptr) Complain(key, "a text");
    keys_[key] = otherwise;
    return std::string(otherwise);
  }

  /// An absolute path, put inside the root.
  std::string File(const char* key, std::string_view otherwise) {
    std::string path = Text(key, otherwise);
    if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) {
      Complain(key, "an absolute path");
      keys_[key] = otherwise;
      path = otherwise;
    }
    return root_.Path(path);
  }

  std::string Directory(const char* key, std::string_view otherwise) {
    std::string path = File(key, otherwise);
    if (path.back() != '/') path += '/';
    return path;
  }

  /// A file name: it is put behind directories.
  std::string Name(const char* key, std::string_view otherwise) {
    std::string name = Text(key, otherwise);
    if (IsSafeName(name)) return name;
    Complain(key, "a plain file name");
    keys_[key] = otherwise;
    return std::string(otherwise);
  }

  /// An address that paths are put behind.
  std::string Address(const char* key, std::string_view otherwise) {
    std::string address = Text(key, otherwise);
    if (!address.ends_with('/')) address += '/';
    return address;
  }

  /// Empty when the key is not there.
  std::vector<std::string> Texts(const char* key) {
    std::vector<std::string> texts;
    const json::value* value = keys_.if_contains(key);
    if (value == nullptr) return texts;
    if (!value->is_array()) Complain(key, "a list of texts");
    for (const json::value& one : value->is_array() ? value->get_array() : json::array{}) {
      if (one.is_string()) texts.emplace_back(one.get_string());
    }
    return texts;
  }

  std::vector<std::string> Texts(const char* key, std::initializer_list<const char*> otherwise) {
    const json::value* value = keys_.if_contains(key);
    const json::array* given = value != nullptr ? value->if_array() : nullptr;
    std::vector<std::string> texts;
    if (given != nullptr && std::ranges::all_of(*given, [](const json::value& one) { return one.is_string(); })) {
      for (const json::value& one : *given) texts.emplace_back(std::string_view(one.get_string()));
      return texts;
    }
    if (value != nullptr) Complain(key, "a list of texts");
    texts.assign(otherwise.begin(), otherwise.end());
    keys_[key] = json::array(texts.begin(), texts.end());
    return texts;
  }

  bool Flag(const char* key, bool otherwise) {
    const json::value* value = keys_.if_contains(key);
    if (value != nullptr && value->is_bool()) return value->get_bool();
    if (value != nullptr) Complain(key, "true or false");
    keys_[key] = otherwise;
    return otherwise;
  }

  /// A number that only the console looks at.
  void AnyNumber(const char* key, int otherwise) {
    const json::value* value = keys_.if_contains(key);
    if (value != nullptr && value->is_number()) return;
    if (value != nullptr) Complain(key, "a number");
    keys_[key] = otherwise;
  }

  template <class Integer>
  Integer Number(const char* key, Integer otherwise, long long smallest, long long largest) {
    if (const json::value* value = keys_.if_contains(key)) {
      const auto number = Whole(*value);
      if (number && *number >= smallest && *number <= largest) return static_cast<Integer>(*number);
      Complain(key, fmt::format("a whole number from {} to {}", smallest, largest));
    }
    keys_[key] = otherwise;
    return otherwise;
  }

 private:
  static std::optional<long long> Whole(const json::value& value) {
    if (value.is_int64()) return value.get_int64();
    if (!value.is_double()) return std::nullopt;
    const double number = value.get_double();
    if (!(number > -1e15 && number < 1e15)) return std::nullopt;
    const auto whole = static_cast<long long>(number);
    return static_cast<double>(whole) == number ? std::optional(whole) : std::nullopt;
  }

  void Complain(std::string_view key, std::string_view wanted) {
    complaints_.push_back(fmt::format("the key {} of cmdsrv.conf must be {}; its default is used", key, wanted));
  }

  const Root& root_;
  json::object& keys_;
  std::vector<std::string>& complaints_;
};

/// Of these keys some only travel to the console. The others are looked up in what is sent, by who uses them.
void CheckOtherKeys(Reader& reader) {
  static constexpr std::pair<const char*, const char*> kTexts[] = {
      {"iiab_base", "/opt/iiab"},
      {"iiab_config_dir", "/etc/iiab"},
      {"iiab_config_file", "/etc/iiab/iiab.env"},
      {"cmdsrv_lower_job_priority_str", "/usr/bin/nice -n19 /usr/bin/ionice -c2 -n7 "},
      {"maps_downloads_dir", "/library/downloads/maps/"},
      {"adm_maps_catalog_file", "adm-map-catalog.json"},
      {"adm_maps_catalog_url", "/common/assets/adm-map-catalog.json"},
      {"df_program", "/bin/df"},
  };
  for (const auto& [key, value] : kTexts) (void)reader.Text(key, value);
  (void)reader.Name("squid_service", "squid");  // of a directory below /etc
  reader.AnyNumber("cmdsrv_job_poll_sleep_interval", 1);
}

void ReadServerKeys(Reader& reader, const Root& root, Settings& settings) {
  settings.socket_path = root.Path("/run/cmdsrv_sock");
  settings.lock_path = root.Path("/run/iiab-cmdsrv.lock");
  settings.run_lock_dir = root.Path("/run/lock/");
  settings.pid_file = reader.File("cmdsrv_pid_file", "/run/iiab-cmdsrv.pid");
  settings.ready_file = reader.File("cmdsrv_ready_file", "/run/iiab-cmdsrv-ready");
  settings.gateway_user = reader.Text("gateway_user", "iiab-cmdsrv-gateway");
  settings.admin_console_group = reader.Text("admin_console_group", "iiab-admin");
  settings.iiab_admin_user = reader.Text("iiab_admin_user", "iiab-admin");
  settings.workers = reader.Number("cmdsrv_no_workers", settings.workers, 1, 64);
  settings.max_concurrent_jobs = reader.Number("cmdsrv_max_concurrent_jobs", settings.max_concurrent_jobs, 1, 64);
  settings.max_rpi_jobs = reader.Number("cmdsrv_max_rpi_jobs", settings.max_rpi_jobs, 1, 64);
  settings.max_unfinished_jobs = reader.Number("max_unfinished_jobs", settings.max_unfinished_jobs, 20, 1'000'000);
  settings.lower_job_priority = reader.Flag("cmdsrv_lower_job_priority_flag", settings.lower_job_priority);
  settings.max_command_bytes = reader.Number("max_command_bytes", settings.max_command_bytes, 1024, 64LL << 20);
  settings.max_queued = reader.Number("max_queued_requests", settings.max_queued, 1, 100'000);
  settings.handler_deadline_s = reader.Number("handler_deadline_s", settings.handler_deadline_s, 1, 3600);
  settings.fetch_stall_s = reader.Number("fetch_stall_s", settings.fetch_stall_s, 1, 3600);
  settings.download_retry_days = reader.Number("download_retry_days", settings.download_retry_days, 0, 365);
  settings.download_retry_first_s = reader.Number("download_retry_first_s", settings.download_retry_first_s, 1, 3600);
  settings.download_retry_longest_s =
      reader.Number("download_retry_longest_s", settings.download_retry_longest_s, 1, 86'400);
  settings.db_keep_commands_days = reader.Number("db_keep_commands_days", settings.db_keep_commands_days, 0, 36'500);
  settings.db_keep_jobs_days = reader.Number("db_keep_jobs_days", settings.db_keep_jobs_days, 0, 36'500);
  settings.job_log_keep_days = reader.Number("job_log_keep_days", settings.job_log_keep_days, 1, 36'500);
  settings.job_log_most_mb = reader.Number("job_log_most_mb", settings.job_log_most_mb, 8, 1'000'000);
  settings.allow_stop_from_web = reader.Flag("allow_stop_from_web", settings.allow_stop_from_web);
  settings.dry_run = reader.Flag("dry_run", settings.dry_run);
  settings.ansible_program = reader.Text("ansible_program", "/usr/bin/ansible");
  settings.ansible_playbook_program = reader.Text("ansible_playbook_program", "/usr/bin/ansible-playbook");
  settings.secret_variables =
      reader.Texts("secret_variables", {"_password", "_pwd", "_pwd_hash", "_license_key", "_authkey"});
  settings.inet_check_host = reader.Text("inet_check_host", settings.inet_check_host);
  settings.inet_check_port = reader.Number("inet_check_port", settings.inet_check_port, 1, 65'535);
  settings.inet_speed_url = reader.Text("inet_speed_url", settings.inet_speed_url);
  settings.known_pi_password = reader.Text("known_pi_password", "raspberry");
  settings.tailscale_allow_http = reader.Flag("tailscale_allow_http", settings.tailscale_allow_http);
}

void ReadStateKeys(Reader& reader, json::object& keys, Settings& settings) {
  settings.state_dir = reader.Directory("state_dir", "/var/lib/iiab-cmdsrv/");
  std::string jobs(TextMember(keys, "state_dir"));
  if (jobs.empty() || jobs.back() != '/') jobs += '/';
  settings.job_output_dir = reader.Directory("job_output_dir", jobs + "jobs/");
  std::string name = reader.Text("cmdsrv_dbname", "cmdsrv.0.3.db");
  if (name.empty() || name.find('/') != std::string::npos) {
    settings.complaints.push_back("the key cmdsrv_dbname of cmdsrv.conf must be a file name; its default is used");
    keys["cmdsrv_dbname"] = name = "cmdsrv.0.3.db";
  }
  settings.database_path = settings.cmdsrv_dir + name;
}

void ReadContentKeys(Reader& reader, Settings& settings) {
  settings.iiab_repo = reader.Directory("iiab_repo", "/opt/iiab/iiab");
  settings.iiab_ini_file = reader.File("iiab_ini_file", "/etc/iiab/iiab.ini");
  settings.iiab_local_vars_file = reader.File("iiab_local_vars_file", "/etc/iiab/local_vars.yml");
  settings.kiwix_catalog_file = reader.File("kiwix_catalog_file", "/etc/iiab/kiwix_catalog.json");
  settings.doc_root = reader.Directory("doc_root", "/library/www/html");
  settings.content_base = reader.Directory("content_base", "/library");
  settings.zim_dir = reader.Directory("zim_dir", "/library/zims/");
  settings.zim_downloads_dir = reader.Directory("zim_downloads_dir", "/library/downloads/zims/");
  settings.zim_working_dir = reader.Directory("zim_working_dir", "/library/working/zims/");
  settings.zim_download_prefix = reader.Text("zim_download_prefix", "kiwix-0.9+");
  settings.js_menu_dir = reader.Directory("js_menu_dir", "/library/www/html/js-menu/");
  settings.modules_dir = reader.Directory("modules_dir", "/library/www/html/modules/");
  settings.uploads_dir = settings.content_base + "working/uploads/";
  settings.assets_dir = settings.doc_root + "common/assets/";
  settings.home_menu_file = settings.doc_root + "home/menu.json";
  settings.menu_defs_dir = settings.js_menu_dir + "menu-files/menu-defs/";
  settings.kiwix_opds_url = reader.Text("kiwix_opds_url", "https://library.kiwix.org/catalog/v2/entries?count=-1");
  settings.iiab_zim_cat_url =
      reader.Text("iiab_zim_cat_url", "https://iiab-share.github.io/iiab-content/iiab-zim-cat.json");
}

void ReadModuleKeys(Reader& reader, Settings& settings) {
  settings.iiab_module_cat_url =
      reader.Text("iiab_module_cat_url", "https://iiab-share.github.io/iiab-content/iiab-module-cat.json");
  settings.module_catalog_file = reader.File("oer2go_catalog_file", "/etc/iiab/oer2go_catalog.json");
  settings.module_downloads_dir = reader.Directory("rachel_downloads_dir", "/library/downloads/rachel/");
  settings.module_working_dir = reader.Directory("rachel_working_dir", "/library/working/rachel/");
  settings.rclone_config_file = reader.File("rclone_config_file", "/root/.config/rclone/rclone.conf");
  settings.rclone_remotes = reader.Texts("rclone_remotes");
  settings.rachel_dir = reader.Directory("rachel_content_path", "/library/rachel/");
}

void ReadMenuKeys(Reader& reader, Settings& settings) {
  settings.menu_images_dir = settings.js_menu_dir + "menu-files/images/";
  settings.menu_def_base_url =
      reader.Address("menu_def_base_url", "https://api.github.com/repos/iiab-share/js-menu-files/");
  settings.menu_def_branch = reader.Text("menu_def_branch", "master");
  settings.menu_def_token_file = reader.File("menu_def_token_file", "/etc/iiab/menu-def-token");
}

void ReadMapKeys(Reader& reader, Settings& settings) {
  settings.map_catalog_file =
      reader.File("adm_maps_catalog_path", "/library/www/html/common/assets/adm-map-catalog.json");
  settings.maps_working_dir = reader.Directory("maps_working_dir", "/library/working/maps/");
  settings.map_viewer_dir = reader.Directory("vector_map_path", "/library/www/osm-vector-maps") + "viewer/";
  settings.map_tiles_dir = reader.Directory("vector_map_tiles_path", "/library/www/osm-vector-maps/viewer/tiles/");
  settings.maps_tiles_base = reader.Name("maps_tiles_base", "osm-planet_z0-z10_2020.mbtiles");
  settings.maps_sat_base = reader.Name("maps_sat_base", "satellite_z0-z9_2020.mbtiles");
  settings.maps_download_src = reader.Text("maps_download_src", "contabo");
  settings.map_archive_url = reader.Address("map_archive_url", "https://archive.org/download/");
  settings.map_iiab_url = reader.Address("map_iiab_url", "http://timmoody.com/iiab-files/maps/");
}

void ReadOtherContentKeys(Reader& reader, Settings& settings) {
  settings.presets_dir = settings.cmdsrv_dir + "presets/";
  settings.kalite_url = reader.Text("kalite_url", "http://s3.us-east-2.wasabisys.com/ka-lite-0.17-resized-videos");
  settings.kalite_dir = reader.Directory("kalite_dir", "/library/ka-lite/");
  settings.kolibri_dir = reader.Directory("kolibri_dir", "/library/kolibri/");
  settings.root_reserve_mb = reader.Number("root_reserve_mb", settings.root_reserve_mb, 0, 1'000'000);
}

Result<Settings> FromKeys(const Root& root, const std::string& cmdsrv_dir, json::object keys) {
  Settings settings;
  settings.cmdsrv_dir = cmdsrv_dir.empty() ? root.Path("/opt/admin/cmdsrv/") : cmdsrv_dir;
  if (settings.cmdsrv_dir.back() != '/') settings.cmdsrv_dir += '/';

  // The owner of the socket decides who may command the server: a guess would be worse than a refusal.
  if (const json::value* account = keys.if_contains("apache_user"); account != nullptr && !account->is_string())
    return Fail(ErrorCode::Malformed, "the key apache_user of cmdsrv.conf must be a text with the name of an account");

  Reader reader(root, keys, settings.complaints);
  settings.apache_user = reader.Text("apache_user", "www-data");
  if (settings.apache_user.empty())
    return Fail(ErrorCode::Malformed, "the key apache_user of cmdsrv.conf must not be empty");
  ReadServerKeys(reader, root, settings);
  ReadStateKeys(reader, keys, settings);
  ReadContentKeys(reader, settings);
  ReadModuleKeys(reader, settings);
  ReadMenuKeys(reader, settings);
  ReadMapKeys(reader, settings);
  ReadOtherContentKeys(reader, settings);
  CheckOtherKeys(reader);
  keys.erase("known_pi_password");
  keys["osm_version"] = "V3";
  settings.as_sent = std::move(keys);
  return settings;
}

Result<Settings> Parse(const Root& root, const std::string& cmdsrv_dir, std::string_view text,
                       const std::string& name) {
  auto document = ParseJson(text);
  if (!document) return Fail(ErrorCode::Corrupt, "cannot read {}: {}", name, document.error().message);
  json::object* top = document->if_object();
  if (top == nullptr) return Fail(ErrorCode::Corrupt, "cannot read {}: it is no JSON object", name);
  json::value* keys = top->if_contains("cmdsrv_conf");
  if (keys == nullptr) return FromKeys(root, cmdsrv_dir, {});
  if (!keys->is_object()) return Fail(ErrorCode::Corrupt, "cannot read {}: cmdsrv_conf is no object", name);
  return FromKeys(root, cmdsrv_dir, std::move(keys->get_object()));
}

}  // namespace

Result<Settings> ReadSettings(const Root& root, const std::string& cmdsrv_dir, const std::string& file) {
  const std::string directory = cmdsrv_dir.empty() ? root.Path("/opt/admin/cmdsrv") : cmdsrv_dir;
  const std::string path = file.empty() ? directory + (directory.ends_with('/') ? "" : "/") + "cmdsrv.conf" : file;
  const auto text = ReadFile(path, kConfigLimit);
  if (!text) return Failure(text.error());
  return Parse(root, directory, *text, path);
}

Result<Settings> ParseSettings(const Root& root, const std::string& cmdsrv_dir, std::string_view text) {
  return Parse(root, cmdsrv_dir, text, "cmdsrv.conf");
}

}  // namespace cmdsrv
