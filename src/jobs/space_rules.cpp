#include "jobs/space_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace cmdsrv {
namespace {

/// Catalogs count in KiB, file systems in blocks.
constexpr std::uint64_t kRounding = 4096;

std::string Human(std::uint64_t bytes) { return HumanSize(static_cast<double>(bytes)); }

bool IsTurnOf(const JobRecord& job, JobList jobs) {
  return !job.options.space.empty() && (!job.depends_on || FindJob(job.depends_on, jobs) == nullptr);
}

/// Has its promise for good: it runs, or an earlier step of its chain did.
bool Holds(const JobRecord& job) { return IsActive(job) || job.space == SpaceWait::None; }

bool Asks(const JobRecord& job) {
  return std::holds_alternative<Waiting>(job.stage) && job.space != SpaceWait::None && !job.cancel_wanted;
}

/// The smaller, the earlier.
int RankOf(const JobRecord& job) {
  if (job.space == SpaceWait::Promised) return 0;
  return std::get<Waiting>(job.stage).again ? 1 : 2;
}

SpaceVerdict Judge(const JobRecord& job, const std::vector<MeasuredClaim>& claims, const SpaceBook& book) {
  if (const auto never = WhyNever(claims)) {
    return {job.id, SpaceWait::Short, true,
            fmt::format("{} has {} in all, less {} for the system; {} are needed", never->volume.name,
                        Human(never->volume.total), Human(never->volume.floor), Human(never->needed))};
  }
  if (const auto shortage = book.WhyNot(claims)) return {job.id, SpaceWait::Short, false, Describe(*shortage)};
  return {job.id};
}

}  // namespace

std::uint64_t StillNeeded(const SpaceClaim& claim, std::uint64_t there) {
  return there + kRounding >= claim.bytes ? 0 : claim.bytes + claim.margin - there;
}

std::uint64_t GivesBack(const SpaceClaim& claim, std::uint64_t there) {
  const std::int64_t back = static_cast<std::int64_t>(there) - claim.stays;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(back, 0));
}

std::string Describe(const SpaceShortage& shortage) {
  return fmt::format("{} has {} free; {} are needed, and {} are kept for other jobs and the system",
                     shortage.volume.name, Human(shortage.volume.available), Human(shortage.needed),
                     Human(shortage.promised + shortage.volume.floor));
}

void SpaceBook::Promise(std::span<const MeasuredClaim> claims) {
  for (const MeasuredClaim& one : claims) {
    if (one.volume) promised_[one.volume->id] += StillNeeded(one.claim, one.there);
  }
}

std::uint64_t SpaceBook::PromisedOn(std::uint64_t volume) const {
  const auto at = promised_.find(volume);
  return at == promised_.end() ? 0 : at->second;
}

std::optional<SpaceShortage> SpaceBook::WhyNot(std::span<const MeasuredClaim> claims) const {
  for (const MeasuredClaim& one : claims) {
    if (!one.volume) continue;
    const std::uint64_t needed = StillNeeded(one.claim, one.there);
    const std::uint64_t promised = PromisedOn(one.volume->id);
    if (needed > 0 && needed + promised + one.volume->floor > one.volume->available)
      return SpaceShortage{*one.volume, needed, promised};
  }
  return std::nullopt;
}

std::optional<SpaceShortage> WhyNever(std::span<const MeasuredClaim> claims) {
  for (const MeasuredClaim& one : claims) {
    if (!one.volume) continue;
    const std::uint64_t needed = StillNeeded(one.claim, one.there);
    if (needed > 0 && needed + one.volume->floor > one.volume->total) return SpaceShortage{*one.volume, needed, 0};
  }
  return std::nullopt;
}

std::vector<JobId> SpaceClaimants(JobList jobs) {
  std::vector<JobId> claimants;
  for (const JobRecord* job : jobs) {
    if (IsTurnOf(*job, jobs) && (Holds(*job) || Asks(*job))) claimants.push_back(job->id);
  }
  return claimants;
}

std::optional<std::vector<SpaceVerdict>> JudgeSpace(JobList jobs, const SpaceFacts& facts) {
  SpaceBook book;
  std::vector<const JobRecord*> asking;
  for (const JobId id : SpaceClaimants(jobs)) {
    const JobRecord* job = FindJob(id, jobs);
    const auto measured = facts.find(id);
    const bool promised = Holds(*job) || job->space == SpaceWait::Promised;
    if (measured == facts.end() && promised) return std::nullopt;
    if (measured == facts.end()) continue;  // came since; it is looked at next
    if (Holds(*job)) {
      book.Promise(measured->second);
    } else {
      asking.push_back(job);
    }
  }
  std::ranges::stable_sort(asking, {}, [](const JobRecord* job) { return RankOf(*job); });
  std::vector<SpaceVerdict> verdicts;
  for (const JobRecord* job : asking) {
    const auto& claims = facts.at(job->id);
    verdicts.push_back(Judge(*job, claims, book));
    if (verdicts.back().wait == SpaceWait::Promised) book.Promise(claims);
  }
  return verdicts;
}

}  // namespace cmdsrv
