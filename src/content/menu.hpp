#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "content/languages.hpp"

/// The home menu, menu.json of spec config 7.8. Whoever changes it holds the menus' run lock (spec tools 9.1).
namespace cmdsrv {

enum class MenuOrigin {
  File,      ///< as it stands in the file
  Repaired,  ///< surplus text after the document was ignored
  Backup,    ///< the file could not be repaired: menu.json.bak
};

struct Menu {
  json::object document;
  MenuOrigin origin = MenuOrigin::File;
};

/// One complete JSON object; whatever follows it is ignored. Corrupt when the text is truncated or no object. Pure.
Result<Menu> ParseMenu(std::string_view text);

/// The file, else its backup. NotFound when there is no menu, Corrupt when neither file nor backup can be read.
Result<Menu> ReadMenu(const std::string& path);

/// Replaces the file atomically. The old one becomes `<path>.bak` when it was readable, else `<path>.broken-<stamp>`,
/// so that a good backup is never replaced by a broken file. `stamp`: ToFileStamp of now.
Result<void> WriteMenu(const std::string& path, const json::object& document, std::string_view stamp);

/// The texts of `menu_items_1`; empty when it is missing.
std::vector<std::string> MenuItems(const json::object& menu);

void SetMenuItems(json::object& menu, const std::vector<std::string>& items);

/// True when `autoupdate_menu` is true.
bool MayUpdateItself(const json::object& menu);

struct WantedItem {
  std::string name;
  bool any_language = false;  ///< the same item in another language will do
};

/// Rules of spec tools 9.5: items whose definition file does not exist go, wanted ones that have a definition come, an
/// item "credits" that was last stays last. True when something changed. Pure.
bool UpdateMenuItems(std::vector<std::string>& items, const std::vector<WantedItem>& wanted,
                     const std::function<bool(const std::string&)>& has_definition, const Languages& languages);

}  // namespace cmdsrv
