#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

namespace cmdsrv::model {

/// A promise was broken. No std::exception, so that the Minder, which survives those, cannot swallow it.
struct Violation {
  std::string what;
};

template <class... Args>
void Check(bool good, fmt::format_string<Args...> format, Args&&... args) {
  if (!good) throw Violation{fmt::format(format, std::forward<Args>(args)...)};
}

/// The daemon is killed in the middle of a call.
struct Crash {};

}  // namespace cmdsrv::model
