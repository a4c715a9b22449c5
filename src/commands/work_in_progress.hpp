#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "content/map_catalog.hpp"
#include "jobs/job_board.hpp"

namespace cmdsrv {

/// The table WIP of GET-ZIM-STAT (spec jobs 8), derived from the unfinished Commands and from nothing else, so that it
/// is right after every restart. Commands whose text cannot be read are left out.
json::object ZimsInProgress(const std::vector<UnfinishedCommand>& unfinished);
/// The same of GET-OER2GO-STAT.
json::object ModulesInProgress(const std::vector<UnfinishedCommand>& unfinished);
/// The same of GET-OSM-VECT-STAT. `catalog` may be null; `address`: where a map comes from.
json::object MapsInProgress(const std::vector<UnfinishedCommand>& unfinished, const MapCatalog* catalog,
                            const std::function<std::string(const CatalogMap&)>& address);

}  // namespace cmdsrv
