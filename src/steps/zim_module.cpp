#include "steps/zim_module.hpp"

#include <kiwix/library.h>
#include <kiwix/manager.h>
#include <string.h>
#include <zim/archive.h>
#include <zim/item.h>

#include <exception>
#include <memory>
#include <string>
#include <type_traits>

namespace {

void Put(char* field, size_t size, const char* text) {
  if (size == 0) return;
  const size_t length = strlen(text);
  const size_t count = length < size ? length : size - 1;
  memcpy(field, text, count);
  field[count] = '\0';
}

/// "" or why the archive cannot be used. The constructor reads the directory, so a cut file fails here.
std::string WhyNot(const std::string& path, bool whole) {
  try {
    const zim::Archive archive(path);
    if (whole && !archive.check()) return "its checksum is wrong";
    return {};
  } catch (const std::exception& error) {
    return *error.what() != '\0' ? error.what() : "libzim cannot open it";
  }
}

constexpr size_t kLongestText = 64U << 10;
constexpr unsigned kFaviconPixels = 48;
constexpr zim::size_type kLargestFavicon = 512U << 10;

/// What becomes an attribute of the library: one file must not make it so large that nobody reads it any more.
std::string WhyNotList(const std::string& path) {
  const zim::Archive archive(path);
  for (const std::string& key : archive.getMetadataKeys()) {
    const bool is_listed = key == "Title" || key == "Description" || key == "Language" || key == "Creator" ||
                           key == "Publisher" || key == "Name" || key == "Flavour" || key == "Tags" || key == "Date";
    if (is_listed && archive.getMetadata(key).size() > kLongestText) return "its " + key + " is longer than 64 KiB";
  }
  if (archive.hasIllustration(kFaviconPixels) &&
      archive.getIllustrationItem(kFaviconPixels).getSize() > kLargestFavicon)
    return "its icon is larger than 512 KiB";
  return {};
}

void Add(kiwix::Manager& manager, const CmdsrvLibraryChange& change, const std::string& path) {
  std::string why = WhyNot(path, false);
  try {
    if (why.empty()) why = WhyNotList(path);
    if (why.empty() && manager.addBookFromPathAndGetId(path, path, "", false).empty()) why = "libkiwix cannot read it";
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (!why.empty() && change.refused != nullptr) change.refused(change.user, path.c_str(), why.c_str());
}

/// From libkiwix 12 on a library is made shared and a Manager takes its share; before, it takes a pointer.
template <class Library>
auto MakeLibrary() {
  if constexpr (requires { Library::create(); }) {
    return Library::create();
  } else {
    return std::make_unique<Library>();
  }
}

template <class Manager, class Owner>
Manager MakeManager(const Owner& library) {
  if constexpr (std::is_constructible_v<Manager, Owner>) {
    return Manager(library);
  } else {
    return Manager(library.get());
  }
}

}  // namespace

int cmdsrv_zim_check(const char* path, int whole, char* why, size_t why_size) {
  try {
    const std::string reason = WhyNot(path, whole != 0);
    Put(why, why_size, reason.c_str());
    return reason.empty() ? 1 : 0;
  } catch (const std::exception& error) {
    Put(why, why_size, error.what());
    return 0;
  }
}

int cmdsrv_library_write(const CmdsrvLibraryChange* change, char* why, size_t why_size) {
  try {
    const auto library = MakeLibrary<kiwix::Library>();
    auto manager = MakeManager<kiwix::Manager>(library);
    if (change->library != nullptr && !manager.readFile(change->library, false, true)) {
      Put(why, why_size, "libkiwix cannot read the library");
      return 0;
    }
    for (const char* const* id = change->removed; *id != nullptr; ++id) library->removeBookById(*id);
    for (const char* const* path = change->added; *path != nullptr; ++path) Add(manager, *change, *path);
    if (!library->writeToFile(change->written)) {
      Put(why, why_size, "libkiwix cannot write the library");
      return 0;
    }
    return 1;
  } catch (const std::exception& error) {
    Put(why, why_size, error.what());
    return 0;
  }
}
