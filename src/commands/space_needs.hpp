#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "commands/services.hpp"
#include "jobs/job_plan.hpp"

namespace cmdsrv {

/// Bytes that a plan needs, in all for each file system. A directory that does not exist yet is looked up by its
/// nearest parent. One that cannot be looked at asks for nothing: the step says what is wrong with it.
class SpaceNeeds {
 public:
  /// Bytes from outside that stay, of which `have` are there already (a download that broke off). 5 % more must fit.
  void AddFetch(const std::string& directory, std::uint64_t bytes, std::uint64_t have = 0);
  /// Bytes that are in use for a time only (an unpacked archive, a copy on its way).
  void AddCopy(const std::string& directory, std::uint64_t bytes);
  /// Where the bytes of `from` end up: nothing more within a file system, all of them in another one, and there only in
  /// the end.
  void AddMove(const std::string& from, const std::string& to, std::uint64_t bytes);
  /// Bytes that are free in the end.
  void AddFreed(const std::string& directory, std::uint64_t bytes);
  void Add(const std::vector<SpaceUse>& uses);

  /// True when all of it fits beside what accepted Commands still need, and the system keeps its reserve on its disk.
  bool Fit(Services& services) const;
  /// "/library has 3.1M free, and 5.2G are needed"; empty when it fits.
  std::string WhyNot(Services& services) const;

  std::vector<SpaceUse> Uses() const;

 private:
  struct Need {
    SpaceUse use;
    std::uint64_t available = 0;
  };
  Need* At(const std::string& directory);
  std::map<std::uint64_t, Need> needs_;  ///< by device
};

/// What installing these needs, less what is there already.
SpaceNeeds NeedsOf(const CatalogZim& zim, const Settings& settings);
SpaceNeeds NeedsOf(const CatalogModule& module, const Settings& settings);
SpaceNeeds NeedsOf(const CatalogMap& map, const Settings& settings);

/// Bytes of a file, or of all files of a directory; 0 when there is nothing.
std::uint64_t BytesThere(const std::string& path);

}  // namespace cmdsrv
