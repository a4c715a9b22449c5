#pragma once

#include <fmt/format.h>

#include <string_view>

namespace cmdsrv {

/// One line of a step's output, at once. Control characters are escaped: names and server texts are hostile.
void SayLine(std::string_view line);

template <class... Args>
void Say(fmt::format_string<Args...> format, Args&&... args) {
  SayLine(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cmdsrv
