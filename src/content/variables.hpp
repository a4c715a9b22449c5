#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

struct Rendered {
  json::object values;
  std::vector<std::string> unresolved;  ///< names whose templates refer to each other in a circle, or too deeply
};

/// Every text with {{ … }} rendered with the others, until nothing changes (at most 10 rounds). What cannot be rendered
/// stays as it is. Bounded in time and size whatever the values are. Pure.
Rendered RenderVariables(const json::object& values);

/// The defaults, overlaid by the local variables, each rendered in its own surroundings (spec config 3). Pure.
Rendered EffectiveVariables(const json::object& defaults, const json::object& local);

/// One look at default_vars.yml and local_vars.yml.
struct Variables {
  json::object local;            ///< as the file says, templates not rendered
  json::object effective;        ///< what counts
  std::string shown;             ///< `effective` as JSON text, without what GET-VARS must not show
  std::string defaults_problem;  ///< a sentence when the defaults cannot be read; there are none then
  std::string local_problem;     ///< a sentence when the local file cannot be read; `local` is what it said last then
  std::vector<std::string> unresolved;

  bool Flag(std::string_view name) const;  ///< true only for an effective true
  std::string Text(std::string_view name, std::string_view otherwise = {}) const;

  /// As they will be once these are set in the local file. Templates are not rendered anew, so this is for flags.
  Variables With(const json::object& coming) const;
};

/// Both files as an immutable snapshot that is made again when one of them has changed. Any thread.
class VariablesCache {
 public:
  /// `secret_endings`: variables whose names end so are not shown, except hostapd_password.
  VariablesCache(std::string defaults_path, std::string local_path, std::vector<std::string> secret_endings)
      : defaults_path_(std::move(defaults_path)),
        local_path_(std::move(local_path)),
        secret_endings_(std::move(secret_endings)) {}

  /// Never null.
  std::shared_ptr<const Variables> Get();

 private:
  std::shared_ptr<Variables> Read() const;

  const std::string defaults_path_;
  const std::string local_path_;
  const std::vector<std::string> secret_endings_;
  std::mutex mutex_;
  std::optional<FileFacts> defaults_facts_;  ///< guarded by mutex_, as all below
  std::optional<FileFacts> local_facts_;
  std::shared_ptr<const Variables> current_;
};

/// A file of variables; a missing one has none. Corrupt: "Error in PATH line N".
Result<json::object> ReadVariablesFile(const std::string& path);

}  // namespace cmdsrv
