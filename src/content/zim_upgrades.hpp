#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/library_xml.hpp"
#include "content/settings.hpp"

/// Which installed ZIMs the catalog has newer (spec tools 5).
namespace cmdsrv {

struct ZimUpgrade {
  std::string perma_ref;  ///< of the installed one, as in zim_version_idx.json
  std::string title;      ///< of the installed one
  std::string old_id, old_stem, old_version;
  std::uint64_t old_size_k = 0;
  std::string new_version;
  CatalogZim zim;  ///< what takes its place
};

/// The perma_ref under which the catalog has the successor of an old one: "_novid" and plain names are "_maxi" today.
std::string SuccessorOf(std::string_view perma_ref);

/// "2026-01" of "x_en_all_2026-01": what stands behind the last '_', else the whole text.
std::string ZimVersion(std::string_view stem);

/// False for what is older; versions that are no dates cannot be compared, and then another ZIM is a newer one.
bool IsNewerVersion(std::string_view candidate, std::string_view installed);

/// Sorted by perma_ref. What is in the index and not in the library, or not in the catalog, is left out. Pure.
std::vector<ZimUpgrade> FindUpgrades(const json::object& index, const std::vector<LibraryBook>& books,
                                     const KiwixCatalog& catalog);

/// The same from the files of the box; NotFound when index or library is missing, Corrupt when one of
/// them is broken.
Result<std::vector<ZimUpgrade>> ReadUpgrades(const Settings& settings, const KiwixCatalog& catalog);

/// The reply of GET-UPGRADEABLE-ZIMS.
json::object DescribeUpgrades(const std::vector<ZimUpgrade>& upgrades);

/// "+97.7M" or "-1.2K" of the size on the disk.
std::string SizeChange(const ZimUpgrade& upgrade);

}  // namespace cmdsrv
