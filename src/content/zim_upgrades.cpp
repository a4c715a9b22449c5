#include "content/zim_upgrades.hpp"

#include <algorithm>
#include <map>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/catalog_values.hpp"
#include "content/version_index.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool IsDate(std::string_view version) {
  const auto digits = [&](std::size_t at, std::size_t count) {
    return version.substr(at, count).find_first_not_of("0123456789") == std::string_view::npos;
  };
  return version.size() == 7 && version[4] == '-' && digits(0, 4) && digits(5, 2);
}

std::uint64_t Kibibytes(std::string_view text) {
  const auto number = ToInteger(text);
  return number && *number > 0 ? std::min(static_cast<std::uint64_t>(*number), kLargestFile / 1024) : 0;
}

}  // namespace

std::string SuccessorOf(std::string_view perma_ref) {
  std::string name(perma_ref);
  for (const std::string_view flavour : {"_maxi", "_nopic", "_mini"}) {
    if (Contains(name, flavour)) return name;
  }
  const auto exchange = [&](std::string_view from, std::string_view to) {
    const auto at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
    return at != std::string::npos;
  };
  if (exchange("_novid", "_maxi") || exchange("_all", "_all_maxi") || exchange("_medicine", "_medicine_maxi"))
    return name;
  return name;
}

std::string ZimVersion(std::string_view stem) { return std::string(stem.substr(stem.rfind('_') + 1)); }

bool IsNewerVersion(std::string_view candidate, std::string_view installed) {
  return !IsDate(candidate) || !IsDate(installed) || candidate > installed;
}

std::vector<ZimUpgrade> FindUpgrades(const json::object& index, const std::vector<LibraryBook>& books,
                                     const KiwixCatalog& catalog) {
  std::map<std::string_view, const LibraryBook*> by_path;
  for (const LibraryBook& book : books) by_path[book.path] = &book;
  const auto newest = catalog.Newest();
  std::vector<ZimUpgrade> upgrades;
  for (const auto& [key, facts] : index) {
    const std::string perma_ref(key);
    const std::string stem(facts.is_object() ? TextMember(facts.get_object(), "file_name") : std::string_view{});
    const auto book = by_path.find(fmt::format("content/{}.zim", stem));
    const auto found = newest.find(SuccessorOf(perma_ref));
    if (!IsSafeName(perma_ref) || book == by_path.end() || found == newest.end()) continue;
    const CatalogZim& zim = *found->second;
    ZimUpgrade upgrade{.perma_ref = perma_ref,
                       .title = std::string(AttributeOf(*book->second, "title")),
                       .old_id = book->second->id,
                       .old_stem = stem,
                       .old_version = ZimVersion(stem),
                       .old_size_k = Kibibytes(AttributeOf(*book->second, "size")),
                       .new_version = ZimVersion(zim.file_ref),
                       .zim = zim};
    if (zim.id != upgrade.old_id && IsNewerVersion(upgrade.new_version, upgrade.old_version))
      upgrades.push_back(std::move(upgrade));
  }
  std::ranges::sort(upgrades, {}, &ZimUpgrade::perma_ref);
  return upgrades;
}

Result<std::vector<ZimUpgrade>> ReadUpgrades(const Settings& settings, const KiwixCatalog& catalog) {
  const auto index_text = ReadFile(settings.assets_dir + "zim_version_idx.json");
  const auto library_text = ReadFile(settings.zim_dir + "library.xml");
  for (const auto* text : {&index_text, &library_text}) {
    if (!*text) return Failure(text->error());
  }
  const auto index = ParseJson(*index_text);
  if (!index || !index->is_object())
    return Fail(ErrorCode::Corrupt, "{}zim_version_idx.json is broken; Reindex Kiwix Content writes a new one",
                settings.assets_dir);
  const auto books = ParseLibrary(*library_text);
  if (!books) return Failure(books.error());
  return FindUpgrades(index->get_object(), *books, catalog);
}

std::string SizeChange(const ZimUpgrade& upgrade) {
  const bool less = upgrade.zim.size_k < upgrade.old_size_k;
  const std::uint64_t change = less ? upgrade.old_size_k - upgrade.zim.size_k : upgrade.zim.size_k - upgrade.old_size_k;
  return (less ? "-" : "+") + HumanSize(static_cast<double>(change) * 1024.0);
}

json::object DescribeUpgrades(const std::vector<ZimUpgrade>& upgrades) {
  json::object described;
  for (const ZimUpgrade& upgrade : upgrades) {
    described[upgrade.perma_ref] = {{"installed_zim_title", upgrade.title},
                                    {"old_zim_id", upgrade.old_id},
                                    {"new_zim_id", upgrade.zim.id},
                                    {"old_zim_version", upgrade.old_version},
                                    {"new_zim_version", upgrade.new_version},
                                    {"old_zim_size_k", fmt::format("{}", upgrade.old_size_k)},
                                    {"new_zim_size_k", fmt::format("{}", upgrade.zim.size_k)},
                                    {"size_diff_human", SizeChange(upgrade)}};
  }
  return described;
}

}  // namespace cmdsrv
