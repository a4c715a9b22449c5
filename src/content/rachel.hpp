#pragma once

#include <string>
#include <string_view>

namespace cmdsrv {

/// The title in an `index.htmlf` of a RACHEL module: what stands between the first <h2> and </h2>, without tags and PHP
/// parts. Empty when there is none. Pure.
std::string RachelTitle(std::string_view page);

/// A distribution of RACHEL whose archive is known.
struct RachelRelease {
  std::string_view version;  ///< rachel_version of iiab.ini
  std::string_view tree;     ///< in its archive: what holds `bin` and `www`; ends in '/'
};

/// Null when nobody knows the archive of this version.
const RachelRelease* FindRachelRelease(std::string_view version);

}  // namespace cmdsrv
