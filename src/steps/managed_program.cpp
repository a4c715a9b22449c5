#include "steps/managed_program.hpp"

#include "base/text.hpp"
#include "steps/program.hpp"
#include "steps/rsync.hpp"
#include "steps/say.hpp"

namespace cmdsrv {

Result<void> RunManaged(const Context& context, const std::vector<std::string>& argv, const ManagedProgram& program) {
  std::string last;
  Watch watch;
  watch.directory = program.directory;
  watch.on_line = [&](std::string_view line) {
    SayLine(line);
    if (const auto text = Trim(line); !text.empty()) last = Shorten(CleanOutput(text), 300);
  };
  Result<void> room;
  watch.on_second = [&] {
    room = CheckReserve(context, program.grows);
    return room.has_value();
  };
  EndRequests requests;
  const auto end = RunWatched(context, argv, watch, requests);
  if (!end) return Failure(end.error());
  requests.EndIfAsked();
  if (end->exited && end->status == 0) return {};
  if (!room) return Fail(ErrorCode::NoSpace, "{} was ended: {}", program.shown, room.error().message);
  return Fail(program.failure, "{} ended with {}{}{}", program.shown, Describe(*end), last.empty() ? "" : ": ", last);
}

}  // namespace cmdsrv
