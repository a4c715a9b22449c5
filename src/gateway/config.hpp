#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv::gateway {

/// What an operator may set; a file of its own, because the server's is readable by root only.
struct Config {
  std::string admin_console_group = "iiab-admin";  ///< beside sudo
  bool allow_stop_from_web = false;                ///< the server has to allow it too
  bool require_separate_nonce = false;             ///< encrypted commands need X-IIAB-Command-Nonce
  bool cookies_over_http = false;                  ///< a cookie is good for Commands on plain HTTP too
  std::vector<std::string> hosts = {};             ///< names of the box; empty: whatever the browser calls it
  /// For all that one HTTP request asks of the server: it is answered before the proxy in front gives up.
  std::chrono::seconds request_timeout{58};
  bool trust_proxy = false;  ///< on TCP: believe X-Real-IP (a unix socket always does)
  std::string uploads_directory = "/library/working/uploads";  ///< beneath --root, like the next two
  std::string cmdsrv_pid_file = "/run/iiab-cmdsrv.pid";        ///< beneath --root
  std::string cmdsrv_ready_file = "/run/iiab-cmdsrv-ready";
};

/// One JSON object; missing keys have their defaults, unknown ones do not matter. Corrupt with the key that has the
/// wrong type.
Result<Config> ParseConfig(std::string_view text);

/// A missing file means the defaults. Errors: Io, Corrupt; they name the file.
Result<Config> ReadConfig(const std::string& path);

}  // namespace cmdsrv::gateway
