#include "commands/devices.hpp"
#include "commands/preset_plan.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/names.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view PathOnStick(Place place) {
  switch (place) {
    case Place::Zims: return "library/zims/content";
    case Place::Indexes: return "library/zims/index";
    case Place::Modules: return "library/www/html/modules";
  }
  return "";
}

std::string PathInBox(Place place, const Settings& settings) {
  switch (place) {
    case Place::Zims: return settings.zim_dir + "content";
    case Place::Indexes: return settings.zim_dir + "index";
    case Place::Modules: return settings.modules_dir;
  }
  return {};
}

Result<UniqueFd> OpenDirectory(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) return directory;
  if (errno == ENOENT) return Fail(ErrorCode::NotFound, "there is no {}", path);
  return FailFromErrno(errno, "open " + path);
}

}  // namespace

std::optional<Device> ReadDevice(std::string_view text, const Root& root) {
  if (text == "internal") return Device{"internal", {}};
  std::string name = NormaliseUsb(text);
  if (name.empty()) return std::nullopt;
  std::string path = root.Path(name);
  return Device{std::move(name), std::move(path)};
}

bool IsReady(const Device& device) { return device.IsInternal() || IsMountPoint(device.path); }

Result<UniqueFd> OpenPlace(const Device& device, Place place, const Settings& settings) {
  if (device.IsInternal()) return OpenDirectory(PathInBox(place, settings));
  return OpenDirectory(device.path).and_then([&](const UniqueFd& mount) {
    return OpenBeneath(mount.Get(), PathOnStick(place), O_RDONLY | O_DIRECTORY);
  });
}

std::string PathOf(const Device& device, Place place, const Settings& settings) {
  return device.IsInternal() ? PathInBox(place, settings) : fmt::format("{}/{}", device.path, PathOnStick(place));
}

Result<std::vector<std::string>> NamesIn(const UniqueFd& directory) {
  return ListDirectory(fmt::format("/proc/self/fd/{}", directory.Get()));
}

bool NamesAtWork::HasZim(std::string_view stem) const {
  return zims.contains(stem) || zim_perma_refs.contains(PermaRef(stem));
}

NamesAtWork FindNamesAtWork(Services& services) {
  NamesAtWork names;
  const auto catalog = services.zim_catalog.Get();
  for (const UnfinishedCommand& item : UnfinishedContent(services)) {
    const auto command = ParseCommand(item.message);
    if (!command) continue;
    const std::string_view verb = command->verb;
    if (verb == "COPY-ZIMS") names.zims.emplace(TextMember(command->arguments, "file_ref"));
    if (verb == "INST-OER2GO-MOD") names.modules.emplace(TextMember(command->arguments, "moddir"));
    if (verb == "COPY-OER2GO-MOD") names.modules.emplace(TextMember(command->arguments, "file_ref"));
    if ((verb == "INST-ZIMS" || verb == "INST-ZIM") && catalog) {
      const CatalogZim* zim = (*catalog)->Find(TextMember(command->arguments, "zim_id"));
      if (zim != nullptr) names.zims.insert(zim->file_ref);
    }
    const json::value* perma_refs = verb == "UPGRADE-ZIMS" ? command->arguments.if_contains("zim_permarefs") : nullptr;
    if (perma_refs == nullptr || !perma_refs->is_array()) continue;
    for (const json::value& one : perma_refs->get_array()) {
      if (one.is_string()) names.zim_perma_refs.emplace(one.get_string());
    }
  }
  return names;
}

}  // namespace cmdsrv
