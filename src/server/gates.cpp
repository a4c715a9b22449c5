#include "server/gates.hpp"

#include <fmt/compile.h>

#include <algorithm>
#include <iterator>

#include "base/log.hpp"
#include "base/log_subject.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "protocol/reply.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kServer{"server"};
constexpr std::size_t kLongestLogged = 1000;
constexpr std::size_t kLongestRecorded = 16'384;  // of Commands without jobs; nobody reads those rows back

/// Every job of a Command keeps its text, in memory and in the database, and the list of jobs shows it with each.
constexpr std::size_t kLongestWithJobs = 64U << 10U;

Error Unexpected() { return {ErrorCode::Internal, {}}; }

/// A Command as logs, the database and other clients may see it: whole, or "VERB ***", made in `own`, for a sensitive
/// verb.
std::string_view Shown(const CommandRowInfo& row, std::string_view text, std::string& own) {
  if (row.log == Log::Whole || row.log == Log::Poll) return text;
  return own = fmt::format("{} ***", row.verb);
}

/// `shown` as a log line has it. Nearly always it is that already, and is not copied into `own`.
std::string_view Loggable(std::string_view shown, std::string& own) {
  if (shown.size() <= kLongestLogged && shown.find("://") == std::string_view::npos) return shown;
  return own = Shorten(MaskUrlCredentials(shown), kLongestLogged);
}

/// Every Command has this line: it is made on the stack, and has one allocation.
void LogReceived(std::string_view shown, const Peer& peer) {
  std::string own;
  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line), FMT_COMPILE("received {} of uid {}, pid {}"), Loggable(shown, own), peer.uid,
                 peer.pid);
  log::Write(log::Level::Info, kServer, fmt::to_string(line));
}

/// What may be logged of a text that is no known Command: a mistyped one can hold a secret anywhere behind its verb.
std::string_view LoggableVerb(std::string_view text) {
  constexpr std::string_view kOfVerbs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
  return text.substr(0, std::min<std::size_t>(text.find_first_not_of(kOfVerbs), 40));
}

/// What the client is told when its jobs could not be written down, and therefore will never run.
Error NotRecorded(std::string_view verb, const Error& error) {
  if (error.code == ErrorCode::NoSpace) {
    return {ErrorCode::Stated,
            fmt::format("Unable to record Job {}. The disk is full: free some space, then send it again.", verb)};
  }
  if (error.code == ErrorCode::Io || error.code == ErrorCode::Corrupt || error.code == ErrorCode::Busy)
    return {ErrorCode::Refused, "Unable to record Job"};
  return error;
}

/// True for errors whose message the client does not get, so that only the log has it.
bool IsHidden(ErrorCode code) {
  switch (code) {
    case ErrorCode::Malformed:
    case ErrorCode::Io:
    case ErrorCode::Corrupt:
    case ErrorCode::Newer:
    case ErrorCode::Internal: return true;
    case ErrorCode::Refused:
    case ErrorCode::Stated:
    case ErrorCode::Duplicate:
    case ErrorCode::NotFound:
    case ErrorCode::Busy:
    case ErrorCode::Timeout:
    case ErrorCode::NoNetwork:
    case ErrorCode::TryLater:
    case ErrorCode::NoSpace:
    case ErrorCode::Unavailable: return false;
  }
  return true;
}

/// It leaves a line in the log and a row in the database.
bool IsKept(const CommandRowInfo& row) { return row.log == Log::Whole || row.log == Log::Verb; }

void LogRefusal(std::string_view verb, const Error& error) {
  if (error.code == ErrorCode::Malformed) {
    log::Warning(kServer, "malformed Command {}: {}", verb, error.message);
  } else if (IsHidden(error.code)) {
    log::Error(kServer, "{} failed: {}", verb, error.message);
  } else {
    log::Warning(kServer, "{} was refused: {}", verb, error.message);
  }
}

}  // namespace

/// One Command on its way.
struct Gates::Passing {
  const Request& request;
  const CommandRowInfo& row;
  const Command& command;
  WallTime received;
};

Executed Gates::Pass(const Request& request) {
  const auto command = ParseCommand(request.text);
  const CommandRowInfo* row = command ? parts_.find(command->verb) : nullptr;
  // Only known verbs: what a client makes up is in the text, where it is seen as such.
  const log::About about({.command = row != nullptr ? std::string_view(row->verb) : std::string_view(),
                          .peer_uid = request.peer.uid,
                          .peer_pid = request.peer.pid});
  Executed executed = command ? Parsed(request, *command, row) : NotParsed(request, command.error());
  const auto end = executed.wait                              ? ServerStats::End::Waits
                   : executed.reply.starts_with("{\"Error\"") ? ServerStats::End::Refused
                                                              : ServerStats::End::Answered;
  parts_.services.stats.Note(row, end, parts_.services.clock.Steady() - request.received);
  return executed;
}

Executed Gates::NotParsed(const Request& request, const Error& error) {
  const std::string_view verb = LoggableVerb(request.text);
  if (error.code == ErrorCode::NotFound) {
    log::Warning(kServer, "Unknown Command {} of uid {}, pid {}", verb, request.peer.uid, request.peer.pid);
    return {UnknownReply()};
  }
  log::Warning(kServer, "malformed Command {} of uid {}, pid {} ({} bytes): {}", verb, request.peer.uid,
               request.peer.pid, request.text.size(), error.message);
  return {ToReply(VerbOf(request.text), error)};
}

