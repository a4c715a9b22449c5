#include "content/opds.hpp"

#include <cmath>
#include <pugixml.hpp>
#include <unordered_map>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/zim_names.hpp"

namespace cmdsrv {
namespace {

constexpr unsigned kParseFlags =
    pugi::parse_escapes | pugi::parse_wconv_attribute | pugi::parse_eol | pugi::parse_cdata;
constexpr std::string_view kMetalinkEnding = ".meta4";

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  for (auto found = text.find(from); found != std::string_view::npos; found = text.find(from, at)) {
    out.append(text.substr(at, found - at)).append(to);
    at = found + from.size();
  }
  return out.append(text.substr(at));
}

std::string Quoted(std::string_view description) { return ReplaceAll(Trim(description), "\"", "&quot;"); }

/// All text inside the element. Recursion is bounded: feeds nest two levels, deeper text is nobody's name.
void AppendText(std::string& out, const pugi::xml_node& node, int depth) {
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) out += child.value();
    if (child.type() == pugi::node_element && depth > 0) AppendText(out, child, depth - 1);
  }
}

std::string TextOf(const pugi::xml_node& entry, const char* element) {
  std::string text;
  AppendText(text, entry.child(element), 3);
  return ToUtf8(Trim(text));
}

std::string AsConsoleLanguage(std::string language) {
  return language.find(',') == std::string::npos ? std::move(language) : std::string("mul");
}

/// "_category:x" of the tags, else the fifth part of the URL; title case as the console shows it.
std::string Category(std::string_view tags, std::string_view url) {
  std::string category;
  for (const std::string_view tag : Split(tags, ';')) {
    if (tag.starts_with("_category:")) category = tag.substr(10);
  }
  if (category.empty()) {
    const auto parts = Split(url, '/');
    if (parts.size() > 4) category = ReplaceAll(parts[4], "_", " ");
  }
  bool after_letter = false;
  for (char& c : category) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool lower = c >= 'a' && c <= 'z';
    if (after_letter && upper) c = static_cast<char>(c - 'A' + 'a');
    if (!after_letter && lower) c = static_cast<char>(c - 'a' + 'A');
    after_letter = upper || lower || (static_cast<unsigned char>(c) & 0x80U) != 0;
  }
  return category;
}

bool HasTag(std::string_view tags, std::string_view wanted) {
  for (const std::string_view tag : Split(tags, ';')) {
    if (Trim(tag) == wanted) return true;
  }
  return false;
}

struct Parts {
  bool embedded_index = false;
  bool details = false;
  bool pictures = false;
  bool videos = false;
  bool socket_workers = false;
};

/// Lower is richer.
int Sequence(const Parts& parts) {
  return 8 - ((parts.videos ? 4 : 0) + (parts.pictures ? 2 : 0) + (parts.details ? 1 : 0));
}

void AddFlags(json::object& fields, const Parts& parts) {
  fields["sequence"] = Sequence(parts);
  fields["has_embedded_index"] = parts.embedded_index;
  fields["has_details"] = parts.details;
  fields["has_pictures"] = parts.pictures;
  fields["has_videos"] = parts.videos;
  fields["uses_socket_workers"] = parts.socket_workers;
}

/// Bytes → K as Python's round: half to even.
std::string SizeInK(std::string_view bytes) {
  const auto number = ToInteger(Trim(bytes));
  if (!number || *number < 0) return {};
  return fmt::format("{}", std::llrint(static_cast<double>(*number) / 1024.0));
}

/// Adds download_url, file_ref and perma_ref. False when a root program could not safely use them.
bool AddNames(json::object& fields, std::string_view url) {
  const std::string file_ref = ZimStem(url);
  if (!IsFetchUrl(url) || !IsSafeName(file_ref)) return false;
  if (!url.starts_with("http://") && !url.starts_with("https://")) return false;
  fields["download_url"] = url.ends_with(kMetalinkEnding) ? url.substr(0, url.size() - kMetalinkEnding.size()) : url;
  fields["file_ref"] = file_ref;
  fields["perma_ref"] = PermaRef(url);
  return true;
}

std::string UuidOf(const pugi::xml_node& entry) {
  const std::string urn = TextOf(entry, "id");
  const auto parts = Split(urn, ':');
  return parts.size() == 3 && IsUuid(parts[2]) ? std::string(parts[2]) : std::string();
}

std::optional<CatalogEntry> FromOpdsEntry(const pugi::xml_node& entry) {
  const pugi::xml_node link = entry.find_child_by_attribute("link", "type", "application/x-zim");
  CatalogEntry out{UuidOf(entry), {}};
  if (out.id.empty() || !link) return std::nullopt;
  const std::string url = ToUtf8(link.attribute("href").value());
  const std::string tags = TextOf(entry, "tags");
  const std::string updated = TextOf(entry, "updated");
  const Parts parts{.embedded_index = HasTag(tags, "_ftindex:yes"),
                    .details = HasTag(tags, "_details:yes"),
                    .pictures = HasTag(tags, "_pictures:yes"),
                    .videos = HasTag(tags, "_videos:yes"),
                    .socket_workers = HasTag(tags, "_sw:yes")};
  if (parts.socket_workers) return std::nullopt;
  json::object& fields = out.fields;
  fields["title"] = TextOf(entry, "title");
  fields["description"] = Quoted(TextOf(entry, "summary"));
  fields["language"] = AsConsoleLanguage(TextOf(entry, "language"));
  fields["name"] = TextOf(entry, "name");
  fields["publisher"] = TextOf(entry, "publisher");
  fields["flavour"] = TextOf(entry, "flavour");
  fields["date"] = updated.substr(0, updated.find('T'));
  fields["url"] = url;
  fields["creator"] = TextOf(entry, "author");
  fields["articleCount"] = TextOf(entry, "articleCount");
  fields["mediaCount"] = TextOf(entry, "mediaCount");
  if (!AddNames(fields, url)) return std::nullopt;
  fields["size"] = SizeInK(link.attribute("length").value());
  fields["category"] = Category(tags, url);
  AddFlags(fields, parts);
  fields["source"] = "zims";
  return out;
}

