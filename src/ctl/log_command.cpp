#include <fmt/format.h>

#include "ctl/log_filter.hpp"
#include "ctl/news.hpp"
#include "ctl/shown_text.hpp"
#include "ctl/subcommands.hpp"

namespace cmdsrv::ctl {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kPieceBytes = 65536;
constexpr milliseconds kAskAgain{500};
constexpr std::chrono::seconds kPatience{30};  // as when following jobs: the log outlives the server too

struct Piece {
  std::string raw;
  std::string text;
  std::int64_t next_offset = 0;
  std::int64_t size = 0;
  bool ended = true;
};

Result<Piece> AskPiece(Session& session, std::int64_t job, std::int64_t offset) {
  const json::object arguments{{"job_id", job}, {"offset", offset}, {"limit", kPieceBytes}};
  auto reply = AskServer(session, MakeCommand("GET-JOB-LOG", arguments));
  if (!reply) return Failure(std::move(reply.error()));
  const auto malformed = [] {
    return Fail(ErrorCode::Corrupt, "cannot read the reply to GET-JOB-LOG: members are missing");
  };
  if (!reply->value.is_object()) return malformed();
  const json::object& object = reply->value.get_object();
  const json::value* next = object.if_contains("next_offset");
  const json::value* size = object.if_contains("size");
  const json::value* ended = object.if_contains("ended");
  if (next == nullptr || !next->is_int64() || size == nullptr || !size->is_int64() || ended == nullptr ||
      !ended->is_bool()) {
    return malformed();
  }
  return Piece{.raw = std::move(reply->raw),
               .text = std::string(TextMember(object, "text")),
               .next_offset = next->get_int64(),
               .size = size->get_int64(),
               .ended = ended->get_bool()};
}

void PrintPiece(Session& session, const Piece& piece, LogFilter& filter) {
  if (session.options.json) return PrintRaw(session, piece.raw);
  const std::string text = filter.Take(piece.text);
  session.screen.Out(session.screen.IsTerminal() ? CleanLines(text) : text);
}

/// Until the job prints, ends, or the operator's time is over; half a second where the server cannot tell.
void WaitForOutput(Session& session, News& news, std::int64_t job, SteadyTime began) {
  milliseconds most{std::chrono::hours{24}};
  if (session.options.timeout) {
    const auto spent = std::chrono::duration_cast<milliseconds>(session.clock.Steady() - began);
    most = std::min(most, *session.options.timeout - spent);
  }
  const auto came = news.Wait(most, [job](std::int64_t id, std::int64_t) { return id == job; });
  if (came == News::Came::Away) session.pauser.Pause(kAskAgain);
}

}  // namespace

int ShowLog(Session& session) {
  const std::int64_t job = session.options.ids.at(0);
  const SteadyTime began = session.clock.Steady();
  SteadyTime answered = began;
  bool ever_answered = false;
  LogFilter filter;
  News news(session);
  for (std::int64_t offset = 0;;) {
    if (session.options.follow) news.Begin();
    const auto piece = AskPiece(session, job, offset);
    const SteadyTime now = session.clock.Steady();
    if (piece) {
      answered = now;
      ever_answered = true;
      PrintPiece(session, *piece, filter);
      const bool moved = piece->next_offset > offset;  // a server that stands still must not keep us here
      if (moved) offset = piece->next_offset;
      if (moved && offset < piece->size) continue;
      if (!session.options.follow || (piece->ended && offset >= piece->size)) {
        if (!session.options.json) session.screen.Out(filter.Rest());
        return kDone;
      }
    } else {
      const bool away = session.options.follow && ever_answered && StatusOf(piece.error()) != kRefused;
      if (!away || now - answered >= kPatience) return Complain(session, piece.error());
    }
    if (session.options.timeout && now - began >= *session.options.timeout) {
      session.screen.Error(fmt::format("Job {} has not ended; it goes on.\n", job));
      return kTimedOut;
    }
    WaitForOutput(session, news, job, began);
  }
}

}  // namespace cmdsrv::ctl
