#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/run_record.hpp"
#include "store/rows.hpp"

/// Automatic retry of steps that say that their failure is one for now (base/step_exit.hpp). Pure: no clock, no I/O.
namespace cmdsrv {

struct RetryRules {
  std::chrono::milliseconds first{std::chrono::seconds{5}};     ///< the first pause; each further one is twice as long
  std::chrono::milliseconds longest{std::chrono::minutes{30}};  ///< ... up to this
  std::chrono::milliseconds bound{std::chrono::hours{7 * 24}};  ///< of all pauses that count; 0: no retry at all
};

/// The longest pause while there is no network: nobody is bothered by a try then, and the line may be back for an hour.
inline constexpr std::chrono::milliseconds kLongestWithoutNetwork{std::chrono::minutes{5}};

/// What the end of a run asks for; None: it succeeded, or failed for good.
RetryWait RetryOf(RetryPolicy policy, const RunRecord& record);

/// Another try has failed.
struct FailedTry {
  RetryWait wait = RetryWait::Time;
  bool progressed = false;  ///< it came further than the tries before
  WallTime now;
  std::uint64_t salt = 0;  ///< different for each job, try and machine: not all come back in the same second
};

/// What is waited for next. Pauses while there is no network do not count towards the bound. Empty: the bound is
/// reached.
std::optional<RetryRow> PlanRetry(const RetryRow& before, const FailedTry& failed, const RetryRules& rules);

/// The internet is there after all, so it is the host that does not answer, and the pause counts. Empty: the bound is
/// reached.
std::optional<RetryRow> CountPause(RetryRow retry, const RetryRules& rules);

/// How much of the pause is left at the start of a daemon. The wall clock may have jumped, so never more than the
/// pause, nor than the longest one.
std::chrono::milliseconds LeftOf(const RetryRow& retry, WallTime now, const RetryRules& rules);

/// "no host answered; waiting for the network, next try at 10:35:12 at the latest". It stays the same while it waits.
std::string RetrySentence(const RetryRow& retry, std::string_view why);

/// "given up after tries for 7 days: …"
std::string GaveUpSentence(std::string_view why, const RetryRules& rules);

}  // namespace cmdsrv
