#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

/// Menu item definitions, spec config 7.7: one JSON file per item.
namespace cmdsrv {

struct MenuDef {
  std::string name;  ///< file name without ".json"
  json::object fields;

  /// perma_ref of the ZIM that it stands for; empty when it is for something else.
  std::string_view Zim() const;
};

struct MenuDefs {
  std::vector<MenuDef> defs;         ///< sorted by name; those that could be read
  std::set<std::string> names;       ///< of all definition files, readable or not
  std::vector<std::string> skipped;  ///< sentences about files that could not be read

  /// Null when there is none or it cannot be read.
  const MenuDef* Find(std::string_view name) const;

  /// Those that stand for a ZIM, by its perma_ref, of one ZIM sorted by name; as long as the definitions live.
  std::multimap<std::string_view, const MenuDef*> ByZim() const;
};

/// All definitions of a directory; one that cannot be parsed never spoils the others. NotFound when the directory is
/// missing.
Result<MenuDefs> ReadMenuDefs(const std::string& directory);

/// Corrupt when the text is no JSON object. Pure.
Result<json::object> ParseMenuDef(std::string_view text);

enum class UnknownFields { Keep, Drop };

/// The fields in the order in which they are written; unknown ones come after the known ones, the two flags last.
json::object OrderMenuDef(const json::object& fields, UnknownFields unknown = UnknownFields::Keep);

/// What is known about a ZIM that needs a definition.
struct ZimForMenu {
  std::string perma_ref;
  std::string iso2;
  std::string title;
  std::string description;
};

/// "en-wikipedia_en_demo_maxi": iso2, '-', perma_ref with '.' replaced by '_'.
std::string ZimDefName(const ZimForMenu& zim);

/// The image for a ZIM by the beginning of its perma_ref, else content.jpg.
std::string_view ZimLogo(std::string_view perma_ref);

/// A new definition (spec tools 9.6), ordered. `date`: ToDate of today.
json::object GenerateZimDef(const ZimForMenu& zim, std::string_view name, std::string_view date);

/// The text that is written to the file.
std::string PrintMenuDef(const json::object& fields);

}  // namespace cmdsrv
