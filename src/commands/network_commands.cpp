#include "commands/handlers.hpp"
#include "commands/network_info.hpp"

namespace cmdsrv {

Result<Outcome> GetNetworkInfo(const Arguments&, Services& services) {
  return Answer(json::value(DescribeNetwork(services)));
}

Result<Outcome> ConfirmNetwork(const Arguments& arguments, Services& services) {
  const bool keep = arguments.Flag("keep").value_or(true);
  if (auto confirmed = services.network.guard.Confirm(keep); !confirmed) return Failure(confirmed.error());
  return Answer(Success{});
}

}  // namespace cmdsrv
