#pragma once

#include <string>
#include <string_view>

namespace cmdsrv {

/// The title in an `index.htmlf` of a RACHEL module: what stands between the first <h2> and </h2>, without tags and PHP
/// parts. Empty when there is none. Pure.
std::string RachelTitle(std::string_view page);

}  // namespace cmdsrv
