#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobs/space_rules.hpp"

/// What the disks say about claims. Any thread; a look at a directory of many files takes a while.
namespace cmdsrv {

/// What jobs leave free, and where.
struct SpaceFloor {
  std::string directory;  ///< lies on the file system of the system
  std::uint64_t bytes = 0;
};

/// Of a directory that does not exist yet: where its nearest parent lies. Empty when that cannot be looked at.
std::optional<Volume> VolumeOf(const std::string& directory, const SpaceFloor& floor);

MeasuredClaim Measure(SpaceClaim claim, const SpaceFloor& floor);

struct SpaceQuestion {
  JobId job;
  std::vector<SpaceClaim> claims;
};
SpaceFacts MeasureAll(const std::vector<SpaceQuestion>& questions, const SpaceFloor& floor);

}  // namespace cmdsrv