Parts IiabParts(std::string_view tags, std::string_view date) {
  Parts parts{.embedded_index = HasTag(tags, "_ftindex:yes"), .details = true, .pictures = true, .videos = true};
  if (HasTag(tags, "nodet")) parts.details = parts.pictures = parts.videos = false;
  if (HasTag(tags, "nopic")) parts.pictures = parts.videos = false;
  if (HasTag(tags, "novid") || date < "2017-07") parts.videos = false;
  return parts;
}

std::optional<CatalogEntry> FromIiabEntry(std::string_view id, const json::value& value) {
  const json::object* attributes = value.if_object();
  if (attributes == nullptr || !IsSafeName(id)) return std::nullopt;
  CatalogEntry out{std::string(id), {}};
  for (const auto& [key, attribute] : *attributes) {
    if (key == "id" || key == "favicon" || key == "faviconMimeType") continue;
    if (attribute.is_string()) out.fields[key] = attribute;
    if (attribute.is_int64()) out.fields[key] = fmt::format("{}", attribute.get_int64());
  }
  json::object& fields = out.fields;
  fields["description"] = Quoted(TextMember(fields, "description"));
  if (const auto language = TextMember(fields, "language"); language.find(',') != std::string_view::npos)
    fields["language"] = "mul";
  const std::string url(TextMember(fields, "url"));
  if (!AddNames(fields, url)) return std::nullopt;
  AddFlags(fields, IiabParts(TextMember(fields, "tags"), TextMember(fields, "date")));
  const std::string category(TextMember(fields, "creator"));
  fields["category"] = category;
  fields["source"] = "IIAB";
  return out;
}

}  // namespace

Result<CatalogEntries> ParseOpdsFeed(std::string_view text) {
  std::string copy(text);  // pugixml works in place
  pugi::xml_document document;
  const auto outcome = document.load_buffer_inplace(copy.data(), copy.size(), kParseFlags, pugi::encoding_utf8);
  if (!outcome)
    return Fail(ErrorCode::Corrupt, "the OPDS feed is no valid XML: {} at byte {}", outcome.description(),
                outcome.offset);
  const pugi::xml_node feed = document.child("feed");
  if (!feed) return Fail(ErrorCode::Corrupt, "the OPDS answer has no element \"feed\"");
  CatalogEntries all;
  for (const pugi::xml_node& node : feed.children("entry")) {
    if (auto entry = FromOpdsEntry(node)) {
      all.entries.push_back(*std::move(entry));
    } else {
      ++all.left_out;
    }
  }
  return all;
}

Result<CatalogEntries> ParseIiabZimCatalog(std::string_view text) {
  const auto document = ParseJson(text);
  if (!document) return Fail(ErrorCode::Corrupt, "the IIAB ZIM catalog is not valid: {}", document.error().message);
  const json::object* top = document->if_object();
  if (top == nullptr) return Fail(ErrorCode::Corrupt, "the IIAB ZIM catalog is no JSON object");
  CatalogEntries all;
  for (const auto& [id, value] : *top) {
    if (auto entry = FromIiabEntry(id, value)) {
      all.entries.push_back(*std::move(entry));
    } else {
      ++all.left_out;
    }
  }
  return all;
}

Result<CatalogEntries> KeepIiabEntries(std::string_view catalog_text) {
  const auto document = ParseJson(catalog_text);
  if (!document) return Failure(document.error());
  const json::object* top = document->if_object();
  const json::value* zims = top != nullptr ? top->if_contains("zims") : nullptr;
  if (zims == nullptr || !zims->is_object()) return Fail(ErrorCode::Corrupt, "the catalog has no object \"zims\"");
  CatalogEntries kept;
  for (const auto& [id, value] : zims->get_object()) {
    const json::object* fields = value.if_object();
    if (fields != nullptr && TextMember(*fields, "source") == "IIAB")
      kept.entries.push_back({std::string(id), *fields});
  }
  return kept;
}

std::string PrintKiwixCatalog(std::string_view download_date, const std::vector<const CatalogEntries*>& parts,
                              std::size_t* count) {
  std::unordered_map<std::string_view, const CatalogEntry*> winners;
  for (const CatalogEntries* part : parts) {
    for (const CatalogEntry& entry : part->entries) winners[entry.id] = &entry;
  }
  std::string out = R"({"download_date": )";
  AppendJsonString(out, download_date);
  out += R"(, "zims": {)";
  bool first = true;
  for (const CatalogEntries* part : parts) {
    for (const CatalogEntry& entry : part->entries) {
      if (winners[entry.id] != &entry) continue;
      if (!first) out += ",\n";
      first = false;
      AppendJsonString(out, entry.id);
      out.append(": ").append(PrintJson(entry.fields));
    }
  }
  if (count != nullptr) *count = winners.size();
  return out += "}}\n";
}

}  // namespace cmdsrv
