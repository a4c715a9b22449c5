#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cmdsrv {

/// Standard alphabet with padding.
std::string ToBase64(std::string_view bytes);

/// Line breaks are skipped, as GitHub writes them; anything else that does not belong there gives nothing.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace cmdsrv
