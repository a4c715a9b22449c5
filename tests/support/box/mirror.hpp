#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "support/zim_maker.hpp"

/// The documents that the content servers of the world give about ZIM files, made from the files of the box.
/// `base` is like "http://127.0.0.1:8080".
namespace cmdsrv::test {

/// The sound ZIM files in <root>/internet/zim/<category>, sorted by name.
std::vector<ZimFacts> MirrorZims(const std::string& root, const std::string& category);

/// Fills up to `count` with ZIMs that exist nowhere.
void PadWithSyntheticZims(std::vector<ZimFacts>& zims, unsigned count);

/// The feed of /catalog/v2/entries?count=-1.
std::string OpdsFeed(const std::vector<ZimFacts>& zims, const std::string& base);

/// kiwix_catalog.json as it must come out of that feed (spec tools 2), computed on its own: an oracle for tests.
json::object KiwixCatalog(const std::vector<ZimFacts>& zims, const std::string& base);

/// Adds entries for zip archives, with no more fields than those of 2015 have: `url` is the metalink of the ZIM and
/// `download_url` the archive.
void AddPortableZims(json::object& catalog, const std::vector<ZimFacts>& zims, const std::string& base);

/// iiab-zim-cat.json: attributes like those of library.xml by ZIM id.
json::object IiabZimCatalog(const std::vector<ZimFacts>& zims, const std::string& base);

struct MetalinkOptions {
  bool wrong_hash = false;  ///< the hash of the whole file and of each piece is that of other content
};

/// Metalink 4 with size, SHA-256, pieces of 1 MiB and one URL on each of the mirrors 127.0.0.1 and 127.0.0.2.
/// NotFound when the file is missing.
Result<std::string> Metalink(const std::string& path, const std::string& url_path, unsigned port,
                             const MetalinkOptions& options = {});

/// perma_ref of a file_ref: without a final _20YY-MM.
std::string PermaRef(std::string_view file_ref);

}  // namespace cmdsrv::test
