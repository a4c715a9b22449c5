#include "steps/kiwix_library.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "content/menu_defs.hpp"
#include "content/version_index.hpp"
#include "content/zim_names.hpp"
#include "platform/files.hpp"
#include "steps/menu_files.hpp"
#include "steps/say.hpp"
#include "steps/zim.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kContent = "content/";

bool IsZimFile(std::string_view file) {
  return !file.starts_with('.') && (file.ends_with(".zim") || file.ends_with(".zimaa")) && file != ".zim";
}

}  // namespace

Result<Content> ListContent(const std::string& zim_dir) {
  const std::string directory = zim_dir + std::string(kContent);
  Content content;
  const auto files = ListDirectory(directory);
  if (!files && files.error().code == ErrorCode::NotFound) return content;
  if (!files) return Failure(files.error());
  for (const std::string& file : *files) {
    if (!IsZimFile(file)) continue;
    const bool split = file.ends_with("aa");
    const std::string whole = split ? file.substr(0, file.size() - 2) : file;
    if (split && std::ranges::binary_search(*files, whole)) continue;
    const auto header = zim_tools::ReadZimHeader(directory + file);
    if (!header) {
      content.unusable.push_back(header.error().message);
    } else if (!split && header->bytes != header->wanted) {
      content.unusable.push_back(
          fmt::format("{} is cut off: it has {} of {} bytes", directory + file, header->bytes, header->wanted));
    } else {
      content.zims.push_back({ZimStem(file), whole, header->uuid});
    }
  }
  return content;
}

LibraryPlan PlanLibrary(const std::vector<LibraryBook>& books, const std::vector<ContentZim>& zims,
                        bool (*exists)(const std::string& path), const std::string& zim_dir) {
  std::map<std::string, std::string> uuid_of;  // path in the library → id
  for (const ContentZim& zim : zims) uuid_of[std::string(kContent) + zim.file] = zim.uuid;
  LibraryPlan plan;
  std::set<std::string> listed;
  for (const LibraryBook& book : books) {
    const auto file = uuid_of.find(book.path);
    const bool in_content = book.path.starts_with(kContent);
    const bool stays = in_content ? file != uuid_of.end() && file->second == book.id
                                  : !book.path.empty() && exists(book.path[0] == '/' ? book.path : zim_dir + book.path);
    if (stays) {
      listed.insert(book.id);
    } else {
      plan.removed_ids.push_back(book.id);
    }
  }
  for (const ContentZim& zim : zims) {
    if (listed.insert(zim.uuid).second) plan.added.push_back(zim);
  }
  return plan;
}

Result<std::vector<LibraryBook>> ReadLibraryFile(const std::string& zim_dir) {
  const auto text = ReadFile(zim_dir + "library.xml");
  if (!text && text.error().code == ErrorCode::NotFound) return std::vector<LibraryBook>{};
  if (!text) return Failure(text.error());
  return ParseLibrary(*text);
}

Result<json::object> WriteVersionIndex(const Settings& settings) {
  const auto books = ReadLibraryFile(settings.zim_dir);
  if (!books) return Failure(books.error());
  const auto content = ListContent(settings.zim_dir);
  if (!content) return Failure(content.error());
  std::vector<std::string> stems;
  for (const ContentZim& zim : content->zims) stems.push_back(zim.stem);
  const auto defs = ReadMenuDefs(settings.menu_defs_dir);
  const json::object index =
      BuildVersionIndex(stems, *books, defs.value_or(MenuDefs{}), ReadLanguages(settings.assets_dir));
  const std::string path = settings.assets_dir + "zim_version_idx.json";
  const std::string text = PrintJsonIndented(index);
  if (const auto old = ReadFile(path); old && *old == text) return index;
  return MakeDirectories(settings.assets_dir).and_then([&] { return WriteFileAtomically(path, text); }).map([&] {
    return index;
  });
}

}  // namespace cmdsrv
