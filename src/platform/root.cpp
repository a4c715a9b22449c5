#include "platform/root.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

bool IsProgram(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<Root> Root::At(std::string_view directory) {
  const std::string asked(directory);
  const std::unique_ptr<char, void (*)(void*)> absolute(::realpath(asked.c_str(), nullptr), std::free);
  if (!absolute) return Fail(ErrorCode::Io, "cannot use {} as the root folder: {}", asked, Reason(errno));
  struct stat facts {};
  if (::stat(absolute.get(), &facts) != 0) return FailFromErrno(errno, "look at " + asked);
  if (!S_ISDIR(facts.st_mode))
    return Fail(ErrorCode::Io, "cannot use {} as the root folder: {}", asked, Reason(ENOTDIR));
  Root root;
  root.directory_ = absolute.get();
  if (root.directory_ == "/") root.directory_.clear();
  return root;
}

std::string Root::Path(std::string_view path) const {
  if (path.empty() || path[0] != '/' || !IsBox()) return std::string(path);
  if (path.find("..") == std::string_view::npos) return directory_ + std::string(path);
  return directory_ + std::filesystem::path(path).lexically_normal().string();  // "/.." is "/", so it stays inside
}

Result<std::string> Root::FindProgram(std::string_view name) const {
  const std::string_view file = name.substr(name.rfind('/') + 1);
  const bool usable = !file.empty() && file != "." && file != ".." && (file == name || name[0] == '/');
  if (!usable) return Fail(ErrorCode::Unavailable, "cannot find the program \"{}\": it is no program name", name);
  if (IsBox()) {
    std::string stand_in = fmt::format("{}/usr/bin/{}", directory_, file);
    if (IsProgram(stand_in)) return stand_in;
  }
  if (name[0] == '/' && IsProgram(std::string(name))) return std::string(name);
  for (const auto directory : Split(kChildPath, ':')) {
    std::string path = fmt::format("{}/{}", directory, file);
    if (IsProgram(path)) return path;
  }
  return Fail(ErrorCode::Unavailable, "cannot find the program {}: it is not installed (looked in {})", name,
              kChildPath);
}

Result<std::string> Root::FindActingProgram(std::string_view name) const {
  auto program = FindProgram(name);
  if (program && IsBox() && !program->starts_with(directory_ + '/'))
    return Fail(ErrorCode::Unavailable, "the box brings no program {}", name);
  return program;
}

std::string Root::OwnProgram(std::string_view name) {
  std::error_code error;
  // After an upgrade of the running program the link ends in " (deleted)"; its directory is still right.
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path().parent_path() / "libexec" / name).string();
}

std::vector<std::string> ChildEnvironment(const Root& root) {
  std::vector<std::string> environment{fmt::format("PATH={}", kChildPath), "LANG=C.UTF-8"};
  if (const char* zone = std::getenv("TZ")) environment.push_back(fmt::format("TZ={}", zone));
  if (root.IsBox()) environment.push_back("CMDSRV_ROOT=" + root.Directory());
  return environment;
}

}  // namespace cmdsrv
