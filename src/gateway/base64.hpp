#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cmdsrv::gateway {

/// Standard alphabet with padding.
std::string ToBase64(std::string_view bytes);

/// Strict: standard alphabet, full padding, no white space, no bits that an encoder would not have set. Takes the same
/// time for all texts of one length. At most `most_bytes` bytes come out.
std::optional<std::string> FromBase64(std::string_view text, std::size_t most_bytes);

/// For tokens: the alphabet of URLs, without padding.
std::string ToUrlBase64(std::string_view bytes);

}  // namespace cmdsrv::gateway
