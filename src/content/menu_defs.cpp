#include "content/menu_defs.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "platform/files.hpp"

namespace cmdsrv {
namespace {

constexpr std::size_t kDefLimit = 256U << 10U;

constexpr std::array<const char*, 19> kOrder{"name",
                                             "lang",
                                             "intended_use",
                                             "zim_name",
                                             "moddir",
                                             "map_name",
                                             "kolibri_channel_id",
                                             "start_url",
                                             "title",
                                             "logo_url",
                                             "description",
                                             "extra_description",
                                             "extra_html",
                                             "footnote",
                                             "edit_status",
                                             "commit_sha",
                                             "previous_commit_sha",
                                             "change_ref",
                                             "change_date"};
constexpr std::array<const char*, 2> kFlags{"upload_flag", "download_flag"};

bool IsKnown(std::string_view field) {
  return std::ranges::find(kOrder, field, [](const char* one) { return std::string_view(one); }) != kOrder.end() ||
         std::ranges::find(kFlags, field, [](const char* one) { return std::string_view(one); }) != kFlags.end();
}

constexpr std::pair<std::string_view, std::string_view> kLogos[] = {
    {"wiktionary", "en-wiktionary.png"}, {"wikivoyage", "en-wikivoyage.png"}, {"wikinews", "wikinews-logo.png"},
    {"wikipedia", "en-wikipedia.png"},   {"wikem", "WikEM-Logo-m.png"},
};

}  // namespace

const MenuDef* MenuDefs::Find(std::string_view name) const {
  const auto found =
      std::ranges::lower_bound(defs, name, {}, [](const MenuDef& one) { return std::string_view(one.name); });
  return found != defs.end() && found->name == name ? &*found : nullptr;
}

std::string_view MenuDef::Zim() const {
  const std::string_view use = TextMember(fields, "intended_use");
  return use == "zim" || use.empty() ? TextMember(fields, "zim_name") : std::string_view{};
}

std::multimap<std::string_view, const MenuDef*> MenuDefs::ByZim() const {
  std::multimap<std::string_view, const MenuDef*> by_zim;
  for (const MenuDef& def : defs) {
    if (const auto zim = def.Zim(); !zim.empty()) by_zim.emplace(zim, &def);
  }
  return by_zim;
}

Result<json::object> ParseMenuDef(std::string_view text) {
  auto document = ParseJson(text, {.depth = 8, .bytes = kDefLimit});
  if (!document) return Failure(document.error());
  if (!document->is_object()) return Fail(ErrorCode::Corrupt, "it is no JSON object");
  return std::move(document->get_object());
}

Result<MenuDefs> ReadMenuDefs(const std::string& directory) {
  const auto files = ListDirectory(directory);
  if (!files) return Failure(files.error());
  const std::string base = directory.ends_with('/') ? directory : directory + '/';
  MenuDefs all;
  for (const std::string& file : *files) {
    if (!file.ends_with(".json") || file.starts_with('.')) continue;
    std::string name = file.substr(0, file.size() - 5);
    all.names.insert(name);
    const auto text = ReadFile(base + file, kDefLimit);
    auto fields = text ? ParseMenuDef(*text) : Failure(text.error());
    if (fields) {
      all.defs.push_back({std::move(name), *std::move(fields)});
    } else {
      all.skipped.push_back(fmt::format("cannot read the menu item definition {}: {}", file, fields.error().message));
    }
  }
  std::ranges::sort(all.defs, {}, &MenuDef::name);
  return all;
}

json::object OrderMenuDef(const json::object& fields, UnknownFields unknown) {
  json::object ordered;
  const auto copy = [&](const char* field) {
    if (const json::value* value = fields.if_contains(field)) ordered[field] = *value;
  };
  for (const char* field : kOrder) copy(field);
  if (unknown == UnknownFields::Keep) {
    for (const auto& [key, value] : fields) {
      if (!IsKnown(key)) ordered[key] = value;
    }
  }
  for (const char* field : kFlags) copy(field);
  return ordered;
}

std::string ZimDefName(const ZimForMenu& zim) {
  std::string name = zim.iso2 + '-' + zim.perma_ref;
  std::ranges::replace(name, '.', '_');
  return name;
}

std::string_view ZimLogo(std::string_view perma_ref) {
  if (perma_ref.starts_with("phet_en")) return "phet-logo-48x48.png";
  const std::string_view head = perma_ref.substr(0, perma_ref.find('_'));
  for (const auto& [beginning, logo] : kLogos) {
    if (head.starts_with(beginning)) return logo;
  }
  return perma_ref.find("stackexchange") != std::string_view::npos ? "stackexchange.png" : "content.jpg";
}

json::object GenerateZimDef(const ZimForMenu& zim, std::string_view name, std::string_view date) {
  return {{"name", name},
          {"lang", zim.iso2},
          {"intended_use", "zim"},
          {"zim_name", zim.perma_ref},
          {"start_url", ""},
          {"title", zim.title},
          {"logo_url", ZimLogo(zim.perma_ref)},
          {"description", zim.description},
          {"extra_description", ""},
          {"extra_html", ""},
          {"footnote", "Size: ##SIZE##, Articles: ##ARTICLE_COUNT##, Media: ##MEDIA_COUNT##, Date: ##zim_date##"},
          {"edit_status", "generated"},
          {"change_ref", "generated"},
          {"change_date", date},
          {"upload_flag", false},
          {"download_flag", true}};
}

std::string PrintMenuDef(const json::object& fields) { return PrintJsonIndented(fields); }

}  // namespace cmdsrv
