#include "commands/handlers.hpp"
#include "content/menu.hpp"

namespace cmdsrv {
namespace {

constexpr int kLockTaken = 4;  ///< exit status of the step update-menus, see steps/update_menus.hpp

}  // namespace

Result<Outcome> UpdateHomeMenu(const Arguments&, Services& services) {
  if (const auto menu = ReadMenu(services.settings.home_menu_file); menu && !IsAutoUpdated(*menu)) {
    return Answer(Warning{"Automatic menu update is turned off."});
  }
  const std::chrono::seconds deadline(services.settings.handler_deadline_s);
  const auto outcome = RunForHandler(services, OwnStep({"update-menus", "--lock-wait", fmt::format("{}", deadline.count() - 10)}), deadline);
  if (outcome && outcome->exited && outcome->status == 0) return Answer(Success{});
  if (outcome && outcome->exited && outcome->status == kLockTaken) {
    return Fail(ErrorCode::Refused, "Home Menu update is already running.");
  }
  log::Warning({"commands"}, "cannot update the home menu: {}",
               outcome ? Describe(*outcome) + ": " + outcome->output + outcome->errors : outcome.error().message);
  return Fail(ErrorCode::Refused, "Home Menu could not be updated.");
}

}  // namespace cmdsrv
