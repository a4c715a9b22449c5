#include "commands/external_devices.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "base/log.hpp"
#include "base/text.hpp"
#include "commands/devices.hpp"
#include "content/ini_file.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::uint64_t kSmallest = 525'000ULL * 1024;
constexpr std::size_t kLargestLibrary = 16U << 20U;

Device ToDevice(const ExternalDevice& device, const Root& root) { return {device.name, root.Path(device.name)}; }

Result<UniqueFd> OpenMount(const ExternalDevice& device, const Root& root) {
  UniqueFd mount(::open(root.Path(device.name).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!mount) return FailFromErrno(errno, "open " + device.name);
  return mount;
}

std::int64_t ChangedAt(const struct stat& facts) {
  return static_cast<std::int64_t>(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec;
}

/// When the newest ZIM was written; empty without any.
std::optional<std::int64_t> NewestZim(const ExternalDevice& device, const Services& services) {
  const auto content = OpenPlace(ToDevice(device, services.root), Place::Zims, services.settings);
  const auto files = content ? NamesIn(*content) : Failure(content.error());
  if (!files) return std::nullopt;
  std::optional<std::int64_t> newest;
  for (const std::string& file : *files) {
    struct stat facts {};
    if (WholeZimName(file).empty() || ::fstatat(content->Get(), file.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(facts.st_mode))
      continue;
    newest = std::max(newest.value_or(ChangedAt(facts)), ChangedAt(facts));
  }
  return newest;
}

Result<UniqueFd> OpenLibraryFile(const ExternalDevice& device, const Root& root) {
  return OpenMount(device, root).and_then([](const UniqueFd& mount) {
    return OpenBeneath(mount.Get(), "library/zims/library.xml", O_RDONLY | O_NONBLOCK);
  });
}

bool NeedsIndex(const ExternalDevice& device, const Services& services) {
  const auto newest = NewestZim(device, services);
  if (!newest) return false;
  const auto library = OpenLibraryFile(device, services.root);
  struct stat facts {};
  return !library || ::fstat(library->Get(), &facts) != 0 || ChangedAt(facts) < *newest;
}

void BringIndexUpToDate(const ExternalDevice& device, Services& services, std::chrono::milliseconds deadline) {
  if (device.usage.read_only || !NeedsIndex(device, services)) return;
  const auto outcome = RunForHandler(services, OwnStep({"make-kiwix-lib", "--device", device.name}), deadline);
  if (!Succeeded(outcome)) log::Warning(kCommands, "cannot index {}: {}", device.name, WhyNot(outcome));
}

}  // namespace

std::vector<ExternalDevice> FindExternalDevices(const Root& root) {
  std::vector<ExternalDevice> devices;
  const auto mounts = ReadMountTable();
  if (!mounts) {
    log::Warning(kCommands, "{}", mounts.error().message);
    return devices;
  }
  for (char digit = '0'; digit <= '9'; ++digit) {
    ExternalDevice device{.name = fmt::format("/media/usb{}", digit), .source = {}, .usage = {}};
    const std::string point = root.Path(device.name);
    const auto mount =
        std::find_if(mounts->rbegin(), mounts->rend(), [&](const Mount& one) { return one.point == point; });
    if (mount == mounts->rend()) continue;
    const auto usage = UsageOf(point);
    if (!usage) log::Warning(kCommands, "{}", usage.error().message);
    if (!usage || usage->total_bytes < kSmallest) continue;
    device.source = mount->source;
    device.usage = *usage;
    devices.push_back(std::move(device));
  }
  return devices;
}

json::array ModulesOn(const ExternalDevice& device, Services& services) {
  json::array modules;
  const auto catalog = services.content.modules.Get();
  const auto place = OpenPlace(ToDevice(device, services.root), Place::Modules, services.settings);
  const auto names = place ? NamesIn(*place) : Failure(place.error());
  if (!catalog || !names) return modules;
  for (const std::string& name : *names) {
    struct stat facts {};
    const bool is_directory =
        ::fstatat(place->Get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode);
    if (is_directory && (*catalog)->Find(name) != nullptr) modules.emplace_back(name);
  }
  return modules;
}

json::object ZimsOn(const ExternalDevice& device, Services& services, std::chrono::milliseconds deadline) {
  const auto ini = IniFile::Read(services.settings.iiab_ini_file);
  if (!ini || !ini->HasSection("kiwix")) return {};  // nothing on this box could show them
  BringIndexUpToDate(device, services, deadline);
  const auto file = OpenLibraryFile(device, services.root);
  if (!file) return {};
  const auto text = ReadFile(fmt::format("/proc/self/fd/{}", file->Get()), kLargestLibrary);
  auto books = text ? ParseLibrary(*text) : Failure(text.error());
  if (!books) {
    log::Warning(kCommands, "cannot read the library of {}: {}", device.name, books.error().message);
    return {};
  }
  std::erase_if(*books, [](const LibraryBook& book) {
    return book.path.empty() || book.path.find("(null)") != std::string::npos;
  });
  auto described = ParseJson(DescribeBooks(*books));
  return described && described->is_object() ? std::move(described->get_object()) : json::object();
}

}  // namespace cmdsrv
