#include "content/library_xml.hpp"

#include <algorithm>
#include <pugixml.hpp>
#include <string>
#include <unordered_set>

#include "base/log.hpp"
#include "base/text.hpp"

namespace cmdsrv {
namespace {

constexpr log::Domain kContent{"content"};

/// Attributes and the five entities of XML. A DOCTYPE is skipped, so nothing in it can expand.
constexpr unsigned kParseFlags = pugi::parse_escapes | pugi::parse_wconv_attribute;

/// Kiwix offers 4,000 ZIMs with 17 attributes each. What is far beyond is no library: it would take the memory of a
/// small computer, and more than a reader can take in of a reply.
constexpr std::size_t kMostElements = 50'000;
constexpr std::size_t kMostAttributes = 1'000'000;    ///< of all
constexpr std::size_t kMostAttributesOfBook = 64;     ///< the rest is not looked at
constexpr std::size_t kLongestAttribute = 64U << 10;  ///< bytes; a longer one is left out
constexpr std::size_t kAbsurdAttribute = 1U << 20;    ///< libkiwix takes seconds for some of these
constexpr std::size_t kMostText = 32U << 20;          ///< of all but favicons, as it is printed

/// Before the parser makes an object of each: an element begins with '<', an attribute has a '='.
Result<void> CheckSize(std::string_view text) {
  const auto count = [&](char sign) { return static_cast<std::size_t>(std::ranges::count(text, sign)); };
  if (count('<') > 2 * kMostElements)  // beginning and end
    return Fail(ErrorCode::Corrupt, "the library has more than {} elements", kMostElements);
  if (count('=') > kMostAttributes)
    return Fail(ErrorCode::Corrupt, "the library has more than {} attributes", kMostAttributes);
  return {};
}

/// Bytes as JSON text; what has to be escaped takes up to six.
std::size_t PrintedSize(std::string_view text) {
  const auto controls = std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return text.size() + 5 * static_cast<std::size_t>(controls) + 3;
}

/// Adds to `printed` what the book says.
Result<void> CheckTexts(const pugi::xml_node& node, std::size_t& printed) {
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    const std::string_view value = attribute.value();
    if (name.size() > kAbsurdAttribute || value.size() > kAbsurdAttribute)
      return Fail(ErrorCode::Corrupt, "the library has an attribute of more than {} bytes", kAbsurdAttribute);
    if (name != "favicon") printed += PrintedSize(name) + PrintedSize(value);
  }
  if (printed > kMostText) return Fail(ErrorCode::Corrupt, "the library has more than {} bytes of text", kMostText);
  return {};
}

LibraryBook ToBook(const pugi::xml_node& node) {
  LibraryBook book;
  std::size_t count = 0;
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    if (++count > kMostAttributesOfBook) break;
    const std::string_view name = attribute.name();
    const std::string_view value = attribute.value();
    if (name.size() > kLongestAttribute || value.size() > kLongestAttribute) continue;
    if (name == "id") {
      if (book.id.empty()) book.id = ToUtf8(value);
      continue;
    }
    // A favicon is 5 KB of base64 that nobody asks for.
    if (name == "favicon") continue;
    const auto same = [&](const auto& member) { return member.first == name; };
    if (std::ranges::any_of(book.attributes, same)) continue;
    book.attributes.emplace_back(ToUtf8(name), ToUtf8(value));
    if (name == "path") book.path = book.attributes.back().second;
  }
  return book;
}

void AppendMember(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  AppendJsonString(out, key);
  out += ':';
  AppendJsonString(out, value);
}

std::string_view ConsoleLanguage(std::string_view language) {
  if (language.empty()) return "eng";
  return language.find(',') == std::string_view::npos ? language : "mul";
}

void AppendBook(std::string& out, const LibraryBook& book) {
  if (out.back() != '{') out += ',';
  AppendJsonString(out, book.id);
  out += ":{";
  bool has_language = false;
  for (const auto& [key, value] : book.attributes) {
    const bool is_language = key == "language";
    has_language = has_language || is_language;
    AppendMember(out, key, is_language ? ConsoleLanguage(value) : std::string_view(value));
  }
  if (!has_language) AppendMember(out, "language", ConsoleLanguage({}));
  out += '}';
}

std::shared_ptr<const Library> MakeLibrary(const std::vector<LibraryBook>& books) {
  auto library = std::make_shared<Library>();
  library->ids.reserve(books.size());
  for (const LibraryBook& book : books) library->ids.push_back(book.id);
  library->installed_json = DescribeBooks(books);
  library->installed_json.shrink_to_fit();
  std::ranges::sort(library->ids);
  return library;
}

}  // namespace

Result<std::vector<LibraryBook>> ParseLibrary(std::string_view text) {
  if (auto small = CheckSize(text); !small) return Failure(small.error());
  std::string copy(text);  // pugixml works in place
  pugi::xml_document document;
  const auto outcome = document.load_buffer_inplace(copy.data(), copy.size(), kParseFlags, pugi::encoding_utf8);
  if (!outcome)
    return Fail(ErrorCode::Corrupt, "the library is no valid XML: {} at byte {}", outcome.description(),
                outcome.offset);
  const pugi::xml_node library = document.child("library");
  if (!library) return Fail(ErrorCode::Corrupt, "the library has no element \"library\"");

  std::vector<LibraryBook> books;
  std::unordered_set<std::string> seen;  // ids become the keys of an object, so each may occur once
  std::size_t printed = 0;
  for (const pugi::xml_node& node : library.children("book")) {
    if (auto good = CheckTexts(node, printed); !good) return Failure(good.error());
    LibraryBook book = ToBook(node);
    if (!book.id.empty() && seen.insert(book.id).second) books.push_back(std::move(book));
  }
  return books;
}

std::string DescribeBooks(const std::vector<LibraryBook>& books) {
  std::string text = "{";
  for (const LibraryBook& book : books) AppendBook(text, book);
  return text += '}';
}

bool Library::Has(std::string_view id) const {
  return std::ranges::binary_search(ids, id, {}, [](const std::string& one) { return std::string_view(one); });
}

std::shared_ptr<const Library> LibraryCache::Get() {
  const std::scoped_lock lock(mutex_);
  // Looked at before reading: if the file is replaced in between, the next call sees other facts and reads again.
  auto facts = Look(path_);
  if (current_ && facts_ == facts) return current_;
  facts_ = facts;
  const auto text = ReadFile(path_);
  if (!text) {
    if (text.error().code != ErrorCode::NotFound)
      log::Error(kContent, "{}; Reindex Kiwix Content writes a new one", text.error().message);
    return current_ = MakeLibrary({});
  }
  const auto books = ParseLibrary(*text);
  if (!books)
    log::Error(kContent, "cannot read {}: {}; Reindex Kiwix Content writes a new one", path_, books.error().message);
  return current_ = MakeLibrary(books.value_or(std::vector<LibraryBook>{}));
}

}  // namespace cmdsrv
