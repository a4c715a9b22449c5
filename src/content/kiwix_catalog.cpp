#include "content/kiwix_catalog.hpp"

#include <optional>
#include <utility>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/zim_names.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kDepth = 16;
constexpr std::string_view kMetalinkEnding = ".meta4";

std::uint64_t SizeK(const json::object& entry) {
  const json::value* size = entry.if_contains("size");
  if (size == nullptr) return 0;
  if (size->is_int64()) return size->get_int64() > 0 ? static_cast<std::uint64_t>(size->get_int64()) : 0;
  if (!size->is_string()) return 0;
  const auto number = ToInteger(size->get_string());
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
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
  zim.download_url = TextMember(*entry, "download_url");
  if (zim.download_url.empty()) {
    zim.download_url = zim.url;
    if (zim.download_url.ends_with(kMetalinkEnding)) zim.download_url.resize(zim.url.size() - kMetalinkEnding.size());
  }
  if (!IsFetchUrl(zim.download_url)) return std::nullopt;
  if (!IsFetchUrl(zim.url)) zim.url = zim.download_url;
  zim.perma_ref = TextMember(*entry, "perma_ref");
  if (!IsSafeName(zim.perma_ref)) zim.perma_ref = PermaRef(zim.file_ref);
  zim.id = id;
  zim.title = TextMember(*entry, "title");
  zim.size_k = SizeK(*entry);
  zim.source = SourceOf(TextMember(*entry, "source"), zim.download_url);
  return zim;
}

}  // namespace

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
      catalog.zims_.emplace(id, *std::move(zim));
    } else {
      ++catalog.left_out_;
    }
  }
  return catalog;
}

const CatalogZim* KiwixCatalog::Find(std::string_view zim_id) const {
  const auto found = zims_.find(std::string(zim_id));
  return found == zims_.end() ? nullptr : &found->second;
}

std::vector<const CatalogZim*> KiwixCatalog::All() const {
  std::vector<const CatalogZim*> all;
  all.reserve(zims_.size());
  for (const auto& [id, zim] : zims_) all.push_back(&zim);
  return all;
}

}  // namespace cmdsrv
