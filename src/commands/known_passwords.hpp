#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "platform/files.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

struct Services;

/// Whether accounts still have the passwords that everybody knows. Hashes are compared in this process, and again only
/// when the accounts or the published passwords have changed. Any thread; the first call takes as long as two hashes.
class KnownPasswords {
 public:
  explicit KnownPasswords(const Root& root) : shadow_path_(root.Path("/etc/shadow")) {}

  /// {"pi_passwd_known": false, "admin_passwd_known": true}
  json::object Describe(Services& services);

 private:
  const std::string shadow_path_;
  std::mutex mutex_;
  std::optional<FileFacts> facts_;  ///< guarded by mutex_, as all below
  std::string asked_;               ///< a hash of accounts and passwords; they themselves are not kept
  json::object answer_;
};

}  // namespace cmdsrv
