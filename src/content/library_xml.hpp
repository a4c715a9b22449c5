#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "platform/files.hpp"

namespace cmdsrv {

/// A book of library.xml: its id and all other attributes but favicon, in file order.
struct LibraryBook {
  std::string id;
  std::string path;  ///< "content/x.zim"
  std::vector<std::pair<std::string, std::string>> attributes;
};

/// spec config 7.4. Entities and DTDs are not expanded; books without id are skipped, attributes of more than 64 KiB
/// left out. Corrupt when it is no XML, and when it is larger than any library: more than 50,000 elements, 1,000,000
/// attributes, 32 MiB of text, or 1 MiB in one attribute. So neither the memory nor the time that it takes depends on
/// who wrote the file.
Result<std::vector<LibraryBook>> ParseLibrary(std::string_view text);

/// The object INSTALLED of GET-ZIM-STAT as JSON text: of each id the other attributes.
std::string DescribeBooks(const std::vector<LibraryBook>& books);

/// What is installed, ready for GET-ZIM-STAT.
struct Library {
  std::vector<std::string> ids;  ///< sorted
  std::string installed_json;    ///< the object INSTALLED of GET-ZIM-STAT as JSON text
  bool Has(std::string_view id) const;
};

/// library.xml as an immutable snapshot that is read again when the file has changed. Any thread.
class LibraryCache {
 public:
  explicit LibraryCache(std::string path) : path_(std::move(path)) {}
  /// A missing file is an empty library; so is a broken one, with one log line.
  std::shared_ptr<const Library> Get();

 private:
  const std::string path_;
  std::mutex mutex_;
  std::optional<FileFacts> facts_;
  std::shared_ptr<const Library> current_;
};

}  // namespace cmdsrv
