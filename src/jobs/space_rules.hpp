#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jobs/job_queue.hpp"
#include "store/rows.hpp"

/// Who was promised which bytes of a disk. A chain of steps is promised all that it needs before its first step starts,
/// and keeps the promise until its last step has ended; what would not fit beside the promises of others waits, and
/// promises nothing to itself meanwhile, so that it never holds up what does fit. Pure: no disk, no clock.
namespace cmdsrv {

/// A file system as it stands.
struct Volume {
  std::uint64_t id = 0;
  std::string name;  ///< its mount point
  std::uint64_t total = 0;
  std::uint64_t available = 0;
  std::uint64_t floor = 0;  ///< bytes that jobs leave free on it
};

/// A claim, and what the disk shows of it.
struct MeasuredClaim {
  SpaceClaim claim = {};
  std::uint64_t there = 0;       ///< bytes at its `grows`
  std::optional<Volume> volume;  ///< empty: cannot be looked at, so nothing is asked of it; the step says what is wrong
};

/// Bytes that still have to come. What is all there needs no margin either.
std::uint64_t StillNeeded(const SpaceClaim& claim, std::uint64_t there);

/// Bytes that will be free again when the chain has ended well, beyond those that are free now.
std::uint64_t GivesBack(const SpaceClaim& claim, std::uint64_t there);

struct SpaceShortage {
  Volume volume;
  std::uint64_t needed = 0;
  std::uint64_t promised = 0;  ///< to others
};

/// "/library has 3.1G free; 5.2G are needed, and 500.0M are kept for other jobs and the system"
std::string Describe(const SpaceShortage& shortage);

/// What is promised on each volume.
class SpaceBook {
 public:
  void Promise(std::span<const MeasuredClaim> claims);
  /// Empty when all of it fits beside the promises and the floors.
  std::optional<SpaceShortage> WhyNot(std::span<const MeasuredClaim> claims) const;
  std::uint64_t PromisedOn(std::uint64_t volume) const;

 private:
  std::map<std::uint64_t, std::uint64_t> promised_;
};

/// Not even on the empty volume. Empty when it would.
std::optional<SpaceShortage> WhyNever(std::span<const MeasuredClaim> claims);

using SpaceFacts = std::map<JobId, std::vector<MeasuredClaim>>;

/// Unfinished jobs with claims whose turn it is in their chains: what has to be looked at before anybody is promised
/// anything.
std::vector<JobId> SpaceClaimants(JobList jobs);

struct SpaceVerdict {
  JobId id;
  SpaceWait wait = SpaceWait::Promised;
  bool never = false;         ///< Short, and no deletion helps
  std::string shortage = {};  ///< of a Short one

  friend bool operator==(const SpaceVerdict&, const SpaceVerdict&) = default;
};

/// One verdict for each claimant that waits: first those that were promised their bytes already, then those that were
/// interrupted, then by id. Empty when `facts` lack somebody who has a promise: look again.
std::optional<std::vector<SpaceVerdict>> JudgeSpace(JobList jobs, const SpaceFacts& facts);

}  // namespace cmdsrv
