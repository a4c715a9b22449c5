#include "content/version_index.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "content/zim_names.hpp"

namespace cmdsrv {
namespace {

/// `size` of a book is in K. Empty stays empty: a wrong size would be worse than none.
std::string ReadableSize(std::string_view kibibytes) {
  const auto number = ToInteger(kibibytes);
  return number && *number >= 0 ? HumanSize(static_cast<double>(*number) * 1024.0) : std::string();
}

}  // namespace

std::string_view AttributeOf(const LibraryBook& book, std::string_view name) {
  const auto found =
      std::ranges::find(book.attributes, name, [](const auto& one) { return std::string_view(one.first); });
  return found == book.attributes.end() ? std::string_view{} : std::string_view(found->second);
}

json::object BuildVersionIndex(const std::vector<std::string>& stems, const std::vector<LibraryBook>& books,
                               const MenuDefs& defs, const Languages& languages) {
  std::map<std::string, const LibraryBook*> by_stem;
  for (const LibraryBook& book : books) by_stem[ZimStem(book.path)] = &book;
  std::map<std::string, std::string> newest;  // perma_ref → stem
  for (const std::string& stem : stems) {
    if (!by_stem.contains(stem)) continue;
    std::string& known = newest[PermaRef(stem)];
    known = std::max(known, stem);
  }
  const auto items = defs.ByZim();
  json::object index;
  for (const auto& [perma_ref, stem] : newest) {
    const LibraryBook& book = *by_stem[stem];
    const auto item = items.find(perma_ref);
    const std::string_view language = AttributeOf(book, "language");
    index[perma_ref] =
        json::object{{"file_name", stem},
                     {"menu_item", item == items.end() ? json::value(nullptr) : json::value(item->second->name)},
                     {"article_count", AttributeOf(book, "articleCount")},
                     {"media_count", AttributeOf(book, "mediaCount")},
                     {"size", ReadableSize(AttributeOf(book, "size"))},
                     {"tags", AttributeOf(book, "tags")},
                     {"language", languages.ToIso2(language.empty() ? "eng" : language)},
                     {"zim_date", AttributeOf(book, "date")}};
  }
  return index;
}

}  // namespace cmdsrv
