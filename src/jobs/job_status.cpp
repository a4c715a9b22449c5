#include "jobs/job_status.hpp"

#include <array>
#include <utility>

namespace cmdsrv {
namespace {

constexpr std::array<std::pair<JobStatus, std::string_view>, 6> kNames = {{
    {JobStatus::Scheduled, "SCHEDULED"},
    {JobStatus::Started, "STARTED"},
    {JobStatus::Restarted, "RESTARTED"},
    {JobStatus::Succeeded, "SUCCEEDED"},
    {JobStatus::Failed, "FAILED"},
    {JobStatus::Cancelled, "CANCELLED"},
}};

std::optional<JobStatus> NextOfScheduled(JobEvent event) {
  switch (event) {
    case JobEvent::Start: return JobStatus::Started;
    case JobEvent::StartAgain: return JobStatus::Restarted;
    case JobEvent::EndedBadly: return JobStatus::Failed;
    case JobEvent::Cancel:
    case JobEvent::DependencyFailed: return JobStatus::Cancelled;
    case JobEvent::DoneByAnother: return JobStatus::Succeeded;
    case JobEvent::EndedWell:  // what never began cannot have ended well
    case JobEvent::FailedForNow:
    case JobEvent::Interrupted:
    case JobEvent::NeverBegan: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<JobStatus> NextOfBegun(JobStatus now, JobEvent event) {
  switch (event) {
    case JobEvent::StartAgain: return JobStatus::Restarted;
    case JobEvent::EndedWell: return JobStatus::Succeeded;
    case JobEvent::EndedBadly: return JobStatus::Failed;
    case JobEvent::Cancel: return JobStatus::Cancelled;
    case JobEvent::FailedForNow: return JobStatus::Scheduled;
    case JobEvent::Interrupted: return now;
    case JobEvent::NeverBegan: return now == JobStatus::Started ? JobStatus::Scheduled : now;
    case JobEvent::DoneByAnother:     // it did its work itself
    case JobEvent::Start:             // a second first start would run a step twice
    case JobEvent::DependencyFailed:  // it began because its predecessor succeeded
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<JobStatus> Next(JobStatus now, JobEvent event) {
  switch (now) {
    case JobStatus::Scheduled: return NextOfScheduled(event);
    case JobStatus::Started:
    case JobStatus::Restarted: return NextOfBegun(now, event);
    case JobStatus::Succeeded:
    case JobStatus::Failed:
    case JobStatus::Cancelled: return std::nullopt;
  }
  return std::nullopt;
}

bool IsFinal(JobStatus status) {
  return status == JobStatus::Succeeded || status == JobStatus::Failed || status == JobStatus::Cancelled;
}

std::string_view NameOf(JobStatus status) {
  for (const auto& [value, name] : kNames) {
    if (value == status) return name;
  }
  return {};
}

std::optional<JobStatus> StatusFromName(std::string_view name) {
  for (const auto& [value, text] : kNames) {
    if (text == name) return value;
  }
  return std::nullopt;
}

}  // namespace cmdsrv
