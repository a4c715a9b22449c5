#include <algorithm>

#include "base/log.hpp"
#include "commands/disks.hpp"
#include "commands/handlers.hpp"

namespace cmdsrv {

Result<Outcome> GetRemDevList(const Arguments&, Services& services) {
  const auto disks = FindRemovableDisks(services);
  if (!disks) {
    log::Warning({"commands"}, "{}", disks.error().message);
    return Fail(ErrorCode::Refused, "Unable to list removable devices");
  }
  json::object reply;
  for (const Disk& disk : *disks) reply[disk.path] = fmt::format("{}", disk.bytes);
  return Answer(json::value(std::move(reply)));
}

}  // namespace cmdsrv
