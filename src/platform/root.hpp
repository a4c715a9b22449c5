#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cmdsrv {

/// The folder that stands in for "/" (option --root). Empty: the real root.
class Root {
 public:
  Root() = default;
  /// `directory` is made absolute; Io when it does not exist.
  static Result<Root> At(std::string_view directory);

  /// "/etc/iiab" → "<root>/etc/iiab". A relative path is returned unchanged.
  std::string Path(std::string_view path) const;

  bool IsBox() const { return !directory_.empty(); }
  const std::string& Directory() const { return directory_; }

  /// Where an outside program is: in a box first `<root>/usr/bin/<file name>`, then `name` itself when it is an
  /// absolute path that can be executed, then the fixed PATH of jobs. Unavailable, with the name, when it is nowhere.
  Result<std::string> FindProgram(std::string_view name) const;

  /// The same for a program that acts on the machine it runs on (systemctl restart, reboot, a disk copier): in a box
  /// only one that lies in the box, because the machine's own would act on the machine. Unavailable otherwise.
  Result<std::string> FindActingProgram(std::string_view name) const;

  /// The programs that belong to us: `<directory of this executable>/../libexec/<name>`.
  static std::string OwnProgram(std::string_view name);

 private:
  std::string directory_;
};

/// PATH of every child, whatever ours is.
inline constexpr std::string_view kChildPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// PATH, LANG=C.UTF-8, TZ if set, in a box CMDSRV_ROOT; nothing else of our own environment reaches a child.
std::vector<std::string> ChildEnvironment(const Root& root);

}  // namespace cmdsrv
