#include <algorithm>

#include "base/log.hpp"
#include "commands/handlers.hpp"
#include "content/menu.hpp"

namespace cmdsrv {
namespace {

constexpr int kLockTaken = 4;  ///< exit status of the step update-menus, see steps/update_menus.hpp

}  // namespace

Result<Outcome> UpdateHomeMenu(const Arguments&, Services& services) {
  if (const auto menu = ReadMenu(services.settings.home_menu_file); menu && !MayUpdateItself(menu->document)) {
    return Answer(Warning{"Automatic menu update is turned off."});
  }
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  // The step gives up on the lock early enough that a run which gets it has time to end before the deadline.
  const std::string lock_wait = fmt::format("{}", std::max<std::int64_t>(1, deadline.count() - 10));
  const auto outcome = RunForHandler(services, OwnStep({"update-menus", "--lock-wait", lock_wait}), deadline);
  if (Succeeded(outcome)) return Answer(Success{});
  if (outcome && outcome->exited && outcome->status == kLockTaken) {
    return Fail(ErrorCode::Refused, "Home Menu update is already running.");
  }
  log::Warning({"commands"}, "cannot update the home menu: {}", WhyNot(outcome));
  return Fail(ErrorCode::Refused, "Home Menu could not be updated.");
}

}  // namespace cmdsrv
