#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "content/library_xml.hpp"
#include "content/menu_defs.hpp"
#include "content/settings.hpp"

/// What library.xml says and what the content directory holds.
namespace cmdsrv {

/// A ZIM in the content directory; split files (.zimaa, .zimab …) are one ZIM.
struct ContentZim {
  std::string stem;  ///< file name up to ".zim"
  std::string file;  ///< in the content directory: "x.zim", also for split ones; libzim finds the parts itself
  std::string uuid;  ///< from the file's head
  std::vector<std::string> parts = {};  ///< the files themselves, in order: {"x.zim"} or {"x.zimaa", "x.zimab"}
};

struct Content {
  std::vector<ContentZim> zims;       ///< sorted by file
  std::vector<std::string> unusable;  ///< sentences about files that look like ZIMs and are none
};

/// Of <zim_dir>content/. A missing directory is an empty one. Other files (.zim.part, .zim.aria2) are not looked at.
Result<Content> ListContent(const std::string& zim_dir);

/// The first file of a ZIM in a directory that ends in '/': "x.zim" or "x.zimaa", as `file` says or as it lies there.
std::string FirstFileOf(const std::string& directory, const std::string& file);

struct LibraryPlan {
  std::vector<std::string> removed_ids;
  std::vector<ContentZim> added;

  bool IsEmpty() const { return removed_ids.empty() && added.empty(); }
};

/// Only the differences: books whose file is gone or is another ZIM now, ZIMs that no book stands for. Of two files
/// with the same id one is listed. `exists(path)`: of books outside of content/. Pure but for that.
LibraryPlan PlanLibrary(const std::vector<LibraryBook>& books, const std::vector<ContentZim>& zims,
                        bool (*exists)(const std::string& path), const std::string& zim_dir);

/// The books of <zim_dir>library.xml; Corrupt when it is broken, none when it is missing.
Result<std::vector<LibraryBook>> ReadLibraryFile(const std::string& zim_dir);

/// Writes zim_version_idx.json for what library.xml lists, if that changes it. Returns the index.
Result<json::object> WriteVersionIndex(const Settings& settings);
/// For those who have read both already: the books of library.xml and the menu item definitions.
Result<json::object> WriteVersionIndex(const Settings& settings, const std::vector<LibraryBook>& books,
                                       const MenuDefs& defs);

}  // namespace cmdsrv
