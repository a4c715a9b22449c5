#pragma once

#include <string>

#include "base/result.hpp"
#include "content/rachel.hpp"
#include "steps/context.hpp"
#include "steps/zip_tree.hpp"

namespace cmdsrv {

/// One version of RACHEL on its way into this box.
struct RachelPlaces {
  std::string zip;        ///< <rachel_downloads_dir><version>.zip
  std::string directory;  ///< <rachel_working_dir><version>/
  std::string installed;  ///< <rachel_dir>: www, bin and version in it
};

/// Malformed when `version` is no plain name.
Result<RachelPlaces> PlacesOf(const Context& context, const std::string& version);

/// Refused when nobody knows what its archive looks like, so that it is not even downloaded.
Result<const RachelRelease*> KnownRelease(const std::string& version);

/// `bin` and `www` of the archive. Names that no file can have here, and hidden ones, are left out.
ZipChoice RachelChoice(const RachelRelease& release);

/// As PlanTree; Refused when it holds no `www`.
Result<ZipTree> PlanRachel(const std::string& zip, const RachelRelease& release);

}  // namespace cmdsrv
