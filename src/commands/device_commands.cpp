#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "commands/external_devices.hpp"
#include "commands/handlers.hpp"
#include "commands/network_info.hpp"
#include "content/removable_disks.hpp"
#include "platform/files.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kCommands{"commands"};
constexpr std::chrono::milliseconds kLongestIndexing{30'000};
constexpr int kMostMounts = 8;  ///< one on the other at the same place

/// A symbolic link in a directory that is taken away, and put back when what it was taken away for did not happen.
class RemovedLink {
 public:
  RemovedLink(const std::string& directory, std::string name) : name_(std::move(name)) {
    directory_.Reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    char target[4096];
    const ssize_t size = directory_ ? ::readlinkat(directory_.Get(), name_.c_str(), target, sizeof target) : -1;
    if (size > 0 && ::unlinkat(directory_.Get(), name_.c_str(), 0) == 0)
      target_.assign(target, static_cast<std::size_t>(size));
  }
  /// Lets go of the directory, which would keep its file system busy.
  void LetGo() { directory_.Reset(); }
  void PutBack(const std::string& directory) const {
    const std::string link = fmt::format("{}/{}", directory, name_);
    if (!target_.empty() && ::symlink(target_.c_str(), link.c_str()) != 0)
      log::Warning(kCommands, "cannot put the link {} back: {}", link, Reason(errno));
  }

 private:
  UniqueFd directory_;
  const std::string name_;
  std::string target_;  ///< empty: there was none
};

/// A Command that copies to or from the device is not finished.
bool IsBeingCopied(const std::string& device, const JobBoard& jobs) {
  return std::ranges::any_of(jobs.Unfinished(), [&](const UnfinishedCommand& item) {
    const auto command = ParseCommand(item.message);
    if (!command || (command->verb != "COPY-ZIMS" && command->verb != "COPY-OER2GO-MOD")) return false;
    return NormaliseUsb(TextMember(command->arguments, "source")) == device ||
           NormaliseUsb(TextMember(command->arguments, "dest")) == device;
  });
}

/// Says with the old server's words why the device stays.
Failure StaysMounted(const std::string& device, const Error& error) {
  if (error.code == ErrorCode::Busy) return Fail(ErrorCode::Refused, "Device {} has open files.", device);
  if (error.code == ErrorCode::NotFound) return Fail(ErrorCode::Refused, "Device {} is not mounted.", device);
  log::Warning(kCommands, "{}", error.message);
  return Fail(ErrorCode::Refused, "Device {} can not be unmounted.", device);
}

/// All that is mounted at the place, the last one first.
Result<void> UnmountAll(const std::string& point) {
  for (int i = 0; i < kMostMounts && IsMounted(point); ++i) {
    if (auto unmounted = Unmount(point); !unmounted) return unmounted;
  }
  if (IsMounted(point)) return Fail(ErrorCode::Io, "something is still mounted at {}", point);
  return {};
}

/// A Command that changes content, which would be copied half done, or that copies an image itself.
bool ChangesContent(std::string_view verb) {
  constexpr std::array<std::string_view, 5> kBeginnings = {"INST-", "COPY-", "UPGRADE-", "DEL-", "MAKE-KIWIX-LIB"};
  return std::ranges::any_of(kBeginnings, [&](std::string_view beginning) { return verb.starts_with(beginning); });
}

}  // namespace

Result<Outcome> CopyDevImage(const Arguments& arguments, Services& services) {
  const std::string device(*arguments.Text("dest_dev"));
  if (!IsRaspberryPi(services.root))
    return Fail(ErrorCode::Refused, "Image copy only supported on Raspberry Pi at this time.");
  const auto disks = ReadDisks(services.root, services.stop_fd);
  if (!disks) log::Warning(kCommands, "{}", disks.error().message);
  const Disk* disk = disks ? FindRemovable(*disks, device, services.root) : nullptr;
  if (disk == nullptr) return Fail(ErrorCode::Refused, "Device {} not found.", PrintableAscii(device, 100));
  if (!disk->mount_points.empty()) return Fail(ErrorCode::Refused, "Device {} is in use.", device);
  const auto unfinished = services.jobs.Unfinished();
  if (std::ranges::any_of(unfinished, [](const auto& one) { return ChangesContent(VerbOf(one.message)); }))
    return Fail(ErrorCode::Refused, "Content is being installed or copied.");
  JobPlan plan;
  plan.steps.push_back(PlanOwnStep({"copy-image", "--", device}, {device}));
  plan.steps.back().restartable = false;
  return plan;
}

Result<Outcome> GetRemDevList(const Arguments&, Services& services) {
  const auto disks = ReadDisks(services.root, services.stop_fd);
  if (!disks) {
    log::Warning(kCommands, "{}", disks.error().message);
    return Fail(ErrorCode::Refused, "Unable to list removable devices");
  }
  json::object reply;
  for (const Disk& disk : *disks) {
    if (IsRemovable(disk, services.root)) reply[disk.path] = fmt::format("{}", disk.bytes);
  }
  return Answer(json::value(std::move(reply)));
}

Result<Outcome> GetExtDevInfo(const Arguments&, Services& services) {
  const auto end = services.clock.Steady() + std::chrono::seconds(services.settings.handler_deadline_s);
  json::object reply;
  for (const ExternalDevice& device : FindExternalDevices(services.root)) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - services.clock.Steady());
    const auto in_k = [](std::uint64_t bytes) { return fmt::format("{}", bytes / 1024); };
    reply[device.name] = {
        {"device", device.source},
        {"dev_size_k", in_k(device.usage.total_bytes)},
        {"dev_used_k", in_k(device.usage.used_bytes)},
        {"dev_sp_avail_k", in_k(device.usage.available_bytes)},
        {"oer2go_modules", ModulesOn(device, services)},
        {"zim_modules", ZimsOn(device, services, std::clamp(left, std::chrono::milliseconds(1), kLongestIndexing))}};
  }
  return Answer(json::value(std::move(reply)));
}

Result<Outcome> RemoveUsb(const Arguments& arguments, Services& services) {
  const std::string device(*arguments.Text("device"));
  if (IsBeingCopied(device, services.jobs))
    return Fail(ErrorCode::Refused, "Device {} in use by another command.", device);
  const std::string point = services.root.Path(device);
  if (!IsMounted(point)) return Fail(ErrorCode::Refused, "Device {} is not mounted.", device);
  const std::string name = device.substr(device.rfind('/') + 1);
  const auto synced = SyncFileSystem(point);
  if (!synced) log::Warning(kCommands, "{}", synced.error().message);
  if (const auto can = CanUnmount(point); !can) return StaysMounted(device, can.error());
  RemovedLink link(point, name);
  link.LetGo();
  if (const auto unmounted = UnmountAll(point); !unmounted) {
    link.PutBack(point);
    return StaysMounted(device, unmounted.error());
  }
  // The web server shows the stick by this one.
  RemovedLink(services.settings.doc_root + "local_content", fmt::format("USB{}", name.back()));
  // Nothing is gained by keeping it: what was not written now is not written later, and it may be pulled out already.
  if (!synced) return Answer(Warning{fmt::format("Not everything could be written to device {}", device)});
  return Answer(Success{});
}

}  // namespace cmdsrv
