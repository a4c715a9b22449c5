#include "base/names.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/zim_names.hpp"
#include "target.hpp"

using namespace cmdsrv;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  FUZZ_CHECK(PermaRef(text).size() <= ZimStem(text).size());
  const auto catalog = KiwixCatalog::Parse(text);
  if (!catalog) return 0;
  const auto value = ParseJson(text);
  if (!value) return 0;  // a number that is too large, in a member that nobody asks for
  const json::value* zims = value->is_object() ? value->get_object().if_contains("zims") : nullptr;
  if (zims == nullptr || !zims->is_object()) return 0;
  for (const auto& member : zims->get_object()) {
    const CatalogZim* zim = catalog->Find(member.key());
    if (zim == nullptr) continue;
    FUZZ_CHECK(IsSafeName(zim->file_ref));
    FUZZ_CHECK(IsFetchUrl(zim->DownloadUrl()));
    FUZZ_CHECK(IsFetchUrl(zim->url));
  }
  return 0;
}
