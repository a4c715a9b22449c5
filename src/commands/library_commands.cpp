// What lies in the library's directories: listing, and deleting downloads.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/devices.hpp"
#include "commands/handlers.hpp"
#include "commands/system_texts.hpp"
#include "platform/disk_usage.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};

/// The path without links and dots; empty when there is none.
std::string Resolve(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  return real ? std::string(real.get()) : std::string();
}

/// The directory (or file) `sub_dir` of the library, wherever links lead to as long as that is in the library too.
Result<UniqueFd> OpenInLibrary(const std::string& library, std::string_view sub_dir) {
  const std::string base = Resolve(library);
  const std::string target = base.empty() ? "" : Resolve(fmt::format("{}/{}", base, sub_dir));
  const bool inside = !target.empty() && (target == base || target.starts_with(base + '/'));
  if (!inside) return Fail(ErrorCode::NotFound, "there is no {} in {}", PrintableAscii(sub_dir, 200), library);
  UniqueFd directory(::open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return FailFromErrno(errno, "open " + base);
  // Links may change between the question and the opening; beneath the library none is followed now.
  return OpenBeneath(directory.Get(), target.substr(base.size()), O_RDONLY | O_NONBLOCK);
}

bool HasControls(std::string_view name) {
  return std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// A regular file goes; a name that is something else, or nothing, stays and is told of.
Result<void> DeleteFile(int directory, const std::string& name) {
  struct stat facts {};
  if (::fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
    return FailFromErrno(errno, "delete " + EscapeControls(name));
  if (!S_ISREG(facts.st_mode)) return Fail(ErrorCode::Refused, "{} is no file", EscapeControls(name));
  if (::unlinkat(directory, name.c_str(), 0) != 0) return FailFromErrno(errno, "delete " + EscapeControls(name));
  return {};
}

/// The archive of a portable ZIM, or the part of it that is there, while it is fetched or unpacked.
bool IsAtWork(const NamesAtWork& at_work, std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return std::ranges::any_of(
      at_work.zims, [&](const std::string& zim) { return name == zim + ".zip" || name.starts_with(zim + ".zip."); });
}

}  // namespace

Result<Outcome> ListLibrary(const Arguments& arguments, Services& services) {
  const std::string_view sub_dir = *arguments.Text("sub_dir");
  if (sub_dir.empty()) return Fail(ErrorCode::Malformed, "argument sub_dir is empty");
  const auto place = OpenInLibrary(services.settings.content_base, sub_dir);
  if (!place) return Fail(ErrorCode::Refused, "Path not Found.");
  json::array list;
  struct stat facts {};
  if (::fstat(place->Get(), &facts) == 0 && S_ISDIR(facts.st_mode)) {
    const auto used = UsageBelow(place->Get());
    if (!used) {
      log::Warning(kCommands, "cannot list {}: {}", PrintableAscii(sub_dir, 200), used.error().message);
      return Fail(ErrorCode::Refused, "Too many files to list.");
    }
    for (const UsedBy& one : *used) {
      if (HasControls(one.name)) continue;  // could not be sent back
      list.push_back(json::object{{"size", CeilingSize(one.bytes)}, {"filename", ToUtf8(one.name)}});
    }
  }
  return Answer(
      json::value(json::object{{"path", fmt::format("/library/{}", sub_dir)}, {"file_list", std::move(list)}}));
}

Result<Outcome> DelDownloads(const Arguments& arguments, Services& services) {
  const Settings& settings = services.settings;
  const std::string_view sub_dir = *arguments.Text("sub_dir");
  if (sub_dir != "zims" && sub_dir != "rachel") return Fail(ErrorCode::Malformed, "sub_dir is neither zims nor rachel");
  const std::string& path = sub_dir == "zims" ? settings.zim_downloads_dir : settings.module_downloads_dir;
  const auto names = arguments.TextList("file_list");
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const NamesAtWork at_work = names.empty() ? NamesAtWork{} : FindNamesAtWork(services);
  bool errors = false;
  for (const std::string& name : names) {
    const auto deleted = !directory ? Result<void>(FailFromErrno(ENOENT, "open " + path))
                         : IsAtWork(at_work, settings.zim_download_prefix, name)
                             ? Fail(ErrorCode::Busy, "{} is being fetched or unpacked", EscapeControls(name))
                             : DeleteFile(directory.Get(), name);
    if (deleted) continue;
    errors = true;
    log::Warning(kCommands, "not deleted: {}", deleted.error().message);
  }
  if (directory) ::fsync(directory.Get());
  services.jobs.SpaceFreed();
  return Answer(Success{errors ? "- Some errors occurred" : ""});
}

}  // namespace cmdsrv
