#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

/// Plain scalars of YAML 1.1, as the loader of Ansible reads them: `yes` is true, `0755` is octal, `1:30` is 90.
namespace cmdsrv {

/// What an unquoted scalar means: null, bool, int64, double or text. Dates stay texts, and so do numbers that fit into
/// no 64 bits.
json::value ReadPlainScalar(std::string_view text);

/// How `value` is written behind "key: ", on one line: booleans as True and False, texts plain where every reader gives
/// the same text back and double-quoted otherwise, null as nothing. Lists and objects, which nobody sets, are written
/// in the flow form of JSON. A double must be finite.
std::string SpellScalar(const json::value& value);

}  // namespace cmdsrv
