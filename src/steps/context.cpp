#include "steps/context.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "steps/say.hpp"

namespace cmdsrv {
namespace {

bool OnlyWeCanChange(const char* path) {
  struct stat facts {};
  if (::stat(path, &facts) != 0) return false;
  return (facts.st_uid == 0 || facts.st_uid == ::geteuid()) && (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Root types iiab-update-menus in all kinds of directories: a cmdsrv.conf that somebody left in /tmp must not count.
std::string FindConfigurationDirectory(const Root& root) {
  if (const char* named = std::getenv("CMDSRV_DIR"); named != nullptr && *named != '\0') return named;
  char here[PATH_MAX];
  if (OnlyWeCanChange(".") && OnlyWeCanChange("cmdsrv.conf") && ::getcwd(here, sizeof here) != nullptr) return here;
  return root.Path("/opt/admin/cmdsrv");
}

}  // namespace

Result<Context> MakeContext(const std::string& root) {
  Context context;
  const char* inherited = std::getenv("CMDSRV_ROOT");
  const std::string directory = !root.empty() ? root : inherited != nullptr ? inherited : "";
  if (!directory.empty()) {
    auto at = Root::At(directory);
    if (!at) return Failure(at.error());
    context.root = *std::move(at);
  }
  auto settings = ReadSettings(context.root, FindConfigurationDirectory(context.root));
  if (!settings) return Failure(settings.error());
  context.settings = *std::move(settings);
  for (const std::string& complaint : context.settings.complaints) Say("warning: {}", complaint);
  context.environment = ChildEnvironment(context.root);
  return context;
}

}  // namespace cmdsrv
