#pragma once

#include <string>
#include <string_view>

namespace cmdsrv {

/// "https://h/wikipedia_en_all_maxi_2024-01.zim.meta4" → "wikipedia_en_all_maxi_2024-01": last path component, cut at
/// the first ".zim".
std::string ZimStem(std::string_view path_or_url);

/// spec tools 1.2: the stem without its "_20YY-MM" (month 01–12): "wikipedia_en_all_maxi".
std::string PermaRef(std::string_view path_or_url);

}  // namespace cmdsrv
