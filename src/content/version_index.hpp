#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "content/languages.hpp"
#include "content/library_xml.hpp"
#include "content/menu_defs.hpp"

namespace cmdsrv {

/// zim_version_idx.json (spec config 7.5) of the books whose file is in `stems` (file names without ".zim"), sorted by
/// perma_ref. Of several versions of one ZIM the newest is listed. Pure.
json::object BuildVersionIndex(const std::vector<std::string>& stems, const std::vector<LibraryBook>& books,
                               const MenuDefs& defs, const Languages& languages);

/// The attribute of a book, empty when it has none.
std::string_view AttributeOf(const LibraryBook& book, std::string_view name);

}  // namespace cmdsrv
