#pragma once

#include <string_view>

#include "base/json.hpp"
#include "content/module_catalog.hpp"

namespace cmdsrv {

/// The menu item definition of a module (spec tools 7.3), ordered. `logo`: a file name in menu-files/images,
/// content.jpg when empty. `date`: ToDate of today.
json::object GenerateModuleDef(const CatalogModule& module, std::string_view logo, std::string_view date);

}  // namespace cmdsrv
