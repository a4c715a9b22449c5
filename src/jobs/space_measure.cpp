#include "jobs/space_measure.hpp"

#include "platform/disk_usage.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

std::optional<Volume> VolumeOf(const std::string& directory, const SpaceFloor& floor) {
  std::string there = directory;
  while (there.size() > 1 && !Look(there)) {
    while (there.size() > 1 && there.back() == '/') there.pop_back();
    there.resize(there.rfind('/') + 1);
  }
  const auto space = SpaceAt(there);
  if (!space) return std::nullopt;
  Volume volume{.id = space->device,
                .name = space->mount_point.empty() ? there : space->mount_point,
                .total = space->total_bytes,
                .available = space->available_bytes};
  const auto system = SpaceAt(floor.directory);
  if (system && system->device == space->device) volume.floor = floor.bytes;
  return volume;
}

MeasuredClaim Measure(SpaceClaim claim, const SpaceFloor& floor) {
  MeasuredClaim measured;
  // First what is there: what comes meanwhile then counts as needed once more, and never as room that is not there.
  for (const std::string& path : claim.grows) measured.there += BytesOnDisk(path);
  measured.volume = VolumeOf(claim.directory, floor);
  measured.claim = std::move(claim);
  return measured;
}

SpaceFacts MeasureAll(const std::vector<SpaceQuestion>& questions, const SpaceFloor& floor) {
  SpaceFacts facts;
  for (const SpaceQuestion& question : questions) {
    auto& claims = facts[question.job];
    for (const SpaceClaim& claim : question.claims) claims.push_back(Measure(claim, floor));
  }
  return facts;
}

}  // namespace cmdsrv
