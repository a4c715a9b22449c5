#pragma once

#include <string>
#include <string_view>

namespace cmdsrv {

/// "https://h/wikipedia_en_all_maxi_2024-01.zim.meta4" → "wikipedia_en_all_maxi_2024-01": last path component, cut at
/// the first ".zim".
std::string ZimStem(std::string_view path_or_url);

/// spec tools 1.2: the stem without its "_20YY-MM" (month 01–12): "wikipedia_en_all_maxi".
std::string PermaRef(std::string_view path_or_url);

/// A ZIM is one file "x.zim" or, cut for small file systems, "x.zimaa", "x.zimab" … "x.zimzz". "x.zim" for each of
/// them; empty when the name is none of these ("x.zim.part", ".zim", hidden names).
std::string WholeZimName(std::string_view file);

}  // namespace cmdsrv
