#pragma once

#include <string>
#include <vector>

#include "content/settings.hpp"
#include "platform/root.hpp"

namespace cmdsrv {

/// Sentences about what the package does on a box where the Python program serves.
struct TakeoverReport {
  std::vector<std::string> acts;       ///< what will be done
  std::vector<std::string> remarks;    ///< what the administrator may want to know
  std::vector<std::string> obstacles;  ///< what has to be mended before, each with its remedy
};

/// Looks and changes nothing. The units and names are those of packaging/debian/iiab-cmdsrv.preinst.
TakeoverReport LookAtTakeover(const Root& root, const Settings& settings);

std::string PrintTakeover(const TakeoverReport& report);

}  // namespace cmdsrv
