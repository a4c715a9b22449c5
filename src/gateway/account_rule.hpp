#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cmdsrv::gateway {

/// Who may use the console at all, whatever the password: members of one of the groups. One thread.
class AccountRule {
 public:
  /// `root`: the folder of a box, whose own account files count; empty: the accounts of the system, wherever they come
  /// from.
  AccountRule(std::string root, std::vector<std::string> groups);

  bool MayUse(const std::string& user) const;

  /// Tells versions of the shadow file apart. Its text is never read here, and need not be readable.
  std::string ShadowStamp() const;

 private:
  bool MayUseBox(const std::string& user) const;
  bool MayUseSystem(const std::string& user) const;

  const std::string root_;
  const std::vector<std::string> groups_;
};

}  // namespace cmdsrv::gateway
