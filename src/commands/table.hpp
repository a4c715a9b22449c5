#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "commands/arguments.hpp"
#include "jobs/job_plan.hpp"
#include "protocol/answer.hpp"
#include "protocol/command.hpp"

namespace cmdsrv {

struct Services;

/// The answer is what happens to jobs after number `since` (JobEvents), or that nothing did within `timeout`.
struct EventWait {
  std::uint64_t since = 0;
  std::chrono::milliseconds timeout{0};
};

/// An answer that is kept back for so long, so that guessing is slow; the worker is free meanwhile.
struct Late {
  Result<Answer> answer;
  std::chrono::milliseconds delay{0};
};

/// Something was done at once and is answered, and these steps do the rest.
struct AnsweredPlan {
  Answer answer;
  JobPlan plan;
};

/// "Here it is", "these steps will do it", both, "nothing yet: wait without a worker", or "here it is, but not at
/// once".
using Outcome = std::variant<Answer, JobPlan, AnsweredPlan, EventWait, Late>;
using Handler = Result<Outcome> (*)(const Arguments&, Services&);

enum class Caller {
  Console,  ///< root and the web account
  Root,     ///< uid 0 only (in a --root box: the daemon's own uid as well)
  Gateway,  ///< root and the web account; the gateway itself asks, it never forwards such a verb from a browser
};
enum class Needs { Nothing, Internet };
enum class Log {
  Whole,  ///< the Command is logged and stored as received
  Verb,   ///< sensitive: "<VERB> ***"
  Never,  ///< no line, no row, no id; sensitive
  Poll,   ///< the same, because it is asked all the time and changes nothing; not sensitive
};
enum class Makes {
  Answers,  ///< never a job; identical ones may run side by side
  Jobs,     ///< jobs; an identical unfinished one is refused
};
enum class Lane {
  Instant,   ///< memory alone, without waiting: without arguments the router answers it itself (decision 0011)
  Quick,     ///< memory and small files; a reserved worker may take it
  Slow,      ///< programs, network, large files
  Password,  ///< hashes passwords, which takes its time on purpose: two workers of its own, and no others
};
constexpr bool IsQuick(Lane lane) { return lane == Lane::Instant || lane == Lane::Quick; }

/// Every fact about a verb. There is no second list anywhere.
struct CommandRowInfo {
  std::string_view verb;
  Caller caller;
  Needs needs;
  Log log;
  Makes makes;
  Lane lane;
  std::span<const Parameter> parameters;
  Handler handler;
  std::string_view summary;   ///< one sentence for LIST-COMMANDS and help
  Handler planner = nullptr;  ///< what PLAN asks: it only looks; all that the Command changes is done by its steps
};

/// All rows, sorted by verb.
std::span<const CommandRowInfo> AllCommands();

/// nullptr when there is no such verb.
const CommandRowInfo* FindCommand(std::string_view verb);

/// The text by which the duplicate rule knows a Command: its verb and those of its arguments that its row declares.
/// What nobody reads makes no other Command of it.
std::string CanonicalText(const CommandRowInfo& row, const Command& command);

/// LIST-COMMANDS: an array of {"verb", "summary", "caller", "internet", "sensitive", "jobs", "lane", "parameters":
/// [...]}.
json::value DescribeCommands();

}  // namespace cmdsrv
