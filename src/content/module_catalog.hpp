#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "content/catalog_cache.hpp"

/// oer2go_catalog.json of spec config 7.2: modules are directories of web pages.
namespace cmdsrv {

/// What the server needs of an entry; checked: moddir is SAFE-NAME and the entry's key, addresses have their form or
/// are empty. Nulls are empty texts.
struct CatalogModule {
  std::string moddir;
  std::string title;
  std::string description;
  std::string lang;
  std::string type;          ///< "html"; IIAB may offer others
  std::string age_range;     ///< "undefined" when the entry has no such field, as the old program wrote
  std::string file_count;    ///< the same
  std::string logo_url;      ///< http, https or ftp, else empty
  std::string rsync_url;     ///< rsync://host/path/<moddir>, else empty
  std::string rclone;        ///< remote:path, else empty
  std::uint64_t size_k = 0;  ///< 0: unknown

  /// "contabo" of "contabo:iiab-modules/x".
  std::string_view Remote() const { return std::string_view(rclone).substr(0, rclone.find(':')); }
};

class ModuleCatalog {
 public:
  /// Corrupt when the text is no catalog; entries that could not safely become a path or an argument are left out.
  /// Pure.
  static Result<ModuleCatalog> Parse(std::string_view text);

  const CatalogModule* Find(std::string_view moddir) const;
  std::size_t Size() const { return modules_.size(); }
  std::size_t LeftOut() const { return left_out_; }
  const std::map<std::string, CatalogModule, std::less<>>& All() const { return modules_; }

 private:
  std::map<std::string, CatalogModule, std::less<>> modules_;
  std::size_t left_out_ = 0;
};

class ModuleCatalogCache : public CatalogCache<ModuleCatalog> {
 public:
  explicit ModuleCatalogCache(std::string path)
      : CatalogCache(std::move(path), "module catalog", "Refresh OER2Go Catalog gets a new one") {}
};

/// rsync://host[:port]/path whose last part is `moddir`; plain characters only.
bool IsModuleRsyncUrl(std::string_view url, std::string_view moddir);

/// [A-Za-z0-9_-]+:path, where the path is not empty and does not begin with '-'.
bool IsRcloneSource(std::string_view text);

struct MergedModules {
  std::string text;             ///< of the new oer2go_catalog.json
  std::size_t count = 0;        ///< modules in it
  std::size_t iiab = 0;         ///< of the fetched catalog
  std::size_t iiab_before = 0;  ///< entries of the previous file that came from there
  std::size_t left_out = 0;
};

/// Spec tools 3: the fetched catalog of IIAB (an array), then what the previous file has beside it; the fetched entries
/// win. Of the previous file only modules of type html without an excluded id stay. Corrupt when the fetched text is no
/// array of objects. Pure.
Result<MergedModules> MergeModuleCatalogs(std::string_view fetched, std::string_view previous,
                                          const std::set<std::string, std::less<>>& excluded_ids,
                                          std::string_view download_date);

/// Ids of modules that IIAB gets elsewhere: the array in `text`, else (empty or broken) the list of spec tools 3.
std::set<std::string, std::less<>> ExcludedModuleIds(std::string_view text);

}  // namespace cmdsrv
