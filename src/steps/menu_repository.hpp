#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "content/settings.hpp"

namespace cmdsrv {

/// The shared repository of menu item definitions, spoken to as GitHub's interface (menu_def_base_url). What comes from
/// there is hostile. Errors: TryLater with the time when no more requests are allowed; else those of steps/net.hpp.
class MenuRepository {
 public:
  /// Reads the token, when there is one that only root (or we ourselves) can read and it would not travel in the clear.
  explicit MenuRepository(const Settings& settings);

  struct File {
    std::string sha;
    std::uint64_t bytes = 0;
  };
  using Files = std::map<std::string, File, std::less<>>;  ///< by path: "menu-defs/en-x.json", "images/x.png"

  /// All files, in one request.
  Result<Files> List();
  Result<std::string> Read(const std::string& sha, std::uint64_t limit);
  /// The sha of what is there now. `old_sha`: of what it replaces, empty for a new file.
  Result<std::string> Write(const std::string& path, std::string_view bytes, const std::string& old_sha);

  bool MayWrite() const { return !token_.Empty(); }
  /// Why not: a sentence.
  const std::string& WhyNotWrite() const { return why_not_; }

 private:
  Secret token_;
  std::string why_not_;
  std::string base_;
  std::string branch_;
};

}  // namespace cmdsrv
