#pragma once

#include <string_view>

namespace cmdsrv {

/// What an image is by its first bytes: ".png", ".jpg" or ".gif"; empty for everything else. Names and headers of
/// strangers say nothing.
std::string_view ImageEnding(std::string_view bytes);

/// The ending of the name is one of those that such an image has: .jpg and .jpeg are the same, letters in any case.
bool EndingFits(std::string_view name, std::string_view image_ending);

}  // namespace cmdsrv