Executed Gates::Parsed(const Request& request, const Command& command, const CommandRowInfo* row) {
  if (row == nullptr) {
    log::Warning(kServer, "Unknown Command {} of uid {}, pid {}", LoggableVerb(command.verb), request.peer.uid,
                 request.peer.pid);
    return {UnknownReply()};
  }
  if (!parts_.peers.MayCall(request.peer, row->caller)) {
    log::Warning(kServer, "refused {} of uid {}, pid {}: only root may do this", command.verb, request.peer.uid,
                 request.peer.pid);
    return {ToReply(command.verb, Error{ErrorCode::Refused, "Only root may use this Command."})};
  }
  return Known({request, *row, command, parts_.services.clock.Wall()});
}

Executed Gates::Known(const Passing& passing) {
  const auto& [request, row, command, received] = passing;
  std::string own;
  const std::string_view shown = Shown(row, request.text, own);
  if (IsKept(row)) LogReceived(shown, request.peer);
  if (row.makes == Makes::Jobs && request.text.size() > kLongestWithJobs) {
    log::Warning(kServer, "{} was refused: it has {} bytes", command.verb, request.text.size());
    return {ToReply(command.verb, Error{ErrorCode::Refused, "The Command is too long."})};
  }
  Reservation reservation;
  if (row.makes == Makes::Jobs) {
    auto reserved = parts_.services.jobs.Reserve(CanonicalText(row, command));
    if (!reserved) {
      LogRefusal(command.verb, reserved.error());
      const bool duplicate = reserved.error().code == ErrorCode::Duplicate;
      return {ToReply(command.verb, duplicate ? DuplicateError(shown) : reserved.error())};
    }
    reservation = std::move(*reserved);
  }
  if (row.needs == Needs::Internet && !parts_.internet()) {
    log::Warning(kServer, "{} was refused: it needs the internet, which is not available", command.verb);
    Record(passing);
    return {InternetReply(command.verb)};
  }
  return Finish(passing, AskHandler(passing), std::move(reservation));
}

Result<Outcome> Gates::AskHandler(const Passing& passing) {
  const auto is_role = [this](std::string_view role) { return parts_.services.box.roles.Has(role); };
  auto arguments = Arguments::Check(passing.row.parameters, passing.command.arguments, is_role);
  if (!arguments) return Failure(std::move(arguments.error()));
  try {
    return passing.row.handler(*arguments, parts_.services);
  } catch (const std::exception& error) {
    return Fail(ErrorCode::Internal, "unexpected error: {}", error.what());
  } catch (...) {
    return Fail(ErrorCode::Internal, "unexpected error of unknown kind");
  }
}

Executed Gates::Finish(const Passing& passing, Result<Outcome> outcome, Reservation reservation) {
  if (!outcome) {
    LogRefusal(passing.command.verb, outcome.error());
    Record(passing);
    return {ToReply(passing.command.verb, outcome.error())};
  }
  if (auto* plan = std::get_if<JobPlan>(&*outcome))
    return {Submit(passing, std::move(*plan), std::move(reservation), nullptr)};
  if (auto* both = std::get_if<AnsweredPlan>(&*outcome))
    return {Submit(passing, std::move(both->plan), std::move(reservation), &both->answer)};
  if (auto* late = std::get_if<Late>(&*outcome)) {
    auto answer = std::move(late->answer).map([](Answer said) { return Outcome(std::move(said)); });
    Executed executed = Finish(passing, std::move(answer), {});
    executed.delay = late->delay;
    return executed;
  }
  if (const auto* wait = std::get_if<EventWait>(&*outcome)) {
    Executed executed;
    executed.wait = *wait;
    return executed;
  }
  Record(passing);
  auto& answer = std::get<Answer>(*outcome);
  if (const auto* warning = std::get_if<Warning>(&answer)) {
    log::Warning(kServer, "{} ended with a warning: {}", passing.command.verb, warning->text);
  }
  return {ToReply(passing.command.verb, std::move(answer))};
}

std::string Gates::Submit(const Passing& passing, JobPlan plan, Reservation reservation, Answer* answer) {
  const std::string& verb = passing.command.verb;
  // A job is found again after a restart by its Command's text, so a verb that hides its text cannot have jobs.
  if (passing.row.makes != Makes::Jobs || passing.row.log != Log::Whole || plan.steps.empty()) {
    log::Error(kServer, "{} failed: its row of the command table does not allow such a plan", verb);
    return ToReply(verb, Unexpected());
  }
  CommandRow row{parts_.store.NextCommandId(), passing.request.text, passing.received};
  const log::About about({.group = row.id.value});
  const auto ids = parts_.services.jobs.Submit(std::move(row), std::move(plan), std::move(reservation));
  if (!ids) {
    LogRefusal(verb, ids.error());
    return ToReply(verb, NotRecorded(verb, ids.error()));
  }
  if (ids->empty()) return ToReply(verb, Unexpected());
  return answer != nullptr ? ToReply(verb, std::move(*answer)) : JobScheduledReply(ids->back());
}

void Gates::Record(const Passing& passing) {
  if (!IsKept(passing.row)) return;
  std::string own;
  const std::string_view shown = Shown(passing.row, passing.request.text, own);
  std::string kept = shown.size() > kLongestRecorded ? Shorten(shown, kLongestRecorded) : std::string(shown);
  parts_.store.LogCommand({parts_.store.NextCommandId(), std::move(kept), passing.received});
}

}  // namespace cmdsrv
