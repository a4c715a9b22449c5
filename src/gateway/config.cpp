#include "gateway/config.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "base/json.hpp"

namespace cmdsrv::gateway {
namespace {

Result<void> Take(const json::object& object, std::string_view key, bool& value) {
  const auto* member = object.if_contains(key);
  if (member == nullptr) return {};
  if (!member->is_bool()) return Fail(ErrorCode::Corrupt, "the key {} must be true or false", key);
  value = member->get_bool();
  return {};
}

Result<void> Take(const json::object& object, std::string_view key, std::string& value) {
  const auto* member = object.if_contains(key);
  if (member == nullptr) return {};
  if (!member->is_string()) return Fail(ErrorCode::Corrupt, "the key {} must be a text", key);
  value = member->get_string();
  return {};
}

Result<void> Take(const json::object& object, std::string_view key, std::vector<std::string>& value) {
  const auto* member = object.if_contains(key);
  if (member == nullptr) return {};
  const auto* list = member->if_array();
  if (list == nullptr || !std::ranges::all_of(*list, [](const auto& one) { return one.is_string(); })) {
    return Fail(ErrorCode::Corrupt, "the key {} must be a list of texts", key);
  }
  for (const auto& one : *list) value.emplace_back(one.get_string());
  return {};
}

Result<void> Take(const json::object& object, std::string_view key, std::chrono::seconds& value) {
  const auto* member = object.if_contains(key);
  if (member == nullptr) return {};
  const auto longest = value.count();  // the usual one
  if (!member->is_int64() || member->get_int64() < 1 || member->get_int64() > longest)
    return Fail(ErrorCode::Corrupt, "the key {} must be a whole number from 1 to {}", key, longest);
  value = std::chrono::seconds(member->get_int64());
  return {};
}

}  // namespace

Result<Config> ParseConfig(std::string_view text) {
  const auto value = ParseJson(text);
  if (!value) return Failure(value.error());
  if (!value->is_object()) return Fail(ErrorCode::Corrupt, "it is JSON, but no object");
  const json::object& object = value->get_object();
  Config config;
  for (const auto& taken :
       {Take(object, "admin_console_group", config.admin_console_group),
        Take(object, "allow_stop_from_web", config.allow_stop_from_web),
        Take(object, "require_separate_nonce", config.require_separate_nonce),
        Take(object, "cookies_over_http", config.cookies_over_http), Take(object, "hosts", config.hosts),
        Take(object, "trust_proxy", config.trust_proxy), Take(object, "uploads_directory", config.uploads_directory),
        Take(object, "cmdsrv_pid_file", config.cmdsrv_pid_file),
        Take(object, "cmdsrv_ready_file", config.cmdsrv_ready_file),
        Take(object, "request_timeout_s", config.request_timeout)}) {
    if (!taken) return Failure(taken.error());
  }
  // A relative path would depend on the directory in which the gateway was started.
  for (const auto& [key, path] : {std::pair("uploads_directory", &config.uploads_directory),
                                  std::pair("cmdsrv_pid_file", &config.cmdsrv_pid_file),
                                  std::pair("cmdsrv_ready_file", &config.cmdsrv_ready_file)}) {
    if (!path->starts_with('/')) return Fail(ErrorCode::Corrupt, "the key {} must be an absolute path", key);
  }
  if (config.admin_console_group.empty())
    return Fail(ErrorCode::Corrupt, "the key admin_console_group must be the name of a group");
  return config;
}

Result<Config> ReadConfig(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0 && errno == ENOENT) return Config{};
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return Fail(ErrorCode::Io, "cannot read {}", path);
  auto config = ParseConfig(text);
  if (!config) return Fail(ErrorCode::Corrupt, "cannot use {}: {}", path, config.error().message);
  return config;
}

}  // namespace cmdsrv::gateway
