#include "ctl/session.hpp"

#include "base/text.hpp"
#include "ctl/shown_text.hpp"

namespace cmdsrv::ctl {

Result<Reply> ReadReply(std::string raw) {
  auto value = ParseJson(raw);
  if (!value) return Fail(ErrorCode::Corrupt, "cannot read the server's reply: {}", value.error().message);
  Reply reply{.raw = std::move(raw), .value = std::move(*value), .text = {}};
  if (!reply.value.is_object()) return reply;
  const json::object& object = reply.value.get_object();
  if (const json::value* error = object.if_contains("Error")) {
    return Failure(Error{ErrorCode::Stated, CleanLine(error->is_string() ? std::string_view(error->get_string())
                                                                         : std::string_view(reply.raw))});
  }
  for (const std::string_view key : {"Success", "Warning", "Status"}) {
    const std::string text = CleanLine(TextMember(object, key));
    if (text.empty() || object.size() != 1) continue;
    reply.text = key == "Warning" ? "Warning: " + text : text;
  }
  return reply;
}

Result<Reply> AskServer(Session& session, const std::string& command) {
  auto raw = session.server.Ask(command, session.reply_time);
  if (!raw) return Failure(std::move(raw.error()));
  return ReadReply(std::move(*raw));
}

std::string MakeCommand(std::string_view verb, const json::object& arguments) {
  return fmt::format("{} {}", verb, PrintJson(arguments));
}

std::optional<std::int64_t> ScheduledJob(const Reply& reply) {
  if (!reply.value.is_object()) return std::nullopt;
  std::string_view text = TextMember(reply.value.get_object(), "Success");
  constexpr std::string_view kBefore = "Job ";
  constexpr std::string_view kAfter = "Scheduled.";
  if (!text.starts_with(kBefore) || !text.ends_with(kAfter)) return std::nullopt;
  text.remove_prefix(kBefore.size());
  text.remove_suffix(kAfter.size());
  const auto number = ToInteger(Trim(text));
  if (!number || *number <= 0) return std::nullopt;
  return *number;
}

int StatusOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::Timeout: return kTimedOut;
    case ErrorCode::Stated:
    case ErrorCode::Corrupt:
    case ErrorCode::Refused:
    case ErrorCode::NotFound: return kRefused;
    default: return kNoServer;
  }
}

int Complain(Session& session, const Error& error) {
  const int status = StatusOf(error);
  session.screen.Error(CleanLine(error.message) + "\n");
  if (status == kNoServer && session.options.root.empty() && session.options.socket.empty()) {
    session.screen.Error("To see why: systemctl status iiab-cmdsrv; journalctl -t IIAB-CMDSRV -n 20\n");
  }
  return status;
}

void ShowReply(Session& session, const Reply& reply) {
  if (session.options.json || reply.text.empty()) {
    PrintRaw(session, reply.raw);
  } else {
    session.screen.Out(reply.text + "\n");
  }
}

void PrintRaw(Session& session, std::string_view text) {
  session.screen.Out((session.screen.IsTerminal() ? CleanLines(text) : std::string(text)) + "\n");
}

std::size_t TableWidth(const Screen& screen) { return screen.IsTerminal() ? screen.GetSize().columns : 0; }

}  // namespace cmdsrv::ctl
