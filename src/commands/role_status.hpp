#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "content/roles.hpp"
#include "content/settings.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// A role as it is now (spec config 8).
struct RoleStatus {
  bool installed = false;
  bool enabled = false;
  bool active = false;
  std::string about_enabled;  ///< a sentence: "kiwix-serve.service is disabled"
  std::string about_active;   ///< "kiwix-serve.service is inactive"
};

/// Looks at roles: the state file, files of nginx, and all units in one question to systemd. Nothing is cached but the
/// table. Any thread.
class RoleReader {
 public:
  RoleReader(const Settings& settings, const Root& root, VariableOf variable = {})
      : root_(root), variable_(std::move(variable)), table_(settings.cmdsrv_dir + "roles.json") {}

  /// What is wrong with the box's own table, in sentences.
  std::vector<std::string> Complaints() { return table_.Get()->Complaints(); }

  bool Has(std::string_view role) { return table_.Get()->Find(role) != nullptr; }

  struct Statuses {
    std::map<std::string, RoleStatus, std::less<>> of;
    std::string trouble;  ///< why nothing is known of units, which then count as neither enabled nor active
  };

  /// Of these roles, or of all when the list is empty; names that are no role are left out. Blocks at most 10 s, or
  /// until `stop_fd` is readable.
  Statuses Look(std::span<const std::string> roles = {}, int stop_fd = -1);

 private:
  const Root& root_;
  const VariableOf variable_;
  RoleTableCache table_;
};

}  // namespace cmdsrv
