#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "ctl/asker.hpp"
#include "ctl/exit_status.hpp"
#include "ctl/options.hpp"
#include "ctl/screen.hpp"
#include "ctl/server_files.hpp"

namespace cmdsrv::ctl {

/// How time passes between two questions; tests let a ManualClock jump instead.
class Pauser {
 public:
  virtual ~Pauser() = default;
  virtual void Pause(std::chrono::milliseconds duration) = 0;
};

/// What every sub-command works with. Nothing is owned; all outlive the sub-command.
struct Session {
  const Options& options;
  const ServerFiles& files;
  Asker& server;
  Screen& screen;
  const Clock& clock;
  Pauser& pauser;
  std::chrono::milliseconds reply_time;  ///< how long AskServer waits
};

inline constexpr std::chrono::seconds kReplyTime{60};  ///< without -t; the gateway waits as long

/// One reply of the server (spec protocol 6). Error replies do not come this far: AskServer makes them an Error.
struct Reply {
  std::string raw;  ///< as it came
  json::value value;
  std::string text;  ///< of Success, Warning and Status replies, clean; empty for data
};

/// {"Error": "text"} → Stated; not JSON → Corrupt; otherwise the reply.
Result<Reply> ReadReply(std::string raw);

/// One question, one answer. Errors as Asker::Ask and ReadReply.
Result<Reply> AskServer(Session& session, const std::string& command);

/// `VERB {"key": number}`, for the few Commands that ctl makes up itself.
std::string MakeCommand(std::string_view verb, const json::object& arguments);

/// The n of {"Success": "Job  n Scheduled."}.
std::optional<std::int64_t> ScheduledJob(const Reply& reply);

/// Timeout → 4; the server said no or nonsense → 1; anything else → 3.
int StatusOf(const Error& error);

/// The message on standard error, with the next thing to try; gives StatusOf(error).
int Complain(Session& session, const Error& error);

/// With --json the reply as it came, otherwise its text (or the JSON, when it is data).
void ShowReply(Session& session, const Reply& reply);

/// `text` and a newline on standard output; clean when that is a terminal.
void PrintRaw(Session& session, std::string_view text);

/// 0 when the output is not a terminal: tables are not cut for files and pipes.
std::size_t TableWidth(const Screen& screen);

}  // namespace cmdsrv::ctl
