#include "support/box/mirror.hpp"

#include <cctype>
#include <cmath>
#include <filesystem>

#include "base/text.hpp"
#include "support/box/box.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

std::string UrlOf(const ZimFacts& zim, const std::string& base) {
  const std::string category = std::filesystem::path(zim.path).parent_path().filename();
  return fmt::format("{}/zim/{}/{}.zim.meta4", base, category, zim.file_ref);
}

bool HasTag(const ZimFacts& zim, std::string_view wanted) {
  for (const std::string_view tag : Split(zim.tags, ';')) {
    if (tag == wanted) return true;
  }
  return false;
}

std::string CategoryTag(const ZimFacts& zim) {
  for (const std::string_view tag : Split(zim.tags, ';')) {
    if (tag.starts_with("_category:")) return std::string(tag.substr(10));
  }
  return "other";
}

std::string TitleCase(std::string text) {
  bool inside_word = false;
  for (char& letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    letter = static_cast<char>(inside_word ? std::tolower(byte) : std::toupper(byte));
    inside_word = std::isalpha(byte) != 0;
  }
  return text;
}

std::string QuotesAsEntities(std::string_view text) {
  std::string out;
  for (const char letter : text) letter == '"' ? out.append("&quot;") : out.append(1, letter);
  return out;
}

json::object CatalogEntry(const ZimFacts& zim, const std::string& base) {
  const std::string url = UrlOf(zim, base);
  const bool details = HasTag(zim, "_details:yes");
  const bool pictures = HasTag(zim, "_pictures:yes");
  const bool videos = HasTag(zim, "_videos:yes");
  return {
      {"title", zim.title},
      {"description", QuotesAsEntities(zim.description)},
      {"language", zim.language.find(',') != std::string::npos ? "mul" : zim.language},
      {"name", zim.name},
      {"publisher", zim.publisher},
      {"flavour", zim.flavour},
      {"date", zim.date},
      {"url", url},
      {"creator", zim.creator},
      {"articleCount", fmt::format("{}", zim.articles)},
      {"mediaCount", fmt::format("{}", zim.media)},
      {"download_url", url.substr(0, url.size() - 6)},
      {"size", fmt::format("{:.0f}", std::nearbyint(static_cast<double>(zim.bytes) / 1024.0))},
      {"file_ref", zim.file_ref},
      {"perma_ref", PermaRef(zim.file_ref)},
      {"category", TitleCase(CategoryTag(zim))},
      {"sequence", 8 - (videos ? 4 : 0) - (pictures ? 2 : 0) - (details ? 1 : 0)},
      {"has_embedded_index", HasTag(zim, "_ftindex:yes")},
      {"has_details", details},
      {"has_pictures", pictures},
      {"has_videos", videos},
      {"uses_socket_workers", false},
      {"source", "zims"},
  };
}

}  // namespace

std::string PermaRef(std::string_view file_ref) {
  const std::size_t cut = file_ref.size() < 8 ? 0 : file_ref.size() - 8;
  const std::string_view end = file_ref.substr(cut);
  if (end.size() != 8 || !end.starts_with("_20") || end[5] != '-') return std::string(file_ref);
  const auto year = ToInteger(end.substr(3, 2));
  const auto month = ToInteger(end.substr(6));
  const bool dated = year && *year >= 0 && month && *month >= 1 && *month <= 12;
  return std::string(dated ? file_ref.substr(0, cut) : file_ref);
}

std::vector<ZimFacts> MirrorZims(const std::string& root, const std::string& category) {
  const std::string directory = fmt::format("{}{}/{}", root, box::kMirrorDirectory, category);
  std::vector<ZimFacts> zims;
  for (const std::string& name : NamesIn(directory)) {
    if (!name.ends_with(".zim") || name.starts_with('.')) continue;
    if (auto facts = ReadZimFacts(directory + "/" + name)) zims.push_back(std::move(*facts));
  }
  return zims;
}

void PadWithSyntheticZims(std::vector<ZimFacts>& zims, unsigned count) {
  for (unsigned number = 1; zims.size() < count; ++number) {
    ZimFacts facts;
    facts.file_ref = fmt::format("nowhere-{}_en_all_maxi_2026-01", number);
    facts.path = "/zim/other/" + facts.file_ref + ".zim";
    facts.uuid = UuidFor(facts.file_ref);
    facts.title = fmt::format("Nowhere {}", number);
    facts.description = "This ZIM is in the catalog only";
    facts.language = number % 7 == 0 ? "eng,fra" : "eng";
    facts.creator = "Nobody";
    facts.publisher = "iiab-box";
    facts.name = fmt::format("nowhere-{}_en_all", number);
    facts.flavour = "maxi";
    facts.tags = number % 5 == 0 ? "_category:stack_exchange;_pictures:no" : "_category:other;_pictures:yes";
    facts.date = "2026-01-01";
    facts.bytes = 1'000'000ULL * number;
    facts.articles = 100 * number;
    zims.push_back(std::move(facts));
  }
}

json::object KiwixCatalog(const std::vector<ZimFacts>& zims, const std::string& base) {
  json::object entries;
  for (const ZimFacts& zim : zims) entries[zim.uuid] = CatalogEntry(zim, base);
  return {{"download_date", "2026-05-01.12:34:56"}, {"zims", entries}};
}

void AddPortableZims(json::object& catalog, const std::vector<ZimFacts>& zims, const std::string& base) {
  for (const ZimFacts& zim : zims) {
    json::object entry = CatalogEntry(zim, base);
    for (const char* newer : {"name", "flavour", "category", "sequence", "has_embedded_index", "has_details",
                              "has_pictures", "has_videos", "uses_socket_workers", "source"})
      entry.erase(newer);
    entry["id"] = zim.uuid;
    entry["download_url"] = fmt::format("{}/portable/kiwix-0.9+{}.zip", base, zim.file_ref);
    catalog["zims"].as_object()[zim.uuid] = std::move(entry);
  }
}

json::object IiabZimCatalog(const std::vector<ZimFacts>& zims, const std::string& base) {
  json::object entries;
  for (const ZimFacts& zim : zims) {
    entries[zim.uuid] = {
        {"id", zim.uuid},
        {"title", zim.title},
        {"description", zim.description},
        {"language", zim.language},
        {"creator", zim.creator},
        {"publisher", zim.publisher},
        {"name", zim.name},
        {"flavour", zim.flavour},
        {"tags", zim.tags},
        {"date", zim.date},
        {"articleCount", fmt::format("{}", zim.articles)},
        {"mediaCount", fmt::format("{}", zim.media)},
        {"size", fmt::format("{}", zim.bytes / 1024)},
        {"url", UrlOf(zim, base)},
        {"favicon", "iVBORw0KGgo="},
        {"faviconMimeType", "image/png"},
    };
  }
  return entries;
}

}  // namespace cmdsrv::test
