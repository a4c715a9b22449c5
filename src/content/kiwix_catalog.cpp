#include "content/kiwix_catalog.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/catalog_values.hpp"
#include "content/zim_names.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kDepth = 16;
constexpr std::string_view kMetalinkEnding = ".meta4";

std::string_view WithoutMetalink(std::string_view url) {
  if (url.ends_with(kMetalinkEnding)) url.remove_suffix(kMetalinkEnding.size());
  return url;
}

/// Catalogs from 2015 have no `source`: their ZIMs came as zip files.
ZimSource SourceOf(std::string_view source, std::string_view download_url) {
  if (source == "IIAB") return ZimSource::Iiab;
  if (source == "portable" || (source.empty() && download_url.ends_with(".zip"))) return ZimSource::Portable;
  return ZimSource::Zims;
}

/// Empty when a value could not safely become a path or an argument.
std::optional<CatalogZim> ToZim(std::string_view id, const json::value& value) {
  const json::object* entry = value.if_object();
  if (entry == nullptr || !IsSafeName(id)) return std::nullopt;
  CatalogZim zim;
  zim.file_ref = TextMember(*entry, "file_ref");
  if (!IsSafeName(zim.file_ref)) return std::nullopt;
  zim.url = TextMember(*entry, "url");
  std::string fetched(TextMember(*entry, "download_url"));
  if (fetched.empty()) fetched = WithoutMetalink(zim.url);
  if (!IsFetchUrl(fetched)) return std::nullopt;
  if (!IsFetchUrl(zim.url)) zim.url = fetched;
  if (fetched != WithoutMetalink(zim.url)) zim.archive_url = fetched;
  zim.perma_ref = TextMember(*entry, "perma_ref");
  if (!IsSafeName(zim.perma_ref)) zim.perma_ref = PermaRef(zim.file_ref);
  zim.id = id;
  zim.title = TextMember(*entry, "title");
  zim.size_k = KibibytesMember(*entry, "size");
  zim.source = SourceOf(TextMember(*entry, "source"), fetched);
  return zim;
}

}  // namespace

std::string CatalogZim::DownloadUrl() const {
  return archive_url.empty() ? std::string(WithoutMetalink(url)) : archive_url;
}

bool CatalogZim::HasMetalink() const { return url.ends_with(kMetalinkEnding); }

Result<KiwixCatalog> KiwixCatalog::Parse(std::string_view text) {
  if (text.size() > kReadLimit) return Fail(ErrorCode::Corrupt, "the catalog is larger than 64 MiB");
  // The tree is several times the size of the text and is needed for a moment only: it lives in a few large blocks that
  // go back to the system at once.
  json::monotonic_resource memory(text.size() + 4096);
  json::error_code error;
  json::parse_options options;
  options.max_depth = kDepth;
  const json::value document = json::parse({text.data(), text.size()}, error, &memory, options);
  if (error) return Fail(ErrorCode::Corrupt, "the catalog is not valid JSON: {}", error.message());
  const json::object* top = document.if_object();
  const json::value* zims = top != nullptr ? top->if_contains("zims") : nullptr;
  if (zims == nullptr || !zims->is_object()) return Fail(ErrorCode::Corrupt, "the catalog has no object \"zims\"");

  KiwixCatalog catalog;
  catalog.download_date_ = TextMember(*top, "download_date");
  catalog.zims_.reserve(zims->get_object().size());
  for (const auto& [id, entry] : zims->get_object()) {
    if (auto zim = ToZim(id, entry)) {
      catalog.zims_.push_back(*std::move(zim));
    } else {
      ++catalog.left_out_;
    }
  }
  std::ranges::sort(catalog.zims_, {}, &CatalogZim::id);
  return catalog;
}

const CatalogZim* KiwixCatalog::Find(std::string_view zim_id) const {
  const auto found =
      std::ranges::lower_bound(zims_, zim_id, {}, [](const CatalogZim& zim) { return std::string_view(zim.id); });
  return found != zims_.end() && found->id == zim_id ? &*found : nullptr;
}

std::unordered_map<std::string_view, const CatalogZim*> KiwixCatalog::Newest() const {
  const auto address = [](const CatalogZim& zim) { return std::string_view(zim.url).substr(0, zim.url.find(".meta")); };
  std::unordered_map<std::string_view, const CatalogZim*> newest;
  newest.reserve(zims_.size());
  for (const CatalogZim& zim : zims_) {
    const CatalogZim*& known = newest[zim.perma_ref];
    // Of equal addresses it is the one with the greatest id.
    if (known == nullptr || address(*known) <= address(zim)) known = &zim;
  }
  return newest;
}

}  // namespace cmdsrv
