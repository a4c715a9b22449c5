#include "ctl/plain_verb.hpp"

#include <fmt/format.h>

#include "ctl/echo.hpp"
#include "ctl/follow.hpp"
#include "ctl/message.hpp"
#include "ctl/shown_text.hpp"

namespace cmdsrv::ctl {
namespace {

constexpr int kPlainFailure = 1;
constexpr std::chrono::seconds kTableTime{2};  // to learn what may be shown; without an answer nothing is

/// The older promise writes everything to standard output, -q only the reply.
int FailPlain(Session& session, std::string_view text) {
  const std::string line = CleanLine(text) + "\n";
  if (session.options.quiet) {
    session.screen.Error(line);
  } else {
    session.screen.Out(line);
  }
  return kPlainFailure;
}

void Echo(Session& session, const std::string& message) {
  std::string shown = ShownMessage(message, nullptr);
  if (!IsHarmlessAlone(message)) {
    const auto list = session.server.Ask("LIST-COMMANDS", kTableTime);
    const auto commands = list ? ParseJson(*list) : Result<json::value>(json::value());
    shown = ShownMessage(message, commands ? &*commands : nullptr);
  }
  PrintRaw(session, "message to send:  " + shown);
  PrintRaw(session, "Connecting to server...");
}

/// Waits as long as somebody at the terminal wants.
Result<std::string> AskPatiently(Session& session, const std::string& message) {
  const double seconds = std::chrono::duration<double>(session.reply_time).count();
  auto reply = session.server.Ask(message, session.reply_time);
  for (double waited = seconds; !reply && reply.error().code == ErrorCode::Timeout; waited += seconds) {
    const std::string question = fmt::format("No response from the server after {:g} seconds. ", waited);
    const std::string more = fmt::format("Wait another {:g} seconds? (ENTER = yes, anything else = no) ", seconds);
    if (session.options.quiet || !session.screen.AskYes(question + more)) {
      return Fail(ErrorCode::Timeout, "{}It may still do the Command.", question);
    }
    reply = session.server.WaitOn(session.reply_time);
  }
  return reply;
}

}  // namespace

int SendPlain(Session& session) {
  const Presence presence = LookForServer(session.options, session.files);
  if (presence != Presence::Ready) return FailPlain(session, Sentence(presence));
  const auto message = MakeMessage(session.options);
  if (!message) return FailPlain(session, message.error().message);
  if (!session.options.quiet) Echo(session, *message);

  const auto reply = AskPatiently(session, *message);
  if (!reply) {
    FailPlain(session, reply.error().message);
    return session.options.strict && reply.error().code == ErrorCode::Timeout ? kTimedOut : kPlainFailure;
  }
  PrintRaw(session, session.options.quiet ? *reply : "Received reply:  " + *reply);
  const auto understood = ReadReply(*reply);
  const bool is_error = !understood && understood.error().code == ErrorCode::Stated;
  return session.options.strict && is_error ? kStrictErrorReply : kDone;
}

int SendAndWait(Session& session) {
  const auto message = MakeMessage(session.options);
  if (!message) {
    session.screen.Error(CleanLine(message.error().message) + "\n");
    return message.error().code == ErrorCode::Refused ? kUsage : kRefused;
  }
  auto raw = session.server.Ask(*message, session.reply_time);
  if (!raw) return Complain(session, raw.error());
  const auto reply = ReadReply(*raw);
  if (!reply && session.options.json) {
    PrintRaw(session, *raw);
    return StatusOf(reply.error());
  }
  if (!reply) return Complain(session, reply.error());
  if (!session.options.quiet || session.options.json || !session.options.wait) ShowReply(session, *reply);
  if (!session.options.wait) return kDone;
  const auto job = ScheduledJob(*reply);
  return job ? FollowJobs(session, {*job}, Until::Succeeded) : static_cast<int>(kDone);
}

}  // namespace cmdsrv::ctl
