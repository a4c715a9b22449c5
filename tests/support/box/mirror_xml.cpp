#include <filesystem>
#include <pugixml.hpp>
#include <sstream>

#include "support/box/mirror.hpp"
#include "support/files.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20U;

void Add(pugi::xml_node parent, const char* name, const std::string& text) {
  parent.append_child(name).text().set(text.c_str());
}

void AddLink(pugi::xml_node parent, const char* rel, const char* type, const std::string& href) {
  auto link = parent.append_child("link");
  if (*rel != '\0') link.append_attribute("rel") = rel;
  link.append_attribute("href") = href.c_str();
  link.append_attribute("type") = type;
}

std::string Print(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "  ");
  return std::move(out).str();
}

pugi::xml_node Root(pugi::xml_document& document, const char* name) {
  auto declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  return document.append_child(name);
}

void AddEntry(pugi::xml_node feed, const ZimFacts& zim, const std::string& base) {
  auto entry = feed.append_child("entry");
  Add(entry, "id", "urn:uuid:" + zim.uuid);
  Add(entry, "title", zim.title);
  Add(entry, "updated", zim.date + "T00:00:00Z");
  Add(entry, "summary", zim.description);
  Add(entry, "language", zim.language);
  Add(entry, "name", zim.name);
  Add(entry, "flavour", zim.flavour);
  Add(entry, "category", "other");
  Add(entry, "tags", zim.tags);
  Add(entry, "articleCount", fmt::format("{}", zim.articles));
  Add(entry, "mediaCount", fmt::format("{}", zim.media));
  AddLink(entry, "http://opds-spec.org/image/thumbnail", "image/png;width=48;height=48;scale=1",
          "/catalog/v2/illustration/" + zim.uuid + "/?size=48");
  AddLink(entry, "", "text/html", "/content/" + zim.file_ref);
  Add(entry.append_child("author"), "name", zim.creator);
  Add(entry.append_child("publisher"), "name", zim.publisher);
  Add(entry, "dc:issued", zim.date + "T00:00:00Z");
  const std::string category = std::filesystem::path(zim.path).parent_path().filename();
  AddLink(entry, "http://opds-spec.org/acquisition/open-access", "application/x-zim",
          fmt::format("{}/zim/{}/{}.zim.meta4", base, category, zim.file_ref));
  entry.last_child().append_attribute("length") = fmt::format("{}", zim.bytes).c_str();
}

}  // namespace

std::string OpdsFeed(const std::vector<ZimFacts>& zims, const std::string& base) {
  pugi::xml_document document;
  auto feed = Root(document, "feed");
  feed.append_attribute("xmlns") = "http://www.w3.org/2005/Atom";
  feed.append_attribute("xmlns:dc") = "http://purl.org/dc/terms/";
  feed.append_attribute("xmlns:opds") = "https://specs.opds.io/opds-1.2";
  feed.append_attribute("xmlns:opensearch") = "http://a9.com/-/spec/opensearch/1.1/";
  Add(feed, "id", "urn:uuid:" + UuidFor("feed"));
  AddLink(feed, "self", "application/atom+xml;profile=opds-catalog;kind=acquisition", "/catalog/v2/entries?count=-1");
  Add(feed, "title", "All Entries");
  Add(feed, "updated", "2026-05-01T12:34:56Z");
  const std::string count = fmt::format("{}", zims.size());
  Add(feed, "totalResults", count);
  Add(feed, "startIndex", "0");
  Add(feed, "itemsPerPage", count);
  for (const ZimFacts& zim : zims) AddEntry(feed, zim, base);
  return Print(document);
}

Result<std::string> Metalink(const std::string& path, const std::string& url_path, unsigned port,
                             const MetalinkOptions& options) {
  const auto content = ReadText(path);
  if (!content) return Failure(content.error());
  const std::string salt = options.wrong_hash ? "something else" : "";
  pugi::xml_document document;
  auto metalink = Root(document, "metalink");
  metalink.append_attribute("xmlns") = "urn:ietf:params:xml:ns:metalink";
  Add(metalink, "generator", "iiab-box");
  auto file = metalink.append_child("file");
  file.append_attribute("name") = std::filesystem::path(url_path).filename().c_str();
  Add(file, "size", fmt::format("{}", content->size()));
  auto hash = file.append_child("hash");
  hash.append_attribute("type") = "sha-256";
  hash.text().set(Sha256(*content + salt).c_str());
  auto pieces = file.append_child("pieces");
  pieces.append_attribute("length") = fmt::format("{}", kPieceBytes).c_str();
  pieces.append_attribute("type") = "sha-256";
  for (std::size_t at = 0; at < content->size(); at += kPieceBytes) {
    Add(pieces, "hash", Sha256(content->substr(at, kPieceBytes) + salt));
  }
  for (const int mirror : {1, 2}) {
    auto url = file.append_child("url");
    url.append_attribute("location") = mirror == 1 ? "aa" : "bb";
    url.append_attribute("priority") = mirror;
    url.text().set(fmt::format("http://127.0.0.{}:{}{}", mirror, port, url_path).c_str());
  }
  return Print(document);
}

}  // namespace cmdsrv::test
