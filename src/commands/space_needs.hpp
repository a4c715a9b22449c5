#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "commands/services.hpp"
#include "jobs/job_plan.hpp"
#include "jobs/space_measure.hpp"

namespace cmdsrv {

/// Bytes that a plan needs, in all for each file system. A directory that does not exist yet is looked up by its
/// nearest parent. One that cannot be looked at asks for nothing: the step says what is wrong with it.
class SpaceNeeds {
 public:
  explicit SpaceNeeds(SpaceFloor floor) : floor_(std::move(floor)) {}

  /// Bytes from outside that stay and arrive at `places`; what is there already (a download that broke off) is not
  /// needed. 5 % more must fit.
  void AddFetch(const std::string& directory, std::uint64_t bytes, const std::vector<std::string>& places);
  /// The same of bytes that are made here (an unpacked archive).
  void AddMade(const std::string& directory, std::uint64_t bytes, const std::vector<std::string>& places);
  /// Bytes that are in use for a time only (an unpacked archive, a copy on its way), at these places.
  void AddCopy(const std::string& directory, std::uint64_t bytes, const std::vector<std::string>& places);
  /// Where the bytes of `from` end up, as `place`: nothing more within a file system, all of them in another one, and
  /// there only in the end.
  void AddMove(const std::string& from, const std::string& to, std::uint64_t bytes, const std::string& place);
  /// Bytes that are free in the end.
  void AddFreed(const std::string& directory, std::uint64_t bytes);
  void Add(const std::vector<SpaceUse>& uses);

  /// "/library has 3.1G free; 5.2G are needed, …"; empty when all of it fits into what is free now, and into what
  /// accepted Commands will give back, less the floor of the system. Otherwise the Command has to be refused: nothing
  /// that is under way makes room for it. See docs/decisions/0016-space-is-promised.md.
  std::string WhyRefused(const Services& services) const;
  bool Fit(const Services& services) const { return WhyRefused(services).empty(); }

  /// The same of jobs that would be accepted, but wait, because others were promised the bytes; empty: nothing waits.
  std::string WhyWaiting(const Services& services) const;

  std::vector<SpaceUse> Uses() const;

  /// A volume, what is needed of it, and what others were promised.
  struct Standing {
    SpaceUse use;
    Volume volume;
    std::uint64_t promised = 0;
  };
  std::vector<Standing> Standings(const Services& services) const;

 private:
  struct Need {
    SpaceUse use;
    Volume volume;
  };
  Need* At(const std::string& directory);
  /// Returns the bytes that are there.
  static std::uint64_t AddStaying(Need& need, std::uint64_t bytes, const std::vector<std::string>& places);
  /// Adds what of the places is not counted yet, and returns the bytes that are there.
  static std::uint64_t AddPlaces(Need& need, const std::vector<std::string>& places);

  SpaceFloor floor_;
  std::map<std::uint64_t, Need> needs_;  ///< by volume
};

/// What the system keeps on its disk.
SpaceFloor FloorOf(const Settings& settings, const Root& root);

/// What installing these needs, less what is there already.
SpaceNeeds NeedsOf(const CatalogZim& zim, const Services& services);
SpaceNeeds NeedsOf(const CatalogModule& module, const Services& services);
SpaceNeeds NeedsOf(const CatalogMap& map, const Services& services);

}  // namespace cmdsrv
