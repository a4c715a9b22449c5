#include "jobs/retry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/step_exit.hpp"
#include "base/time_text.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kMostDoublings = 20;

/// From three quarters to all of `longest`.
milliseconds Jittered(milliseconds longest, std::uint64_t salt) {
  std::uint64_t hash = salt * 0x9E3779B97F4A7C15U;  // neighbouring salts must not give neighbouring pauses
  hash ^= hash >> 29U;
  hash *= 0xBF58476D1CE4E5B9U;
  hash ^= hash >> 32U;
  const std::int64_t quarter = longest.count() / 4;
  return longest -
         milliseconds{quarter > 0 ? static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(quarter + 1)) : 0};
}

milliseconds PauseAfter(std::uint32_t doublings, RetryWait wait, const RetryRules& rules) {
  const milliseconds longest =
      wait == RetryWait::Network ? std::min(rules.longest, kLongestWithoutNetwork) : rules.longest;
  const std::int64_t factor = std::int64_t{1} << std::min(doublings, kMostDoublings);
  return rules.first > longest / factor ? longest : rules.first * factor;
}

std::string TimeOfDay(WallTime time) {
  return ToD1(std::chrono::ceil<std::chrono::seconds>(time)).substr(std::string_view("2026-05-01T").size());
}

std::string Span(milliseconds span) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::max(span, milliseconds{0})).count();
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{} min", (seconds + 59) / 60);
  if (seconds < 2 * 86'400) return fmt::format("{} h", (seconds + 1800) / 3600);
  return fmt::format("{} days", (seconds + 43'200) / 86'400);
}

}  // namespace

RetryWait RetryOf(RetryPolicy policy, const RunRecord& record) {
  if (policy != RetryPolicy::Temporary || record.exit_kind != RunExit::Status) return RetryWait::None;
  switch (record.exit_value) {
    case StepExit::kNoNetwork: return RetryWait::Network;
    case StepExit::kTryLater:
    case StepExit::kBusy: return RetryWait::Time;
    default: return RetryWait::None;
  }
}

std::optional<RetryRow> PlanRetry(const RetryRow& before, const FailedTry& failed, const RetryRules& rules) {
  if (before.waited_ms >= rules.bound.count()) return std::nullopt;
  RetryRow retry = before;
  retry.wait = failed.wait;
  retry.doublings = failed.progressed || before.tries == 0 ? 0 : std::min(before.doublings + 1, kMostDoublings);
  retry.tries = before.tries + 1;
  const milliseconds pause = Jittered(PauseAfter(retry.doublings, failed.wait, rules), failed.salt + retry.tries);
  retry.pause_ms = pause.count();
  retry.next = failed.now + pause;
  if (failed.wait == RetryWait::Time) retry.waited_ms += pause.count();
  return retry;
}

std::optional<RetryRow> CountPause(RetryRow retry, const RetryRules& rules) {
  if (retry.waited_ms >= rules.bound.count()) return std::nullopt;
  retry.wait = RetryWait::Time;
  retry.waited_ms += retry.pause_ms;
  return retry;
}

milliseconds LeftOf(const RetryRow& retry, WallTime now, const RetryRules& rules) {
  const milliseconds pause{std::clamp<std::int64_t>(retry.pause_ms, 0, rules.longest.count())};
  if (!retry.next || *retry.next <= now) return milliseconds{0};
  // Compared before the subtraction: of clocks that are years apart the difference is no span to reckon with.
  if (now < *retry.next - pause) return pause;
  return std::chrono::ceil<milliseconds>(*retry.next - now);
}

std::string RetrySentence(const RetryRow& retry, std::string_view why) {
  const std::string time = retry.next ? " at " + TimeOfDay(*retry.next) : " soon";
  if (retry.wait == RetryWait::Network)
    return fmt::format("{}; waiting for the network, next try{} at the latest", why, time);
  return fmt::format("{}; try {}{}", why, retry.tries + 1, time);
}

std::string GaveUpSentence(std::string_view why, const RetryRules& rules) {
  if (rules.bound.count() == 0) return std::string(why);
  return fmt::format("given up after tries for {}: {}", Span(rules.bound), why);
}

}  // namespace cmdsrv
