#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "content/catalog_cache.hpp"

namespace cmdsrv {

enum class ZimSource { Zims, Iiab, Portable };

/// What the server needs of a catalog entry; checked: file_ref is SAFE-NAME, URLs are http/https/ftp. Entries that fail
/// are left out and counted.
struct CatalogZim {
  std::string id;
  std::string title;
  std::string file_ref;
  std::string perma_ref;
  std::string url;           ///< as the catalog has it: of the ZIM, or of its metalink
  std::string archive_url;   ///< of the .zip, for Portable, where it cannot be told from `url`; else empty
  std::uint64_t size_k = 0;  ///< 0: unknown
  ZimSource source = ZimSource::Zims;

  /// What is fetched: the ZIM, or the .zip for Portable.
  std::string DownloadUrl() const;
  bool HasMetalink() const;
};

/// kiwix_catalog.json of spec config 7.1, new and old (2015) format, as compact values.
class KiwixCatalog {
 public:
  /// Corrupt when the text is no catalog. Pure.
  static Result<KiwixCatalog> Parse(std::string_view text);

  const CatalogZim* Find(std::string_view zim_id) const;
  /// Sorted by id; they live as long as the catalog.
  const std::vector<CatalogZim>& All() const { return zims_; }
  /// Of each perma_ref the newest: that with the greatest address. They live as long as the catalog.
  std::unordered_map<std::string_view, const CatalogZim*> Newest() const;
  std::size_t Size() const { return zims_.size(); }
  std::size_t LeftOut() const { return left_out_; }
  const std::string& DownloadDate() const { return download_date_; }

 private:
  std::vector<CatalogZim> zims_;  // sorted by id
  std::string download_date_;
  std::size_t left_out_ = 0;
};

class KiwixCatalogCache : public CatalogCache<KiwixCatalog> {
 public:
  explicit KiwixCatalogCache(std::string path)
      : CatalogCache(std::move(path), "Kiwix catalog", "Refresh Kiwix Catalog gets a new one") {}
};

}  // namespace cmdsrv
