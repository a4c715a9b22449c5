#include "server/stop_request.hpp"

#include "protocol/command.hpp"

namespace cmdsrv {

bool IsStop(std::string_view text) { return VerbOf(text) == "STOP"; }

Result<StopRequest> ParseStop(std::string_view text) {
  const auto command = ParseCommand(text);
  if (!command) return Failure(command.error());
  if (command->arguments.empty()) return StopRequest{};
  if (command->arguments.size() == 1 && TextMember(command->arguments, "jobs") == "end") return StopRequest{true};
  return Fail(ErrorCode::Malformed, "STOP knows no arguments but {{\"jobs\": \"end\"}}");
}

}  // namespace cmdsrv
