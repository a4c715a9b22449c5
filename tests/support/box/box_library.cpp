#include <kiwix/library.h>
#include <kiwix/manager.h>

#include "base/text.hpp"
#include "support/box/box.hpp"
#include "support/box/mirror.hpp"
#include "support/files.hpp"

namespace cmdsrv::test::box {
namespace {

/// library.xml by libkiwix itself, so that it looks like what the host project's tools write.
Result<void> WriteLibraryXml(const std::string& path, const std::vector<std::string>& files,
                             const std::string& directory) {
  if (Exists(path)) return {};
  kiwix::Library library;
  kiwix::Manager manager(&library);
  for (const std::string& file : files) {
    if (manager.addBookFromPathAndGetId(directory + file, directory + file, "", false).empty()) {
      return Fail(ErrorCode::Corrupt, "cannot add the ZIM {} to {}", file, path);
    }
  }
  if (!library.writeToFile(path)) return Fail(ErrorCode::Io, "cannot write {}", path);
  return {};
}

json::object IndexEntry(const ZimFacts& zim) {
  const std::string perma_ref = PermaRef(zim.file_ref);
  return {
      {"file_name", zim.file_ref},
      {"menu_item", "en-" + perma_ref},
      {"article_count", fmt::format("{}", zim.articles)},
      {"media_count", fmt::format("{}", zim.media)},
      {"size", HumanSize(static_cast<double>(zim.bytes))},
      {"tags", zim.tags},
      {"language", "en"},
      {"zim_date", zim.date},
  };
}

}  // namespace

Result<void> WriteLibrary(const std::string& root) {
  const std::string directory = root + "/library/zims/content/";
  std::vector<std::string> files;
  json::object index;
  for (const std::string& name : NamesIn(directory)) {
    if (!name.ends_with(".zim") || name.starts_with('.')) continue;
    const auto facts = ReadZimFacts(directory + name);
    if (!facts) continue;  // a test may have put a broken one there on purpose
    files.push_back(name);
    index[PermaRef(facts->file_ref)] = IndexEntry(*facts);
  }
  const std::string index_path = root + "/library/www/html/common/assets/zim_version_idx.json";
  return WriteLibraryXml(root + "/library/zims/library.xml", files, directory).and_then([&] {
    return WriteTextIfMissing(index_path, PrintJsonIndented(index));
  });
}

}  // namespace cmdsrv::test::box
