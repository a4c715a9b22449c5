#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace cmdsrv {

/// The definition as the console wants it (SAVE-MENU-ITEM-DEF): the given fields over the existing ones (null: none),
/// marked as changed here. Malformed naming the field when one breaks a rule: texts of at most 20000 characters, plain
/// values, logo_url and extra_html without '/', lang a language, both flags. Pure.
Result<json::object> EditMenuDef(const json::object* existing, std::string_view name, std::string_view mode,
                                 const json::object& given, std::string_view date);

}  // namespace cmdsrv
