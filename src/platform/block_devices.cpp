#include "platform/block_devices.hpp"

#include <sys/sysmacros.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/process.hpp"

namespace cmdsrv {
namespace {

constexpr std::chrono::seconds kDeadline{10};
constexpr std::size_t kMostOutput = 4U << 20U;

bool IsDevicePath(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/";
  return text.starts_with("/dev/") && text.size() > 5 && text.size() < 100 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos && text.find("//") == std::string_view::npos;
}

bool IsTrue(const json::object& fields, std::string_view key) {
  const json::value* value = fields.if_contains(key);
  if (value == nullptr) return false;
  return value->is_bool() ? value->get_bool() : TextMember(fields, key) == "1";
}

std::uint64_t NumberIn(const json::object& fields, std::string_view key) {
  const json::value* value = fields.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64() > 0 ? static_cast<std::uint64_t>(value->get_int64()) : 0;
  if (value->is_uint64()) return value->get_uint64();
  const auto number = ToInteger(TextMember(fields, key));
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

void AddOnce(std::vector<std::string>& list, std::string text) {
  if (!text.empty() && std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

/// lsblk nests what is on a device, and what is on that, in "children". The depth is bounded by ParseJson.
void CollectMountPoints(const json::object& fields, const std::vector<Mount>& mounts,
                        std::vector<std::string>& mount_points) {
  AddOnce(mount_points, std::string(TextMember(fields, "mountpoint")));
  const std::string_view path = TextMember(fields, "path");
  const auto numbers = Split(Trim(TextMember(fields, "maj:min")), ':');
  const auto major = numbers.size() == 2 ? ToInteger(numbers[0]) : std::nullopt;
  const auto minor = major ? ToInteger(numbers[1]) : std::nullopt;
  for (const Mount& mount : mounts) {
    const bool same_number =
        minor && mount.device == ::makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor));
    if (same_number || (!path.empty() && mount.source == path)) AddOnce(mount_points, mount.point);
  }
  const json::value* children = fields.if_contains("children");
  if (children == nullptr || !children->is_array()) return;
  for (const json::value& child : children->get_array()) {
    if (child.is_object()) CollectMountPoints(child.get_object(), mounts, mount_points);
  }
}

}  // namespace

Result<std::vector<Disk>> ParseDisks(std::string_view text, const std::vector<Mount>& mounts) {
  const auto document = ParseJson(text);
  if (!document) return Fail(ErrorCode::Corrupt, "lsblk printed no JSON: {}", document.error().message);
  const json::object* top = document->if_object();
  const json::value* devices = top != nullptr ? top->if_contains("blockdevices") : nullptr;
  if (devices == nullptr || !devices->is_array())
    return Fail(ErrorCode::Corrupt, "lsblk printed JSON without a list \"blockdevices\"");
  std::vector<Disk> disks;
  for (const json::value& device : devices->get_array()) {
    const json::object* fields = device.if_object();
    if (fields == nullptr || TextMember(*fields, "type") != "disk") continue;
    Disk disk{.path = std::string(TextMember(*fields, "path")),
              .transport = std::string(TextMember(*fields, "tran")),
              .removable = IsTrue(*fields, "rm"),
              .bytes = NumberIn(*fields, "size"),
              .mount_points = {}};
    if (!IsDevicePath(disk.path)) continue;
    CollectMountPoints(*fields, mounts, disk.mount_points);
    disks.push_back(std::move(disk));
  }
  return disks;
}

Result<std::vector<Disk>> ReadDisks(const Root& root, int stop_fd) {
  const auto program = root.FindProgram("lsblk");
  if (!program) return Failure(program.error());
  RunOptions options;
  options.deadline = kDeadline;
  options.environment = ChildEnvironment(root);
  options.output_limit = kMostOutput;
  options.cancel_fd = stop_fd;
  const auto outcome =
      RunProgram({*program, "--json", "--bytes", "--output", "PATH,TYPE,RM,SIZE,TRAN,MAJ:MIN,MOUNTPOINT"}, options);
  if (!outcome) return Failure(outcome.error());
  if (!outcome->exited || outcome->status != 0)
    return Fail(ErrorCode::Unavailable, "lsblk did not tell about disks: {}", Describe(*outcome));
  const auto mounts = ReadMountTable();
  if (!mounts) return Failure(mounts.error());
  return ParseDisks(ToUtf8(outcome->output), *mounts);
}

}  // namespace cmdsrv
