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

/// The files of each ZIM by its name "x.zim". A whole file counts, not its parts beside it: so does libzim.
std::map<std::string, std::vector<std::string>> GroupZims(const std::vector<std::string>& files) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const std::string& file : files) {
    if (std::string whole = WholeZimName(file); !whole.empty()) groups[std::move(whole)].push_back(file);
  }
  for (auto& [whole, parts] : groups) {
    if (std::ranges::binary_search(parts, whole)) parts = {whole};
  }
  return groups;
}

/// "aa" for 0, "ab" for 1 …
std::string PartEnding(std::size_t number) {
  return {static_cast<char>('a' + number / 26), static_cast<char>('a' + number % 26)};
}

Result<ContentZim> LookAtFiles(const std::string& directory, const std::string& whole, std::vector<std::string> parts) {
  // Neither library.xml nor a JSON document can hold it.
  if (!IsUtf8(whole))
    return Fail(ErrorCode::Corrupt, "{}{}: its name is no valid UTF-8, give it another one", directory, ToUtf8(whole));
  const bool split = parts.front() != whole;
  for (std::size_t i = 0; split && i < parts.size(); ++i) {
    if (parts[i] != whole + PartEnding(i))
      return Fail(ErrorCode::Corrupt, "{}{}{} is missing, a part of {}", directory, whole, PartEnding(i), whole);
  }
  const auto header = zim_tools::ReadZimHeader(directory + parts.front());
  if (!header) return Failure(header.error());
  std::uint64_t bytes = header->bytes;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto facts = Look(directory + parts[i]);
    bytes += facts ? facts->bytes : 0;
  }
  if (bytes != header->wanted)
    return Fail(ErrorCode::Corrupt, "{}{} is cut off: it has {} of {} bytes", directory, whole, bytes, header->wanted);
  return ContentZim{ZimStem(whole), whole, header->uuid, std::move(parts)};
}

}  // namespace

std::string FirstFileOf(const std::string& directory, const std::string& file) {
  return Look(directory + file) ? file : file + PartEnding(0);
}

Result<Content> ListContent(const std::string& zim_dir) {
  const std::string directory = zim_dir + std::string(kContent);
  Content content;
  const auto files = ListDirectory(directory);
  if (!files && files.error().code == ErrorCode::NotFound) return content;
  if (!files) return Failure(files.error());
  for (auto& [whole, parts] : GroupZims(*files)) {
    auto zim = LookAtFiles(directory, whole, std::move(parts));
    if (zim) {
      content.zims.push_back(*std::move(zim));
    } else {
      content.unusable.push_back(std::move(zim.error().message));
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
  const std::string path = zim_dir + "library.xml";
  const auto facts = Look(path);
  if (facts && facts->is_regular && facts->bytes > kReadLimit)
    return Fail(ErrorCode::Corrupt, "{} is larger than {} bytes", path, kReadLimit);
  const auto text = ReadFile(path);
  if (!text && text.error().code == ErrorCode::NotFound) return std::vector<LibraryBook>{};
  if (!text) return Failure(text.error());
  return ParseLibrary(*text);
}

Result<json::object> WriteVersionIndex(const Settings& settings) {
  const auto books = ReadLibraryFile(settings.zim_dir);
  if (!books) return Failure(books.error());
  const auto defs = ReadMenuDefs(settings.menu_defs_dir);
  return WriteVersionIndex(settings, *books, defs.value_or(MenuDefs{}));
}

Result<json::object> WriteVersionIndex(const Settings& settings, const std::vector<LibraryBook>& books,
                                       const MenuDefs& defs) {
  const auto content = ListContent(settings.zim_dir);
  if (!content) return Failure(content.error());
  std::vector<std::string> stems;
  for (const ContentZim& zim : content->zims) stems.push_back(zim.stem);
  json::object index = BuildVersionIndex(stems, books, defs, ReadLanguages(settings.assets_dir));
  const std::string path = settings.assets_dir + "zim_version_idx.json";
  const std::string text = PrintJsonIndented(index);
  if (const auto old = ReadFile(path); old && *old == text) return index;
  return MakeDirectories(settings.assets_dir).and_then([&] { return WriteFileAtomically(path, text); }).map([&] {
    return index;
  });
}

}  // namespace cmdsrv
