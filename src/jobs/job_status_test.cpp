#include "jobs/job_status.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace cmdsrv {
namespace {

using S = JobStatus;
using E = JobEvent;

constexpr std::array kAllStatuses = {S::Scheduled, S::Started, S::Restarted, S::Succeeded, S::Failed, S::Cancelled};
constexpr std::array kAllEvents = {E::Start,       E::StartAgain,       E::EndedWell,     E::EndedBadly,
                                   E::Cancel,      E::DependencyFailed, E::DoneByAnother, E::FailedForNow,
                                   E::Interrupted, E::NeverBegan};

TEST(JobStatus, EveryDrawnArrowAndNoOther) {
  struct Arrow {
    S from;
    E event;
    S to;
  };
  const std::vector<Arrow> drawn = {
      {S::Scheduled, E::Start, S::Started},
      {S::Scheduled, E::StartAgain, S::Restarted},
      {S::Scheduled, E::EndedBadly, S::Failed},
      {S::Scheduled, E::Cancel, S::Cancelled},
      {S::Scheduled, E::DependencyFailed, S::Cancelled},
      {S::Scheduled, E::DoneByAnother, S::Succeeded},
      {S::Started, E::StartAgain, S::Restarted},
      {S::Started, E::EndedWell, S::Succeeded},
      {S::Started, E::EndedBadly, S::Failed},
      {S::Started, E::Cancel, S::Cancelled},
      {S::Started, E::FailedForNow, S::Scheduled},
      {S::Started, E::Interrupted, S::Started},
      {S::Started, E::NeverBegan, S::Scheduled},
      {S::Restarted, E::NeverBegan, S::Restarted},
      {S::Restarted, E::StartAgain, S::Restarted},
      {S::Restarted, E::EndedWell, S::Succeeded},
      {S::Restarted, E::EndedBadly, S::Failed},
      {S::Restarted, E::Cancel, S::Cancelled},
      {S::Restarted, E::FailedForNow, S::Scheduled},
      {S::Restarted, E::Interrupted, S::Restarted},
  };
  for (const S from : kAllStatuses) {
    for (const E event : kAllEvents) {
      std::optional<S> expected;
      for (const Arrow& arrow : drawn) {
        if (arrow.from == from && arrow.event == event) expected = arrow.to;
      }
      EXPECT_EQ(Next(from, event), expected) << NameOf(from) << " on event " << static_cast<int>(event);
    }
  }
}

TEST(JobStatus, NamesAreTheSixOfTheConsoleAndReadBack) {
  for (const S status : kAllStatuses) EXPECT_EQ(StatusFromName(NameOf(status)), status);
  EXPECT_EQ(NameOf(S::Restarted), "RESTARTED");
  EXPECT_EQ(StatusFromName("started"), std::nullopt);
  EXPECT_EQ(StatusFromName(""), std::nullopt);
}

TEST(JobStatus, OnlyTheRightHandColumnIsFinal) {
  for (const S status : kAllStatuses) {
    bool leaves = false;
    for (const E event : kAllEvents) leaves = leaves || Next(status, event).has_value();
    EXPECT_EQ(IsFinal(status), !leaves) << NameOf(status);
  }
}

}  // namespace
}  // namespace cmdsrv
