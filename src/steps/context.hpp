#pragma once

#include <string>

#include "base/result.hpp"
#include "content/settings.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// Where a step works. Made once at start; one thread.
struct Context {
  Root root;
  Settings settings;
  /// For steps that run other programs: complete, see ChildEnvironment.
  std::vector<std::string> environment;
};

/// `root`: the option --root, else empty. The environment variable CMDSRV_ROOT counts when the option is not given.
/// CMDSRV_DIR: environment variable, else the working directory when it holds a cmdsrv.conf that only root or we
/// ourselves can change, else /opt/admin/cmdsrv. Errors: as ReadSettings, and those of Root::At.
Result<Context> MakeContext(const std::string& root);

}  // namespace cmdsrv
