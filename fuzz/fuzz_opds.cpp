// What the internet says about ZIM files: the OPDS feed, the IIAB catalog, metalinks.
#include "base/names.hpp"
#include "content/kiwix_catalog.hpp"
#include "content/metalink.hpp"
#include "content/opds.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

void CheckEntries(const Result<CatalogEntries>& entries) {
  if (!entries) {
    FUZZ_CHECK(entries.error().code == ErrorCode::Corrupt && !entries.error().message.empty());
    return;
  }
  std::size_t count = 0;
  const std::string text = PrintKiwixCatalog("2026-05-01.12:34:56", {&*entries}, &count);
  const auto catalog = KiwixCatalog::Parse(text);
  FUZZ_CHECK(catalog.has_value() && count <= entries->entries.size());
  for (const CatalogEntry& entry : entries->entries) {
    const CatalogZim* zim = catalog->Find(entry.id);
    if (zim == nullptr) continue;
    FUZZ_CHECK(IsSafeName(zim->file_ref) && IsFetchUrl(zim->DownloadUrl()));
  }
}

void CheckMetalink(std::string_view text) {
  const auto metalink = ParseMetalink(text);
  if (!metalink) return;
  FUZZ_CHECK(!metalink->urls.empty());
  for (const std::string& url : metalink->urls) FUZZ_CHECK(IsFetchUrl(url));
  FUZZ_CHECK(metalink->sha256.empty() || metalink->sha256.size() == 64);
  const auto again = ParseMetalink(PrintMetalink(*metalink, "demo.zim"));
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->urls == metalink->urls && again->size == metalink->size && again->pieces == metalink->pieces);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  CheckEntries(ParseOpdsFeed(text));
  CheckEntries(ParseIiabZimCatalog(text));
  CheckEntries(KeepIiabEntries(text));
  CheckMetalink(text);
  return 0;
}
