#include "commands/handlers.hpp"

namespace cmdsrv {

Result<Outcome> Reboot(const Arguments&, Services& services) {
  services.box.power.Ask(PowerAct::Reboot);
  return Answer(Success{"Reboot Initiated"});
}

Result<Outcome> PowerOff(const Arguments&, Services& services) {
  services.box.power.Ask(PowerAct::PowerOff);
  return Answer(Success{"Power Off Initiated"});
}

}  // namespace cmdsrv
