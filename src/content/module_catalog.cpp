#include "content/module_catalog.hpp"

#include <algorithm>

#include "base/names.hpp"
#include "content/catalog_values.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kExcluded[] = {
    "5",  "6",  "12",  "17",  "19",  "20",  "23",  "34",  "35",  "44",  "50",  "60", "65",  "68",  "86",  "88",
    "91", "93", "100", "122", "139", "142", "201", "202", "204", "205", "26",  "46", "49",  "51",  "53",  "57",
    "58", "59", "61",  "62",  "63",  "66",  "69",  "72",  "75",  "94",  "129", "98", "114", "132", "189", "190"};

/// The moddir, when the entry is one that the server can use.
std::string_view UsableModdir(const json::value& entry) {
  const json::object* object = entry.if_object();
  if (object == nullptr) return {};
  const std::string_view moddir = TextMember(*object, "moddir");
  return IsSafeName(moddir) && moddir.size() <= 200 ? moddir : std::string_view();
}

std::string ShownText(const json::object& entry, std::string_view key) {
  const json::value* value = entry.if_contains(key);
  if (value == nullptr) return "undefined";
  if (value->is_string()) return std::string(value->get_string());
  return value->is_int64() ? fmt::format("{}", value->get_int64()) : std::string();
}

CatalogModule ToModule(std::string_view moddir, const json::object& entry) {
  CatalogModule module;
  module.moddir = moddir;
  module.title = TextMember(entry, "title");
  if (module.title.empty()) module.title = moddir;
  module.description = TextMember(entry, "description");
  module.lang = TextMember(entry, "lang", "en");
  if (!IsLanguage(module.lang)) module.lang = "en";
  module.type = TextMember(entry, "type", "html");
  module.age_range = ShownText(entry, "age_range");
  module.file_count = ShownText(entry, "file_count");
  module.size_k = KibibytesMember(entry, "ksize");
  if (const auto url = TextMember(entry, "logo_url"); IsFetchUrl(url)) module.logo_url = url;
  if (const auto url = TextMember(entry, "rsync_url"); IsModuleRsyncUrl(url, moddir)) module.rsync_url = url;
  if (const auto source = TextMember(entry, "rclone"); IsRcloneSource(source)) module.rclone = source;
  return module;
}

const json::object* ModulesOf(const json::value& document) {
  const json::object* top = document.if_object();
  const json::value* modules = top != nullptr ? top->if_contains("modules") : nullptr;
  return modules != nullptr ? modules->if_object() : nullptr;
}

std::string IdOf(const json::object& entry) {
  const json::value* id = entry.if_contains("module_id");
  if (id == nullptr) return {};
  if (id->is_string()) return std::string(id->get_string());
  return id->is_int64() ? fmt::format("{}", id->get_int64()) : std::string();
}

}  // namespace

bool IsModuleRsyncUrl(std::string_view url, std::string_view moddir) {
  constexpr std::string_view kScheme = "rsync://";
  if (!url.starts_with(kScheme) || url.size() > 1000) return false;
  const std::string_view rest = url.substr(kScheme.size());
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._~+-/:[]").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(rest, is_plain)) return false;
  const auto parts = Split(rest, '/');
  if (parts.size() < 3 || parts.front().empty() || parts.front().starts_with('-')) return false;
  const auto is_name = [](std::string_view part) { return !part.empty() && part != "." && part != ".."; };
  return std::ranges::all_of(parts, is_name) && parts.back() == moddir;
}

bool IsRcloneSource(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || text.size() > 1000) return false;
  const std::string_view remote = text.substr(0, colon);
  const std::string_view path = text.substr(colon + 1);
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (remote.starts_with('-') || !std::ranges::all_of(remote, is_plain)) return false;
  if (path.empty() || path.starts_with('-')) return false;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(path, is_control)) return false;
  return std::ranges::none_of(Split(path, '/'), [](std::string_view part) { return part == ".."; });
}

Result<ModuleCatalog> ModuleCatalog::Parse(std::string_view text) {
  const auto document = ParseJson(text, {.depth = 16});
  if (!document) return Failure(document.error());
  const json::object* modules = ModulesOf(*document);
  if (modules == nullptr) return Fail(ErrorCode::Corrupt, "the catalog has no object \"modules\"");
  ModuleCatalog catalog;
  for (const auto& [key, entry] : *modules) {
    const std::string_view moddir = UsableModdir(entry);
    if (moddir.empty() || moddir != key) {
      ++catalog.left_out_;
    } else {
      catalog.modules_.emplace(moddir, ToModule(moddir, entry.get_object()));
    }
  }
  return catalog;
}

const CatalogModule* ModuleCatalog::Find(std::string_view moddir) const {
  const auto found = modules_.find(moddir);
  return found == modules_.end() ? nullptr : &found->second;
}

Result<MergedModules> MergeModuleCatalogs(std::string_view fetched, std::string_view previous,
                                          const std::set<std::string, std::less<>>& excluded_ids,
                                          std::string_view download_date) {
  const auto list = ParseJson(fetched, {.depth = 16});
  if (!list) return Failure(list.error());
  if (!list->is_array()) return Fail(ErrorCode::Corrupt, "the module catalog of IIAB is no list");
  MergedModules merged;
  json::object modules;
  for (const json::value& entry : list->get_array()) {
    const std::string_view moddir = UsableModdir(entry);
    if (moddir.empty()) {
      ++merged.left_out;
    } else {
      modules[moddir] = entry;
    }
  }
  merged.iiab = modules.size();
  if (merged.iiab == 0) return Fail(ErrorCode::Corrupt, "the module catalog of IIAB has no usable entry");
  const auto old = ParseJson(previous, {.depth = 16});
  const json::object* before = old ? ModulesOf(*old) : nullptr;
  for (const auto& [key, entry] : before != nullptr ? *before : json::object()) {
    const std::string_view moddir = UsableModdir(entry);
    if (moddir.empty()) continue;
    const json::object& fields = entry.get_object();
    // Only the entries of IIAB say whether they have a menu definition there.
    if (fields.contains("has_live_menudef")) ++merged.iiab_before;
    if (TextMember(fields, "type") != "html" || excluded_ids.contains(IdOf(fields)) || modules.contains(moddir))
      continue;
    modules[moddir] = entry;
  }
  merged.count = modules.size();
  merged.text = PrintJsonIndented(json::object{{"download_date", download_date}, {"modules", std::move(modules)}});
  return merged;
}

std::set<std::string, std::less<>> ExcludedModuleIds(std::string_view text) {
  std::set<std::string, std::less<>> ids;
  const auto list = ParseJson(text, {.depth = 4, .bytes = 1U << 20U});
  if (!list || !list->is_array()) return {std::begin(kExcluded), std::end(kExcluded)};
  for (const json::value& id : list->get_array()) {
    if (id.is_string()) ids.emplace(id.get_string());
    if (id.is_int64()) ids.insert(fmt::format("{}", id.get_int64()));
  }
  return ids;
}

}  // namespace cmdsrv
