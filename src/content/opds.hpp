#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

/// From the two catalogs of the internet to the entries of kiwix_catalog.json (spec tools 2). Pure; every text is
/// hostile.
namespace cmdsrv {

struct CatalogEntry {
  std::string id;
  json::object fields;
};

struct CatalogEntries {
  std::vector<CatalogEntry> entries;
  std::size_t left_out = 0;  ///< without id or ZIM link, with unsafe name or URL, or needing service workers
};

/// An OPDS v2 feed (Atom). Corrupt when it is no XML or no feed.
Result<CatalogEntries> ParseOpdsFeed(std::string_view text);

/// The IIAB ZIM catalog: object by id of attributes as in library.xml. Corrupt when it is no JSON object.
Result<CatalogEntries> ParseIiabZimCatalog(std::string_view text);

/// The entries with source "IIAB" of an existing kiwix_catalog.json, as they are; for when the IIAB catalog cannot be
/// had. Corrupt as KiwixCatalog::Parse.
Result<CatalogEntries> KeepIiabEntries(std::string_view catalog_text);

/// The file's text; later entries replace earlier ones of the same id. `download_date`: ToDownloadDate of now.
std::string PrintKiwixCatalog(std::string_view download_date, const std::vector<const CatalogEntries*>& parts,
                              std::size_t* count = nullptr);

}  // namespace cmdsrv
