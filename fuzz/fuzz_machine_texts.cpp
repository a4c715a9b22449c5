// What the kernel, lsblk and the host project's files say about the machine: mount points and labels of sticks are in
// it.
#include <algorithm>

#include "commands/system_texts.hpp"
#include "content/removable_disks.hpp"
#include "content/roles.hpp"
#include "platform/systemd_units.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  const auto mounts = ParseMountTable(text);
  std::vector<FileSystemRow> rows;
  for (const Mount& mount : LocalMounts(mounts)) rows.push_back({mount.source, {}, mount.point});
  for (const std::string& line : FileSystemTable(rows)) FUZZ_CHECK(line.find('\n') == std::string::npos);
  const auto memory = MemoryTable(text);
  FUZZ_CHECK(memory.empty() || memory.size() == 3);
  if (const auto disks = ParseDisks(text, mounts)) {
    for (const Disk& disk : *disks) {
      FUZZ_CHECK(disk.path.starts_with("/dev/") && disk.path.find("..") == std::string::npos);
      const bool holds_root = std::ranges::find(disk.mount_points, "/") != disk.mount_points.end();
      FUZZ_CHECK(!(holds_root && IsRemovable(disk, Root())));
    }
  }
  if (const auto table = RoleTable::Parse(text)) {
    FUZZ_CHECK(table->Rows().size() >= kRoles.size());
    FUZZ_CHECK(std::ranges::is_sorted(table->Rows(), {}, &RoleRow::name));
    for (const RoleRow& row : table->Rows()) {
      const auto unit = UnitOrFileOf(row, [&](std::string_view) { return std::string(text); });
      FUZZ_CHECK(row.source != RoleSource::Service || IsUnitName(unit));
    }
  }
  for (const std::string& role : InstalledRoles(text)) FUZZ_CHECK(role.find('\n') == std::string::npos);
  return 0;
}
